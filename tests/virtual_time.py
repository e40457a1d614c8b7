"""A loop on which no time passes: where nothing is left to do but wait, the clock jumps to what is waited for."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualTime(asyncio.SelectorEventLoop):
    """For clients whose services answer in the same loop. The clock stands still while a thread works for the loop; a
    wait for a socket would never end, or be over at once."""

    def __init__(self) -> None:
        self._now = 0.0
        self._working = 0
        super().__init__(_Selector(self._waited))

    def time(self) -> float:
        return self._now

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        self._working += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for threads as long as they take: how long is no matter of this clock."""
        await super().shutdown_default_executor()

    def _done(self, _: asyncio.Future[Any]) -> None:
        self._working -= 1

    def _waited(self, seconds: float | None) -> float | None:
        """How long to look for events in truth, where the loop would look for so long."""
        if seconds is None or self._working:
            return None if seconds != 0 else 0
        self._now += seconds
        return 0


class _Selector(selectors.DefaultSelector):
    def __init__(self, waited: Callable[[float | None], float | None]) -> None:
        super().__init__()
        self._waited = waited

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(self._waited(timeout))
