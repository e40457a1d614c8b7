"""The simulator in memory answers a client as it does on the wire, and fails it in the same words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator

import pytest
from azure.core.exceptions import AzureError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.transport import Transport
from mzaudit.simulator import Alter, Fault, Hang, Html, Malformed, Reset, Simulator, Slow, StatusFault, Truncated, serve
from mzaudit.simulator.fault_injection import Action
from tests.documented_estate import build
from tests.virtual_time import VirtualTime

Told = tuple[object, ...]
_URL = re.compile(r"https?://[^']+")
FAULTS: dict[str, Action | None] = {
    "none": None,
    "status": StatusFault(403),
    "status with body and headers": StatusFault(429, {"error": {"code": "Busy"}}, {"Retry-After": "7"}),
    "status with text": StatusFault(200, "<p>", {"Content-Type": "text/html"}),
    "html": Html(503),
    "reset": Reset(),
    "hang": Hang(0.01),
    "slow": Slow(0.01),
    "truncated": Truncated(),
    "malformed": Malformed(),
    "altered": Alter(lambda body: {**body, "more": "x" * 400_000}),
}
HOSTS = {
    "a known host": "management.azure.com",
    "a host that does not resolve": "no-such.vault.azure.net",
    "a foreign host": "example.org",
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with serve(build("compliant")) as served:
        yield served


def wire(simulator: Simulator) -> Connection:
    return Connection(proxy=simulator.proxy, ca_file=simulator.ca_file)


def memory(simulator: Simulator) -> Connection:
    return Connection(session=simulator.session)


async def told(connection: Connection, url: str) -> list[Told]:
    """What a client learns that asks twice over one transport: the answer, or the SDK's error."""
    async with Transport(connection) as transport:
        return [await _once(transport, url) for _ in range(2)]


async def _once(transport: Transport, url: str) -> Told:
    try:
        response: AsyncHttpResponse = await transport.send(HttpRequest("GET", url), stream=True)
        body = await response.read()
    except AzureError as error:
        return type(error), type(error.inner_exception), _URL.sub("", str(error))  # of a refusal, the proxy's own
    return response.status_code, {n: v for n, v in response.headers.items() if n != "Date"}, body


def asked(simulator: Simulator, path: Callable[[Simulator], Connection], url: str) -> list[Told]:
    factory = VirtualTime if path is memory else asyncio.SelectorEventLoop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(told(path(simulator), url))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_the_same(fault: str, simulator: Simulator) -> None:
    url = f"https://{HOSTS['a known host']}/subscriptions/{simulator.subscription_id}?api-version=2022-12-01"
    action = FAULTS[fault]
    simulator.faults[:] = [] if action is None else [Fault("/subscriptions/", action)]
    before = len(simulator.requests)
    found = asked(simulator, memory, url)
    seen = [(each.method, each.host, each.path, each.query, each.status) for each in simulator.requests[before:]]
    assert found == asked(simulator, wire, url)
    assert seen * 2 == [(r.method, r.host, r.path, r.query, r.status) for r in simulator.requests[before:]]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_refused_alike(host: str, simulator: Simulator) -> None:
    simulator.faults.clear()
    before = len(simulator.refused)
    url = f"https://{HOSTS[host]}/"
    found = asked(simulator, memory, url)
    refused = simulator.refused[before:]
    assert found == asked(simulator, wire, url)
    assert refused * 2 == simulator.refused[before:]


def test_a_silent_service_costs_no_time_in_memory(simulator: Simulator) -> None:
    simulator.faults[:] = [Fault("/", Hang(1e6))]
    (first, _) = asked(simulator, memory, f"https://{HOSTS['a known host']}/")
    assert "Timeout" in str(first)
