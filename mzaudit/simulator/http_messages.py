"""What travels on the simulated wire: one request as the service sees it, and the answer it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

# Any: wire JSON has no static shape; the simulator keeps it as recorded so that no model of ours can leak into it.
Json = dict[str, Any]


def inside(body: Json, *path: str) -> Json:
    """The object at a path; an empty one where a test left it out, or made it null."""
    for name in path:
        body = body.get(name) or {}
    return body


@dataclass(frozen=True)
class HttpRequest:
    """One HTTP request. `path` is raw (still percent-encoded), query names and header names are casefolded."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The decoded path segments; empty ones are dropped, because Azure tolerates `//`."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def bearer(self) -> str | None:
        """The bearer token that was sent, if any."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.casefold() == "bearer" and token.strip() else None


def read_request(method: str, host: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpRequest:
    """The request with that request line's target, sent to a host of any case, with or without HTTPS's own port."""
    path, _, query = target.partition("?")
    return HttpRequest(
        method=method,
        host=host.casefold().removesuffix(":443"),
        path=path,
        query={name.casefold(): value for name, value in parse_qsl(query, keep_blank_values=True)},
        headers={name.casefold(): value for name, value in headers.items()},
        body=body,
    )


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP answer; a `None` body is an empty one."""

    status: int
    body: Json | list[Json] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The error body of Azure Resource Manager: `{"error": {"code", "message"}}`."""
    return HttpResponse(status, {"error": {"code": code, "message": message}}, headers or {})
