"""Which shapes of a credential a text has. Whoever may write a setting chooses the text, so that each search takes time
in proportion to its length."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from urllib.parse import unquote_plus

from mzaudit.snapshot.text import issued_credentials
from mzaudit.snapshot.text.key_vault_reference import REFERENCE

# `name=value` of a connection string, a query or a command line, `"name": "value"` of JSON, a header's scheme
_NAMED = re.compile(
    r"""(?:(?P<password>password|passwd|passphrase|(?<![a-z])(?:pwd|pass))
    |(?P<account_key>(?:account|sharedaccess|access|api|auth|sas|subscription|functions)[ _-]?key
        |azure\.account\.key\.[a-z0-9.]{3,90})
    |(?P<client_secret>secret|(?:app|application)[ ]?key)
    |(?P<sas>(?<![a-z_])sig|sharedaccesssignature)
    |(?P<bearer>(?:access|auth|refresh|bearer|sas|(?<![a-z_-]))[_-]?token|authorization))
    (?:["']?\s*=\s*["']?|\\?["']\s*:\s*\\?["']|:\s?(?=(?:basic|bearer)\s))
    (?:(?:basic|bearer)(?:\s|%20)+)?(?P<value>[^;&\s"',)]+)""",
    re.IGNORECASE | re.VERBOSE,
)
# what stands where a value is put in later, only says yes or no, or how Application Insights signs in
# (`Authorization=AAD`); ODBC and JDBC write a value itself in braces
_STAND_IN = re.compile(
    r"\$\{.*|\$\(.*|\$[A-Z_][A-Z0-9_]*|\{\{.*|\{your.*|\{(?:[A-Za-z_.:-]+|\d)\}|#\{.*|__\w+__|<.*"
    r"|%[A-Z_]+%|\*{3,}|\.{3,}|x{3,}|true|false|yes|no|null|none|aad|ikey",
    re.IGNORECASE | re.DOTALL,
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_ENCODED_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{26}")
# DER in base64 without a PEM frame: a PKCS #8 or #1 key (RFC 5958, 8017), a PKCS #12 store (RFC 7292, SEC101/055)
_DER_KEY = re.compile(r"MII[A-Za-z0-9+/]{5}(?:ADANBgkqhkiG9w0B|AAKC)")
_PKCS12 = re.compile(r"MI[I-L][0-9A-Za-z/+]{2}[AQgw]IBAzCC")
_DER_PUBLIC = re.compile(r"MII[A-Za-z0-9+/]{9}AwIB|MI[GI][A-Za-z0-9+/]{2,5}ANBgkqhkiG9w0B")  # certificate, public key
# user/password@ of Oracle's thin driver, user:password@tcp(…) of Go's MySQL driver: no URLs
_DRIVER_LOGIN = re.compile(
    r"jdbc:oracle:\w{1,20}:[^\s/@]{1,128}/[^\s@]{1,128}@|[^\s:/@]{1,128}:[^\s@]{1,128}@(?:tcp|unix)\("
)
# `--password value` of a command line; `password: value` alone on its line, as YAML and headers have it
_KEY_OF = r"(?:account|access|api|auth|sas|functions|subscription)[_-]?key"
_NAME = rf"[\w.-]{{0,60}}(?:password|passwd|passphrase|secret|token|{_KEY_OF}|(?:require|(?<![a-z]))pass)"
_OPTION = re.compile(rf"(?<![\w-])--{_NAME}\s{{1,8}}[\"']?(?P<value>[^\s\"'-][^\s\"']*)", re.IGNORECASE)
_LINE = re.compile(
    rf"^[ \t]{{0,40}}(?:-[ \t])?[\"']?{_NAME}[\"']?:[ \t]{{1,8}}"
    r"[\"']?(?P<value>[^\s\"'|>&*!{\[][^\s\"']*)[\"']?[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_NETRC = re.compile(r"\blogin\s{1,8}\S{1,128}\s{1,8}password\s{1,8}(?P<value>\S+)")  # of curl and git
_PGPASS = re.compile(r"^[^\s:/]{1,128}:(?:\d{1,5}|\*):[^\s:]{1,128}:[^\s:]{1,128}:(?P<value>[^\s:]+)$", re.MULTILINE)
_CURL_LOGIN = re.compile(r"\bcurl\s[^\r\n]{0,200}?\s(?:-u|--user)\s{1,8}[\"']?[^\s:\"']{1,128}:(?P<value>[^\s\"']+)")
_TOOL_LOGIN = re.compile(  # of the clients that take a password by a short option, or behind the user
    r"\b(?:(?:mysql|mysqladmin|mysqldump|mariadb)\s(?:[^\r\n]{0,200}?\s)?-p|redis-cli\s(?:[^\r\n]{0,200}?\s)?-a\s{1,8}"
    r"|sshpass\s{1,8}-p\s{0,8}|sqlplus\s(?:[^\r\n]{0,200}?\s)?[^\s/@]{1,64}/)[\"']?(?P<value>[^\s\"'@/-][^\s\"'@]{3,})"
)
_ELEMENT = re.compile(rf"<{_NAME}>(?P<value>[^<>\s]+)</", re.IGNORECASE)
_DOCKER_LOGIN = re.compile(r'"auth"\s{0,8}:\s{0,8}"(?P<value>[A-Za-z0-9+/]{8,}={0,2})"')  # of a Docker config.json
# what follows the name of the header `Authorization` (RFC 6750, RFC 7617)
_BEARER = re.compile(r"Bearer(?:\s|%20){1,8}(?P<token>[\w.~+/=-]{16,})", re.IGNORECASE)
_BASIC = re.compile(r"Basic(?:\s|%20){1,8}(?P<login>[A-Za-z0-9+/]{6,}={0,2})", re.IGNORECASE)
_WRITTEN = (_OPTION, _LINE, _NETRC, _PGPASS, _CURL_LOGIN, _TOOL_LOGIN, _ELEMENT, _DOCKER_LOGIN)
_JSON_WEB_KEY = re.compile(r'"kty"\s{0,8}:\s{0,8}"(?:RSA|EC|OKP|oct)"')  # RFC 7517; "d" and "k" are its private parts
_PRIVATE_PART = re.compile(r'"[dk]"\s{0,8}:\s{0,8}"[A-Za-z0-9_-]{8}')
# the key of a function in its URL
_GATEWAY_TOKEN = re.compile(r"SharedAccessSignature [^\s&]{1,80}&\d{12}&[A-Za-z0-9+/]{20}")  # of API Management
_FUNCTION_KEY = re.compile(
    r"\.(?:azurewebsites\.(?:net|us)|chinacloudsites\.cn)/[^\s?]{0,100}\?(?:[^\s#]{0,100}&)?code=[\w%=-]{20}", re.I
)
# a key of a service whose address stands in the same connection string: Azure OpenAI, AI Search, Event Grid
_ENDPOINT_KEY = re.compile(r"(?:^|;)\s{0,8}key\s{0,8}=\s{0,8}(?P<value>[^;\s\"']{16,})", re.IGNORECASE)
_END_OF_URL = re.compile(r"[\s\"'<>]")
_PORT = re.compile(r"\d{1,5}(?:[/;?#,]|$)")

_TOKEN = re.compile(r"[A-Za-z0-9+/_.~=-]{20,}")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_HEX = re.compile(r"[0-9A-Fa-f]{32,}")
_SHA1 = re.compile(r"[0-9a-f]{40}|[0-9A-F]{40}")  # a commit, a certificate's thumbprint
_DIGEST = re.compile(r"sha(?:1|256|384|512)[-:].*", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# meant to be seen: Stripe's publishable keys and the ids of its prices, PostHog's keys of a project
_PUBLIC = re.compile(r"(?:pk_(?:live|test)|price|prod|plan|phc)_[A-Za-z0-9]+")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")  # sorts by time: https://github.com/ulid/spec
_STORAGE_NAME = re.compile(r"[a-z0-9]{3,24}")  # the longest name of a resource that takes no hyphen
_HOST = re.compile(r"(?=.{4,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\.?")


def credentials(text: str) -> tuple[str, ...]:
    """The shapes that a text has, sorted. A Key Vault reference inside it is none; what is encoded counts as its
    text."""
    bare = REFERENCE.sub("${reference}", text)
    found = _shapes(bare)
    if "%3d" in bare.casefold():
        found |= _shapes(unquote_plus(bare))
    decoded = _decoded(bare)
    if decoded:
        found |= _shapes(decoded)
    elif not found and bare == text and _is_random(text.removeprefix("base64:")):
        found.add("high-entropy")
    return tuple(sorted(found))


def _decoded(text: str) -> str:
    """The prose or JSON that base64 holds; empty for what holds none."""
    found = _plain(text) if _BASE64.fullmatch(text) else ""
    return found if found.startswith(("{", "[", "<")) or found.split() != [found] else ""


def _plain(encoded: str) -> str:
    """The text that base64 holds; empty where it holds none that can be read."""
    altchars = b"-_" if set(encoded) & {"-", "_"} else None
    try:
        found = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=altchars).decode()
    except ValueError:
        return ""
    return found if all(each.isprintable() or each.isspace() for each in found) else ""


def _shapes(text: str) -> set[str]:
    found = {f"of:{issuer}" for issuer in issued_credentials.issuers(text)}
    for pair in _NAMED.finditer(text):
        if not _STAND_IN.fullmatch(pair["value"]):
            found |= {name.replace("_", "-") for name, held in pair.groupdict().items() if held and name != "value"}
    if any(not _STAND_IN.fullmatch(one["value"]) for shape in _WRITTEN for one in shape.finditer(text)):
        found.add("password")
    token = _BEARER.fullmatch(text)
    if token is not None and any(each.isdigit() for each in token["token"]):
        found.add("bearer")
    login = _BASIC.fullmatch(text)
    if login is not None and ":" in _plain(login["login"]):
        found.add("password")
    if issued_credentials.JWT.search(text):
        found.add("jwt")
    if _JSON_WEB_KEY.search(text) and _PRIVATE_PART.search(text):
        found.add("private-key")
    if _PRIVATE_KEY.search(text) or _DER_KEY.match(text) or _encoded_private_key(text):
        found.add("private-key")
    if _GATEWAY_TOKEN.search(text):
        found.add("sas")
    if _FUNCTION_KEY.search(text) or ("endpoint=" in text.casefold() and _ENDPOINT_KEY.search(text)):
        found.add("account-key")
    if _PKCS12.match(text):
        found.add("pkcs12")
    if _has_userinfo(text) or _DRIVER_LOGIN.match(text):
        found.add("url-userinfo")
    return found


def _encoded_private_key(text: str) -> bool:
    """Whether a PEM file that is encoded once more begins as a private key's does."""
    begins = _ENCODED_PEM.search(text)
    return begins is not None and b"PRIVATE KEY" in base64.b64decode(begins[0])


def _has_userinfo(text: str) -> bool:
    """Whether a URL in the text has a password before its host; one that is not percent-encoded may hold slashes."""
    before, *after = text.split("://")
    for rest in after:
        if before[-1:].isalnum():
            end = _END_OF_URL.search(rest)
            user, colon, more = rest[: end.start() if end else None].partition(":")
            password, _, host = more.rpartition("@")
            if (
                colon
                and (host[:1].isalnum() or host.startswith("["))
                and password
                and not any(each in user for each in "/?#@[")
                and not _PORT.match(more)
                and not _STAND_IN.fullmatch(password)
            ):
                return True
        before = rest
    return False


def _is_random(text: str) -> bool:
    """Long, one word, with the spread of characters that a generated token has: no name, host, path, id, digest, commit
    or GUID."""
    if not _TOKEN.fullmatch(text) or _GUID.fullmatch(text) or _STORAGE_NAME.fullmatch(text) or _HOST.fullmatch(text):
        return False
    if _ULID.fullmatch(text) or _PUBLIC.fullmatch(text):
        return False
    if _DER_PUBLIC.match(text) or _DIGEST.fullmatch(text) or text.casefold().startswith("/subscriptions/"):
        return False
    if _HEX.fullmatch(text):
        return not _SHA1.fullmatch(text) and _entropy(text) > 3.0
    path = text.startswith(("/", "./", "~/"))
    runs = (run for run in _RUN.findall(text) if not _SHA1.fullmatch(run))
    return any(_mixed(run, both_cases=path) for run in runs) and _entropy(text) > 3.8


def _mixed(run: str, *, both_cases: bool) -> bool:
    cased = run != run.lower() and run != run.upper() if both_cases else not run.isdigit()
    return cased and any(each.isdigit() for each in run)


def _entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())
