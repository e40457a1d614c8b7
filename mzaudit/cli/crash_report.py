"""What may be told of a crash: where it happened and of what type, never its words, which may hold a secret."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

_DEEPEST = 10


def trace(error: BaseException, depth: int = 0) -> Iterator[str]:
    """The error's frames and type, then those of what led to it. The text of an exception is whatever some library
    put there (a value that it could not parse, a whole body), and so are a frame's locals."""
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"{frame.filename}:{frame.lineno} in {frame.name}"
    yield type(error).__name__
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    led_to_it = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for other in (*inner, *([led_to_it] if led_to_it is not None else ())):
        if depth < _DEEPEST:
            yield f"because of, or within {type(error).__name__}:"
            yield from trace(other, depth + 1)
