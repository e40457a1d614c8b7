"""Telling a pull request what a report says: the comment and the status, each on its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mzaudit.publish import azure_devops, github
from mzaudit.publish.comment_marker import marker
from mzaudit.publish.http import PublishError, Route, opened
from mzaudit.publish.message import GateMessage, comment_state, signal
from mzaudit.publish.pipeline import AzureDevOps, Place
from mzaudit.publish.sticky_comment import Host, upsert_comment

_LONGEST = 150.0  # seconds for either of the two


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What became of the comment and of the status: what was done, and why something was not, in sentences."""

    done: tuple[str, ...]
    failed: tuple[str, ...]


async def publish(news: GateMessage, place: Place, route: Route) -> PublishResult:
    """Keep the comment and set the status; what one of them meets does not stop the other."""
    mark = marker(news.kind, news.environments, news.policy, place.build.root, place.build.folder)
    done: list[str] = []
    failed: list[str] = []

    async def comment(host: Host) -> str:
        return await upsert_comment(host, mark, place.build.number, comment_state(news, mark, place))

    async def status(host: Host) -> str:
        await host.signal(signal(news, mark, place))
        return "set"

    async with _host(place, route) as host:
        for name, act in (("comment", comment), ("status", status)):
            try:
                async with asyncio.timeout(_LONGEST):
                    done.append(f"{name} {await act(host)}")
            except PublishError as error:
                failed.append(f"{name} not written: {error}")
            except TimeoutError:
                failed.append(f"{name} not written: no end after {_LONGEST:.0f} s: run the step again")
    return PublishResult(tuple(done), tuple(failed))


@asynccontextmanager
async def _host(place: Place, route: Route) -> AsyncIterator[Host]:
    if isinstance(place, AzureDevOps):
        service = azure_devops
        async with opened(service.SERVICE, place.token, route, service.explain, service.ACCEPT) as web:
            yield service.AzureDevOpsHost(web, place)
    else:
        async with opened(github.SERVICE, place.token, route, github.explain, github.ACCEPT) as web:
            yield github.GitHubHost(web, place)
