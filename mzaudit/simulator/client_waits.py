"""How long a client waits, and for what: counts of a run, and answers that come wave by wave."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run cost, as the services saw it; none of it depends on how fast the machine is.

    `depth` is the longest chain of requests that waited for one another (0 where it was not looked for), `throttled`
    the number of 429s; `logins` and `statements` are those of databases, which `calls` does not hold.
    """

    calls: int
    tokens: int
    depth: int
    connections: int
    throttled: int
    logins: int
    statements: int


class Waves:
    """Holds requests back until the client can send no more without an answer, then lets all of them go.

    A client makes as many waves as its longest chain has links. It says itself what it is up to, by `idle`, whenever it
    can only wait: no clock is asked.
    """

    def __init__(self) -> None:
        self.released = 0
        self._told = (0, 0, 0)
        self._arrived = self._let_go = 0
        self._held: list[asyncio.Future[None]] = []
        self._at_databases = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def idle(self, sent: int, answered: int, threads: int) -> None:
        """The client waits: it has sent so many requests over HTTP, has read so many answers to their end, and runs so
        many threads, of which each talks to one database. May be called from any thread."""
        self._told = (sent, answered, threads)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._look)

    async def turn(self, *, database: bool = False) -> None:
        """Wait for the wave to go: a request over HTTP, or a login or statement of a database."""
        self._loop = asyncio.get_running_loop()
        going = self._loop.create_future()
        self._held.append(going)
        if database:
            self._at_databases += 1
        else:
            self._arrived += 1
        self._look()
        await going

    def _look(self) -> None:
        """Let go if all that was sent is held here and all that was let go has been read: what could the client do?"""
        if not self._held or self._told != (self._arrived, self._let_go, self._at_databases):
            return
        for each in self._held:
            if not each.done():
                each.set_result(None)
        self._held.clear()
        self._let_go, self._at_databases = self._arrived, 0
        self.released += 1
