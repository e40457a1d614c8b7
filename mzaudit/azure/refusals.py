"""What is refused on our side of the wire: a request that might write, a token that was not given."""

from __future__ import annotations

from azure.core.exceptions import ClientAuthenticationError


class WriteRefusedError(Exception):
    """A request that mzaudit does not send; `path` says which, without its query."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"{method} {path}")
        self.path = path


class TokenRefusedError(ClientAuthenticationError):
    """No token for a scope, for whatever reason; `why` is fit to print: it holds no secret and no header."""

    def __init__(self, why: str) -> None:
        super().__init__(message=why)
        self.why = why
