"""What may leave: nothing that writes, and no token to a host outside the cloud's own domain for the service."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from mzaudit.azure.client.failures import HostRefusedError, WriteRefusedError

_READ_POST = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.web/sites/[^/]+(/slots/[^/]+)?"
    r"/config/(appsettings|connectionstrings|azurestorageaccounts)/list"
    r"|/providers/microsoft\.resourcegraph/resources"
    r"|/oauth2/(exchange|token)"
)
_SELECT = re.compile(r"SELECT\b.+", re.DOTALL)
_MORE = re.compile(
    r";|--|/\*|\b(INTO|INSERT|UPDATE|DELETE|MERGE|EXEC|EXECUTE|DROP|CREATE|ALTER|GRANT|REVOKE|DENY|USE|SET|WAITFOR"
    r"|OPENROWSET|OPENQUERY|SHUTDOWN|KILL|DBCC|BACKUP|RESTORE|TRUNCATE)\b",
    re.IGNORECASE,
)


_HOST = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}")


class ReadOnly(SansIOHTTPPolicy[Any, Any]):
    """Refuses everything but GET, HEAD and the POSTs that only read, and every host that is not at `home`, the cloud's
    domain for the service: a token is on the request already.

    It belongs after the retry policy: the SDK's own provider registration sends its POST from further up, and would
    pass a guard that stands before it.
    """

    def __init__(self, home: str) -> None:
        super().__init__()
        self._home = home

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Let a read pass; raises WriteRefusedError or HostRefusedError for all else."""
        url = request.http_request.url
        if not at_home(url, self._home):
            raise HostRefusedError(self._home)
        method, path = request.http_request.method, urlsplit(url).path
        if not reads(method, path):
            raise WriteRefusedError(method, path)


def reads(method: str, path: str) -> bool:
    """Whether a request of that method and path can only read."""
    if method.upper() in ("GET", "HEAD"):
        return True
    return method.upper() == "POST" and _READ_POST.fullmatch(path.casefold()) is not None


def selects(statement: str) -> bool:
    """Whether a statement is one SELECT and nothing else: ours hold no semicolon, no comment and no INTO."""
    return _SELECT.fullmatch(statement) is not None and _MORE.search(statement) is None


def at_home(url: str, home: str) -> bool:
    """Whether a URL is at a host of a domain: HTTPS at its own port, no user, no path from which another is reached."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port or an address that is none
        return False
    plain = parts.username is None and parts.password is None and url.isascii() and url.isprintable()
    return parts.scheme == "https" and port in (None, 443) and plain and lies_in(parts.hostname or "", home)


def lies_in(host: str, home: str) -> bool:
    """Whether a host is a domain's, or the domain itself. It is compared as it would be sent: what is no plain name
    (another alphabet, a trailing dot) is nobody's."""
    return _HOST.fullmatch(host) is not None and f".{host.lower()}".endswith(f".{home}")


def same_origin(one: str, other: str) -> bool:
    """Whether a token meant for the first URL may be sent to the second: HTTPS, same host, same port."""
    try:
        first, second = urlsplit(one), urlsplit(other)
        ports = (first.port or 443, second.port or 443)
    except ValueError:  # a port or an address that is none
        return False
    hosts = ((first.hostname or "").casefold(), (second.hostname or "").casefold())
    plain = second.username is None and second.password is None
    return first.scheme == second.scheme == "https" and hosts[0] == hosts[1] and ports[0] == ports[1] and plain
