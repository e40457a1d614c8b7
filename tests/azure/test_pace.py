"""Who may send next, where Azure lets through only so many."""

from __future__ import annotations

import asyncio

from mzaudit.azure.client.rate_limiter import RateLimiter
from tests.virtual_time import VirtualTime


async def sends(lane: RateLimiter, name: str, order: list[str], *, first: bool = False) -> None:
    async with lane.turn(first=first):
        order.append(name)
        await asyncio.sleep(0)


def test_who_others_wait_for_goes_first() -> None:
    async def run() -> list[str]:
        lane, order = RateLimiter(1, 10, 10), list[str]()
        async with asyncio.TaskGroup() as group:
            for name, first in (("a", False), ("b", False), ("list", True), ("c", False), ("page", True)):
                group.create_task(sends(lane, name, order, first=first))
        return order

    assert asyncio.run(run()) == ["a", "list", "page", "b", "c"]


def test_who_gives_up_leaves_the_slot_to_the_next() -> None:
    """Whether it was still waiting or had just been let in."""

    async def run() -> list[str]:
        lane, order = RateLimiter(1, 10, 10), list[str]()
        async with lane.turn(first=False):
            waiting, let_in, last = (asyncio.create_task(sends(lane, name, order)) for name in ("a", "b", "c"))
            await asyncio.sleep(0)
            waiting.cancel()
        let_in.cancel()
        await asyncio.gather(waiting, let_in, return_exceptions=True)
        async with asyncio.timeout(10):
            await last
            async with lane.turn(first=False):
                return order

    assert asyncio.run(run()) == ["c"]


def test_a_token_that_is_all_but_whole_is_not_waited_for_in_steps_that_move_no_clock() -> None:
    """A sum of seconds may fall short of the whole by less than the least step that a clock makes."""

    async def run(rate: float) -> int:
        lane, steps = RateLimiter(1, 10, rate), 0
        await asyncio.sleep(7.3)
        lane.refused(0.1)
        while (wait := lane._wait()) > 0 and steps < 100:
            steps += 1
            await asyncio.sleep(wait)
        return steps

    async def longest() -> int:
        return max([await run(1 + number / 7) for number in range(200)])

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        assert runner.run(longest()) < 10


def test_what_is_said_to_be_left_is_believed_to_the_whole_request() -> None:
    """A count of zero takes nothing from what comes back meanwhile; a smaller one than thought is believed."""

    async def run(left: str, name: str = "subscription-reads") -> float:
        lane = RateLimiter(1, 10, 0.001)
        await lane.take()
        lane.answered({"date": "7", "retry-after": "5", f"x-ms-ratelimit-remaining-{name}": left})
        return lane._left

    for name in ("subscription-global-reads", "subscription-resource-requests", "tenant-reads", "tenant-global-writes"):
        assert round(asyncio.run(run("4", name)), 1) == 5.0
    assert round(asyncio.run(run("Microsoft.Compute/GetVM3Min;4", "resource")), 1) == 9.0
    assert round(asyncio.run(run("200")), 1) == 9.0
    assert round(asyncio.run(run("4")), 1) == 5.0
    assert round(asyncio.run(run("0")), 1) == 1.0
