"""What clients made of answers, kept for as long as the simulator would answer the same."""

from __future__ import annotations

from collections.abc import Callable


class Recall:
    """What a client made of the first answer to each request, for as long as `answer` gives that answer again."""

    def __init__(self, answer: Callable[[str, str, str], object | None]) -> None:
        self._answer = answer
        self._kept: dict[tuple[str, str, str], tuple[object, object]] = {}

    def recall(self, method: str, url: str, body: str) -> object | None:
        """What was kept of that request; None if nothing was, or if it would not be answered the same again."""
        kept = self._kept.get((method, url, body))
        if kept is None:
            return None
        answer, made = kept
        return made if self._answer(method, url, body) == answer else None

    def keep(self, method: str, url: str, body: str, made: object) -> None:
        """Keep what came of a request that was just answered, unless something is kept of it already."""
        if (method, url, body) in self._kept:
            return
        answer = self._answer(method, url, body)
        if answer is not None:
            self._kept[method, url, body] = answer, made
