"""Threads for what blocks: a database's driver, the look-up of a name, a credential that is not asynchronous."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE = 0.25  # seconds for all threads together, to give their sockets back


class Threads(ThreadPoolExecutor):
    """Runs each piece of work in a daemon thread of its own: one that never ends keeps neither the loop nor the process
    from ending, nor other work from beginning. asyncio takes no other kind of executor than this one's parent."""

    def __init__(self) -> None:
        super().__init__(1)
        self._running: set[threading.Thread] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin the work at once."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                if future.set_running_or_notify_cancel():
                    _settle(future, fn, args, kwargs)
            finally:
                self._running.discard(threading.current_thread())

        thread = threading.Thread(target=work, daemon=True)
        self._running.add(thread)
        thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait a moment for what is running, and leave the rest behind."""
        until = time.monotonic() + _PATIENCE
        for thread in tuple(self._running) if wait else ():
            thread.join(max(0.0, until - time.monotonic()))


def _settle(future: Future[T], fn: Callable[..., T], args: Any, kwargs: Any) -> None:  # Any: what `fn` takes
    try:
        future.set_result(fn(*args, **kwargs))
    except BaseException as error:  # noqa: BLE001 - it is the work's, and is raised where the work is waited for
        future.set_exception(error)
