"""Whether a block leaves sockets, transports, sessions or files to the garbage collector."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """Fails, naming each, if what the block made is still open when nothing refers to it any more."""
    gc.collect()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    left = [str(each.message) for each in found if issubclass(each.category, ResourceWarning)]
    assert left == []
