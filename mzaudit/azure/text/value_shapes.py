"""What a text looks like: a placeholder, a URL, a GUID, a connection string of some service."""

from __future__ import annotations

import json
import re
from urllib.parse import SplitResult, urlsplit

from mzaudit.snapshot.text.key_vault_reference import is_secret_uri

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
_DATABASE_URL = re.compile(
    r"(?:jdbc:)?(?:sqlserver|mssql|azuresql|postgres|postgresql|postgis|cockroach|cockroachdb|redshift|mysql|mysql2"
    r"|trilogy|mariadb|oracle|db2|clickhouse|snowflake|mongodb)(?:\+\w+)?:(?:\w{1,20}:)?"
    r"(?://|@|[^\s/@:]{1,128}/[^\s@]{1,128}@)"
    r"|[^\s:/@]{1,128}:[^\s@]{1,128}@(?:tcp|unix)\(",  # Oracle's user/password@, and the DSN of Go's MySQL driver
    re.I,
)
_BOOLEAN = re.compile(r"true|false|yes|no|on|off|enabled?|disabled?|0|1", re.I)
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?")
# 15m, 3600s, 30 days; 1.02:03:04 as .NET writes it; P30D and PT1H of ISO 8601
_DURATION = re.compile(
    r"\d{1,12}\s?(?:ms|s|m|h|d|w|(?:milli)?seconds?|secs?|minutes?|mins?|hours?|days?|weeks?)"
    r"|(?:\d{1,8}\.)?\d{1,2}:\d{2}:\d{2}(?:\.\d{1,7})?"
    r"|P(?=.)(?:\d{1,9}[YMWD]){0,4}(?:T(?:\d{1,9}[HMS]){1,3})?",
    re.I,
)
_SHA1 = re.compile(r"[0-9a-f]{40}|[0-9A-F]{40}")
# where a container or a site keeps files
_PATH = re.compile(
    r"/(?:app|certs?|data|etc|home|mnt|opt|run|secrets|srv|tmp|usr|var)(?:/[\w.@-]{1,64}){1,10}/?"
    r"|[A-Z]:(?:\\{1,2}[\w.@ -]{1,64}){1,10}",
    re.I,
)
_PEM = re.compile(r"-----BEGIN (?P<label>[A-Z0-9 ]{1,60})-----[ \t]*\r?\n")

# Microsoft.Data.SqlClient, Npgsql, MySqlConnector, ODBC: a server, and a part that only a database has
_DATABASE_SERVER = frozenset({"server", "data source", "addr", "address", "network address", "host", "hostname"})
_DATABASE_PART = frozenset(
    {
        *("database", "initial catalog", "dbname", "attachdbfilename", "search path", "multipleactiveresultsets"),
        *("integrated security", "trusted_connection", "trustservercertificate", "persist security info"),
    }
)
_DATABASE_HOST = re.compile(
    r"(?:tcp:|np:|lpc:|admin:).+|.+\.database\.(?:windows\.net|azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)\b.*"
    r"|.+,\s*1433",
    re.I | re.S,
)
_ENDPOINTS = frozenset({f"{service}endpoint" for service in ("blob", "file", "queue", "table", "dfs")})

_WHOLE = {"boolean": _BOOLEAN, "number": _NUMBER, "duration": _DURATION, "path": _PATH, "sha1": _SHA1}
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
    if url is not None and is_secret_uri(text):
        found.add("vault-secret")
    found |= {kind for kind, shape in _WHOLE.items() if shape.fullmatch(text)}
    found |= _connection(text)
    if _is_json(text):
        found.add("json")
    if _is_pem(text):
        found.add("pem")
    if text.casefold() in ("http/protobuf", "http/json"):
        found.add("otlp-http")
    if text.casefold() == "grpc":
        found.add("otlp-grpc")
    return tuple(sorted(found))


def _connection(text: str) -> set[str]:
    """The services whose connection string this is, by the parts that their documentation names."""
    pairs = _pairs(text) if "=" in text else {}
    found: set[str] = set()
    if pairs and dict(telemetry_parts(text)).keys() >= set(_TELEMETRY):
        found.add("application-insights")
    if _DATABASE_URL.match(text) or _is_database(pairs):
        found.add("database")
    if _is_storage(pairs):
        found.add("storage")
    signed = {"sharedaccesskeyname", "sharedaccesskey"} <= pairs.keys() or "sharedaccesssignature" in pairs
    if signed and pairs.get("endpoint", "").casefold().startswith("sb://"):
        found.add("service-bus")
    return found


def _is_database(pairs: dict[str, str]) -> bool:
    """https://learn.microsoft.com/dotnet/api/microsoft.data.sqlclient.sqlconnection.connectionstring"""
    hosts = [pairs[name] for name in _DATABASE_SERVER & pairs.keys() if pairs[name]]
    if not hosts or len(pairs) == 1:
        return False
    named = not _DATABASE_PART.isdisjoint(pairs) or pairs.get("authentication", "").casefold().startswith("active")
    ado = "data source" in pairs and not {"user id", "uid", "password", "pwd"}.isdisjoint(pairs)
    return named or ado or any(_DATABASE_HOST.fullmatch(host) for host in hosts)


def _is_storage(pairs: dict[str, str]) -> bool:
    """https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string"""
    by_key = bool(pairs.get("accountname")) and bool(pairs.get("accountkey"))
    somewhere = bool(pairs.get("accountname")) or not _ENDPOINTS.isdisjoint(pairs)
    return by_key or (somewhere and bool(pairs.get("sharedaccesssignature")))


def _is_json(text: str) -> bool:
    """An object or an array: a bare word or number is JSON too, but nobody would say so."""
    if not text.startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_pem(text: str) -> bool:
    """RFC 7468: a line that begins and one that ends the same thing; what stands outside of them is a comment."""
    begins = _PEM.search(text)
    if begins is None:
        return False
    body, ends, _ = text[begins.end() :].partition(f"-----END {begins['label']}-----")
    return bool(ends and body.strip())


def _pairs(text: str) -> dict[str, str]:
    """The `name=value` parts between semicolons, or between blanks as libpq writes them; names in lower case, the first
    of a name counts."""
    found: dict[str, str] = {}
    for piece in text.split(None if ";" not in text and "dbname" in text.casefold() else ";"):
        name, equals, value = piece.partition("=")
        if equals:
            found.setdefault(name.strip().casefold(), value.strip())
    return found


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
    if ":" not in text or any(character.isspace() for character in text):
        return None
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        return None
    return url if url.scheme and url.hostname else None
