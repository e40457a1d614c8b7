"""A token or a secret address that no text shows: no log, no traceback's locals, no copy and no saved file."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn


class Token:
    """What a pipeline hands its job to speak for it."""

    __slots__ = ("_open",)

    def __init__(self, text: str) -> None:
        self._open: Callable[[], str] = lambda: text

    def header(self) -> str:
        """The value of the Authorization header, to be handed straight to the request."""
        return f"Bearer {self._open()}"

    def text(self) -> str:
        """The text itself, to be handed straight to the request."""
        return self._open()

    def __repr__(self) -> str:
        return "Token(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not saved or copied")
