"""A run that is ending: what it would begin is never begun, and what it was doing ends as the interrupted do."""

from __future__ import annotations

import asyncio

import pytest

from mzaudit.azure.readers.read import started


async def test_a_task_that_its_ending_group_refuses_ends_whoever_asks() -> None:
    """An identity is found in the very moment in which another reader crashed: only the crash is told of."""
    begun = []

    async def work() -> None:
        begun.append("work")

    async def found(group: asyncio.TaskGroup) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            started(group, work())

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(found(group))
            await asyncio.sleep(0)
            raise LookupError

    with pytest.raises(ExceptionGroup) as crashed:
        await run()
    assert [type(error) for error in crashed.value.exceptions] == [LookupError]
    assert begun == []
