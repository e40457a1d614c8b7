"""What ends a call on our side of the wire: a request that might write, no token, trouble with a database."""

from __future__ import annotations

from dataclasses import dataclass

from azure.core.exceptions import ClientAuthenticationError

from mzaudit.snapshot.observed import GapReason


class WriteRefusedError(Exception):
    """A request that mzaudit does not send; `path` says which, without its query."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"{method} {path}")
        self.path = path


class HostRefusedError(Exception):
    """A request to a host outside `home`, the cloud's own domain for the service: it is not sent."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.home = home


class TokenRefusedError(ClientAuthenticationError):
    """No token for a scope, for whatever reason; `why` is fit to print: it holds no secret and no header."""

    def __init__(self, why: str) -> None:
        super().__init__(message=why)
        self.why = why


@dataclass(frozen=True, slots=True)
class DatabaseFailure:
    """Why a database gave no answer. `again`: it may pass; `alive`: the connection can still be used."""

    reason: GapReason
    detail: str
    again: bool = False
    alive: bool = False


class DatabaseError(Exception):
    """Our own refusal to go on, or a peer that cannot be trusted; nothing of what it said is kept."""

    def __init__(self, trouble: DatabaseFailure) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble
