"""Opens the connection to Azure for one run, and closes it after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.call import Call
from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.credential_selection import Login
from mzaudit.azure.client.daemon_threads import Threads
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.azure.client.session import Session
from mzaudit.azure.readers import authorization_reader
from mzaudit.azure.readers.read import ReadContext
from mzaudit.snapshot.estate import Caller

# a call must outlast its wait for a token, to say that this is what it waited for
_FOR_A_TOKEN = 0.75


@asynccontextmanager
async def opened(
    login: Login,
    connection: Connection,
    subscription: str,
    *,
    tool_version: str,
    timeout: float,  # noqa: ASYNC109  # the whole run's deadline; what is late becomes a gap, nothing is cancelled
    vaults: int = 1,
    lists: Mapping[str, Call] | None = None,
) -> AsyncIterator[tuple[ReadContext, Caller | None]]:
    """A run that is signed in, and as whom. `vaults` is how many it will read; `lists` replace reads.

    Raises CredentialError if no token for Resource Manager can be had.
    """
    loop = asyncio.get_running_loop()
    # a database holds its thread to its end, and the look-up of a name that hangs would hold one of a pool too
    loop.set_default_executor(Threads())
    deadline = loop.time() + timeout
    tokens = Tokens(login, _FOR_A_TOKEN * connection.retry.budget, deadline)
    clients = Clients(connection, tokens, subscription, f"mzaudit/{tool_version}", vaults)
    session = Session(connection.retry, deadline, connection.memory)
    try:
        caller = await _signed_in(tokens, clients, connection)
        yield ReadContext(connection, session, clients, authorization_reader.permissions, lists), caller
    finally:
        await clients.close()
        await login.credential.close()


async def _signed_in(tokens: Tokens, clients: Clients, connection: Connection) -> Caller | None:
    """Whose token for Resource Manager it is. The SDK's clients load while it is on its way."""
    loading = asyncio.create_task(asyncio.to_thread(clients.load))
    try:
        return await tokens.for_arm(connection.endpoints.arm_scope)
    finally:
        await loading
