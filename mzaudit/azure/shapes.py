"""What a text looks like: placeholder, URL, GUID, connection string, and the shapes that credentials have."""

from __future__ import annotations

import math
import re
from collections import Counter
from urllib.parse import SplitResult, urlsplit

_WORDS = frozenset(
    {
        "changeme",
        "change-me",
        "change_me",
        "todo",
        "tbd",
        "dummy",
        "placeholder",
        "example",
        "test",
        "secret",
        "password",
        "none",
        "null",
        "undefined",
        "n/a",
    }
)
_PLACEHOLDER = re.compile(
    r"x{3,}|\*{3,}|\.{3,}|<[^<>]*>|\$\{[^{}]*\}|\{\{.*\}\}|your[-_ ].*|replace([-_ ].*|me([-_ .].*)?)?", re.I | re.S
)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_PAIR = re.compile(r"[A-Za-z][A-Za-z0-9 _.-]*")

# Whoever may write a setting chooses the text: each of these takes time in proportion to its length.
_PASSWORD = re.compile(r"(?:^|[;?&\s])(?:password|pwd|passwd)\s*=\s*[^;&\s]", re.I)
_ACCOUNT_KEY = re.compile(r"(?:^|[;\s])(?:accountkey|sharedaccesskey)\s*=\s*[^;\s]", re.I)
_SAS = re.compile(r"(?:^|[?&;])(?:sig|sharedaccesssignature)=[^&;\s]", re.I)
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_USERINFO = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^/\s:@?#]*:[^/\s@?#]+@[^/\s]", re.I)
_TOKEN = re.compile(r"[A-Za-z0-9+/_.~=-]{20,}")

_DATABASE_URL = re.compile(
    r"(?:jdbc:)?(?:sqlserver|mssql|azuresql|postgres|postgresql|mysql|mariadb|oracle|db2|mongodb)(?:\+\w+)?:(?:\w+:)?(?://|@)",
    re.I,
)
_DATABASE_HOST = re.compile(r"(?:^|;)\s*(?:server|data source|addr|address|network address|host)\s*=\s*[^;\s]", re.I)
_DATABASE_MORE = re.compile(
    r";\s*(?:database|initial catalog|dbname|user id|uid|username|password|pwd|authentication|integrated security)\s*=",
    re.I,
)

_TELEMETRY = ("instrumentationkey", "ingestionendpoint")


def trimmed(text: str) -> str:
    """The text without surrounding white space, byte order marks and NULs."""
    return text.strip(" \t\r\n\f\v\0\ufeff\u200b\xa0").strip()


def is_placeholder(text: str) -> bool:
    """Whether somebody meant to put the real value in later."""
    return text.casefold() in _WORDS or _PLACEHOLDER.fullmatch(text) is not None


def kinds(text: str) -> tuple[str, ...]:
    """The kinds that a text is of, sorted."""
    found: set[str] = set()
    if _GUID.fullmatch(text):
        found.add("guid")
    url = _url(text)
    if url is not None and url.scheme.casefold() in ("http", "https"):
        found.add("url")
        if url.scheme.casefold() == "https":
            found.add("https-url")
    if dict(telemetry_parts(text)).keys() >= set(_TELEMETRY):
        found.add("connection-string")
    if _DATABASE_URL.match(text) or (_DATABASE_HOST.search(text) and _DATABASE_MORE.search(f";{text}")):
        found.add("database")
    if text.casefold() in ("http/protobuf", "http/json"):
        found.add("otlp-http")
    if text.casefold() == "grpc":
        found.add("otlp-grpc")
    return tuple(sorted(found))


def credentials(text: str) -> tuple[str, ...]:
    """The credential shapes that a text has, sorted."""
    shapes = {
        "password": _PASSWORD.search(text),
        "account-key": _ACCOUNT_KEY.search(text),
        "sas": _SAS.search(text),
        "jwt": _JWT.search(text),
        "private-key": _PRIVATE_KEY.search(text),
        "url-userinfo": _USERINFO.search(text),
    }
    found = {name for name, match in shapes.items() if match is not None}
    if not found and _is_random(text):
        found.add("high-entropy")
    return tuple(sorted(found))


def telemetry_parts(text: str) -> tuple[tuple[str, str], ...]:
    """The parts of a telemetry connection string that identify a component, normalised; empty for another text."""
    pairs: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if not piece.strip():
            continue
        if not equals or not _PAIR.fullmatch(name.strip()):
            return ()
        pairs.setdefault(name.strip().casefold(), value.strip())
    key = pairs.get("instrumentationkey", "")
    if not _GUID.fullmatch(key):
        return ()
    parts = [("instrumentationkey", key.casefold())]
    origin = _origin(pairs.get("ingestionendpoint", ""))
    return (*parts, ("ingestionendpoint", origin)) if origin else tuple(parts)


def _origin(text: str) -> str:
    url = _url(text)
    if url is None or url.scheme.casefold() not in ("http", "https"):
        return ""
    usual = {"https": 443, "http": 80}[url.scheme.casefold()]
    port = "" if url.port in (None, usual) else f":{url.port}"
    return f"{url.scheme.casefold()}://{(url.hostname or '').casefold()}{port}"


def _url(text: str) -> SplitResult | None:
    """The URL that a text is as a whole."""
    if any(character.isspace() for character in text):
        return None
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        return None
    return url if url.scheme and url.hostname else None


def _is_random(text: str) -> bool:
    """Long, one word, with the spread of characters that a generated token has: not a name, path, address or GUID."""
    if not _TOKEN.fullmatch(text) or _GUID.fullmatch(text) or _url(text) is not None:
        return False
    if re.fullmatch(r"[0-9a-fA-F]+", text):
        return len(text) >= 32 and _entropy(text) > 3.0
    digits, letters = any(c.isdigit() for c in text), any(c.isalpha() for c in text)
    return digits and letters and _entropy(text) > 3.8


def _entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())
