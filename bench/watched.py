"""A client that is watched: it tells the simulated services whenever it can only wait for them, so that the longest
chain of its requests is counted by cause and not by the clock."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from mzaudit.azure.client import transport
from mzaudit.simulator import Waves


class Watcher(selectors.DefaultSelector):
    """What the client's loop waits with. It counts requests that have a connection, answers read to their end, and
    threads; while a connection is being made there is more to come."""

    def __init__(self, waves: Waves) -> None:
        super().__init__()
        self._waves = waves
        self.sent = self.answered = self.threads = self.connecting = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As the loop asks, but say so before it really waits."""
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if not self.connecting:
            self._waves.idle(self.sent, self.answered, self.threads)
        return super().select(timeout)


@contextmanager
def watched(waves: Waves) -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Watch the one client that runs meanwhile, in a loop of the factory that is yielded. It is one whose requests are
    all answered: a broken one is not counted."""
    watcher = Watcher(waves)
    connector, sending, to_thread = transport._Connector, transport.Transport.send, asyncio.to_thread
    connecting, creating = connector.connect, connector._create_connection

    async def connect(self: Any, *given: Any, **named: Any) -> Any:  # Any, here and below: handed through as it is
        connection = await connecting(self, *given, **named)
        watcher.sent += 1
        return connection

    async def create(self: Any, *given: Any, **named: Any) -> Any:
        watcher.connecting += 1
        try:
            return await creating(self, *given, **named)
        finally:
            watcher.connecting -= 1

    async def send(self: Any, request: Any, **config: Any) -> Any:
        response = await sending(self, request, **config)
        if config.get("stream"):
            response.read = to_its_end(response.read)
        else:
            watcher.answered += 1
        return response

    def to_its_end(reading: Callable[[], Any]) -> Callable[[], Any]:
        async def read() -> Any:
            body = await reading()
            watcher.answered += 1
            return body

        return read

    async def threaded(work: Callable[..., Any], *given: Any) -> Any:
        watcher.threads += 1
        try:
            return await to_thread(work, *given)
        finally:
            watcher.threads -= 1

    with (
        patch.object(connector, "connect", connect),
        patch.object(connector, "_create_connection", create),
        patch.object(transport.Transport, "send", send),
        patch.object(asyncio, "to_thread", threaded),
    ):
        yield lambda: asyncio.SelectorEventLoop(watcher)
