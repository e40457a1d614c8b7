"""How long a client waits, and for what: counts of a run, and answers that come wave by wave."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run cost, as the services saw it; none of it depends on how fast the machine is.

    `depth` is the longest chain of requests that waited for one another (0 where it was not looked for), `throttled`
    the number of 429s.
    """

    calls: int
    tokens: int
    depth: int
    connections: int
    throttled: int


class Waves:
    """Holds requests back until no further one arrives for `quiet` seconds, then lets all of them go.

    A client that sends at once whatever it can send makes as many waves as its longest chain has links. `quiet` must
    be longer than the client ever takes between two requests that do not wait for each other.
    """

    def __init__(self, quiet: float) -> None:
        self.released = 0
        self._quiet = quiet
        self._gate: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Wait for the wave to go."""
        loop = asyncio.get_running_loop()
        if self._gate is None:
            self._gate = loop.create_future()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(self._quiet, self._release)
        await asyncio.shield(self._gate)

    def _release(self) -> None:
        if self._gate is not None:
            self._gate.set_result(None)
        self._gate = self._timer = None
        self.released += 1
