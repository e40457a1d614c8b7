"""Every operation of every client that the product makes is tried, and nothing but reads reaches the service."""

from __future__ import annotations

import asyncio
import inspect
import io
from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import SerializationError
from azure.mgmt.authorization.aio import AuthorizationManagementClient

from mzaudit.azure import choose
from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.failures import WriteRefusedError
from mzaudit.azure.client.guard import reads
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.simulator import Simulator, serve
from tests.azure.estates import connection_to, login_env
from tests.documented_estate import build

VAULT, REGISTRY = "kv-mz-cloud-prd.vault.azure.net", "acrmonozu.azurecr.io"
# at least this many writes does each client offer; what none was refused of was not tried
WRITES = {
    "Microsoft.Resources": 20,
    "Microsoft.Authorization": 40,
    "Microsoft.Web": 300,
    "Microsoft.KeyVault": 15,
    "Microsoft.Sql": 200,
    "Microsoft.Storage": 60,
    "Microsoft.ContainerRegistry": 30,
    VAULT: 7,
    REGISTRY: 10,
}


@pytest.mark.parametrize("kind", WRITES)
def test_whatever_a_client_can_do_only_reads_leave(kind: str) -> None:
    with serve(build("compliant")) as simulator:
        outcomes = asyncio.run(_try_all(simulator, kind))
        sent = [request for request in simulator.requests if request.host != "login.microsoftonline.com"]
    assert [(one.method, one.path) for one in sent if not reads(one.method, one.path)] == []
    assert outcomes["refused"] >= WRITES[kind], outcomes
    assert outcomes["not built"] == 0, outcomes


async def _try_all(simulator: Simulator, kind: str) -> Counter[str]:
    connection = connection_to(simulator)
    login = choose(login_env(simulator), connection)
    clients = Clients(connection, Tokens(login, 10), simulator.subscription_id, "test")
    try:
        client: Any = _client(clients, kind)
        if kind == "Microsoft.Authorization":
            # the product keeps no more of this one than the pipeline; its operations are those of the public client
            settings = clients._settings(connection.endpoints.arm_scope, clients._transport, "management.azure.com")
            made = AuthorizationManagementClient(clients._tokens, simulator.subscription_id, **settings)
            made._client, client = client, made
        return Counter([await _try(operation) for operation in _operations(client)])
    finally:
        await clients.close()
        await login.credential.close()


def _client(clients: Clients, kind: str) -> object:
    if kind == VAULT:
        made, _ = clients.vault(f"https://{kind}")
    elif kind == REGISTRY:
        made, _ = clients.registry(kind)
    else:
        made = clients.manager(kind)
    # of a client whose raw door is private the product keeps only that door
    door = getattr(made, "_send", None)
    return made if door is None else door.__self__


def _operations(client: object) -> Iterator[Callable[..., Any]]:
    """The public methods of a client and of its groups of operations."""
    groups = [value for _, value in _members(client) if type(value).__name__.endswith("Operations")]
    for owner in (client, *groups):
        for name, value in _members(owner):
            if inspect.ismethod(value) and name not in ("close", "send_request"):
                yield value


def _members(owner: object) -> Iterator[tuple[str, object]]:
    for name in dir(owner):
        if not name.startswith("_"):
            try:
                yield name, getattr(owner, name)
            except ValueError:  # a group of operations that this api-version does not have
                continue


async def _try(operation: Callable[..., Any]) -> str:
    try:
        result = operation(**_arguments(operation))
        async with asyncio.timeout(10):
            if isinstance(result, AsyncIterable):
                async for _ in result:
                    break
            elif isinstance(result, Awaitable):
                await result
    except WriteRefusedError:
        return "refused"
    except (TypeError, AttributeError, KeyError, SerializationError):
        return "not built"
    except Exception as error:  # noqa: BLE001  # whatever else an operation makes of a strange answer
        return type(error).__name__
    return "answered"


def _arguments(operation: Callable[..., Any]) -> dict[str, Any]:
    """Something of the right kind for everything that an operation must be given."""
    wanted = (
        each
        for each in inspect.signature(operation).parameters.values()
        if each.default is inspect.Parameter.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    )
    return {each.name: _something(str(each.annotation)) for each in wanted}


def _something(annotation: str) -> object:
    if "IO[bytes]" in annotation:
        return io.BytesIO(b"{}")
    if "odels." in annotation and "str" not in annotation:
        return {}
    return 1 if annotation == "<class 'int'>" else "x"
