"""How fast Azure is asked: token buckets under its documented limits, which learn where the limits are smaller."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

_SLOWEST = 0.5  # requests a second
_SLOWER, _FASTER = 0.5, 1.02
_WHOLE = 1 - 1e-6  # of a token; what sums of seconds fall short of one would be waited for without the clock moving
_LOOK = 1.0  # seconds between two looks at whether waiting still makes sense
# `-global-reads`, `-resource-requests`, `-reads` and whatever else Azure counts a request in
_LEFT = ("x-ms-ratelimit-remaining-subscription-", "x-ms-ratelimit-remaining-tenant-")


class RateLimiter:
    """Requests that Azure counts in one bucket: at most `slots` at a time, `burst` at once and then `rate` a second.

    One refusal for its number speaks for every request of the lane: all of them wait as long as it says, and go on at
    half the rate, which grows again with every answer. What the service says is left is believed. `worked` is when a
    request last succeeded, `exhausted` whether one was given up since: then nobody waits any more.
    """

    def __init__(self, slots: int, burst: float, rate: float) -> None:
        self._free = slots
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._came = itertools.count()
        self.worked = 0.0
        self.exhausted = False
        self._burst, self._most, self._rate = burst, rate, rate
        self._left, self._at, self._pause = burst, 0.0, 0.0
        self._turn = asyncio.Lock()  # first come, first served

    @asynccontextmanager
    async def turn(self, *, first: bool) -> AsyncIterator[None]:
        """One of the lane's slots; who is `first` is let in before those who are not, else first come, first served."""
        if self._free > 0:
            self._free -= 1
        else:
            let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (not first, next(self._came), let_in))
            try:
                await let_in
            except asyncio.CancelledError:
                if not let_in.cancelled():
                    self._leave()
                raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        while self._waiting:
            *_, let_in = heapq.heappop(self._waiting)
            if not let_in.done():
                let_in.set_result(None)
                return
        self._free += 1

    async def take(self) -> None:
        """Wait until the next request may leave."""
        async with self._turn:
            while not self.exhausted and (wait := self._wait()) > 0:  # noqa: ASYNC110  # the moment may move
                await asyncio.sleep(min(wait, _LOOK))
            self._left -= 1

    def answered(self, headers: Mapping[str, str]) -> None:
        """A request was answered: a little faster again, but no faster than the service says."""
        self.worked, self.exhausted = asyncio.get_running_loop().time(), False
        self._rate = min(self._most, self._rate * _FASTER)
        for name, left in headers.items():
            if name.startswith(_LEFT) and left.isascii() and left.isdigit():
                # it counts whole requests, and some may have come back since
                self._left = min(self._left, float(left[:9]) + 1)

    def refused(self, seconds: float, *, shared: bool = True) -> None:
        """A request was refused for its number, for so long. Where that number is not known to be `shared` by all of
        the lane (a provider's own, a resource's), they wait, but are no slower afterwards."""
        now = asyncio.get_running_loop().time()
        if shared and now >= self._pause:  # those that were under way at the same time say nothing new
            self._rate = max(_SLOWEST, self._rate * _SLOWER)
        self._pause = max(self._pause, now + seconds)
        if shared:
            self._left = 0.0

    def _wait(self) -> float:
        now = asyncio.get_running_loop().time()
        if now < self._pause:
            self._at = self._pause
            return self._pause - now
        if self._at:
            self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._left >= _WHOLE else (1 - self._left) / self._rate
