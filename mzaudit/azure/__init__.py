"""The only door to Azure: reads what a scope names into a snapshot of facts and gaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.credential_selection import Login, choose
from mzaudit.azure.scope import DatabaseScope, ResourceScope, Scope, ServerScope, VaultScope

if TYPE_CHECKING:
    from mzaudit.snapshot.changes import Records
    from mzaudit.snapshot.estate import Read, Snapshot
    from mzaudit.snapshot.observed import Listing

__all__ = [
    "Connection",
    "DatabaseScope",
    "Login",
    "ResourceScope",
    "Scope",
    "ServerScope",
    "VaultScope",
    "changes_of",
    "choose",
    "collect",
    "take_inventory",
]


async def collect(
    scope: Scope,
    login: Login,
    connection: Connection,
    *,
    taken: datetime,
    tool_version: str,
    source: str,
    timeout: float,  # noqa: ASYNC109  # the whole run's deadline; what is late becomes a gap, nothing is cancelled
    values: bool,
    progress: Callable[[str], None] | None = None,
) -> Snapshot:
    """Read everything in scope within `timeout` seconds; loads the SDK.

    Raises CredentialError if no token for Resource Manager can be had. Whatever else goes wrong is a gap of the
    snapshot. `values` says whether secret values may be requested; `progress` is told each step in words.
    """
    from mzaudit.azure import collector

    return await collector.collect(
        scope,
        login,
        connection,
        taken=taken,
        tool_version=tool_version,
        source=source,
        timeout=timeout,
        values=values,
        progress=progress,
    )


async def take_inventory(
    subscription: str,
    login: Login,
    connection: Connection,
    *,
    tool_version: str,
    timeout: float,  # noqa: ASYNC109  # the whole run's deadline; what is late becomes a gap, nothing is cancelled
) -> Mapping[str, Listing[str]]:
    """The ids of what is in a subscription, by kind; loads the SDK.

    Raises CredentialError if no token for Resource Manager can be had; whatever else goes wrong is a gap of a listing.
    """
    from mzaudit.azure.client.lifecycle import opened
    from mzaudit.azure.discovery import discover

    async with opened(login, connection, subscription, tool_version=tool_version, timeout=timeout) as (run, _):
        return await discover(run, subscription)


async def changes_of(
    resources: Sequence[str],
    login: Login,
    connection: Connection,
    *,
    taken: datetime,
    tool_version: str,
    timeout: float,  # noqa: ASYNC109  # the whole run's deadline; what is late becomes a gap, nothing is cancelled
) -> tuple[Records, tuple[Read, ...]]:
    """What Azure recorded of changes to these resources, at least one, and every call that it took; loads the SDK.

    Raises CredentialError if no token for Resource Manager can be had; whatever else goes wrong is a gap.
    """
    from mzaudit.azure.client.lifecycle import opened
    from mzaudit.azure.readers.changes_reader import records
    from mzaudit.snapshot.text.ids import subscription_of

    subscription = subscription_of(resources[0])
    async with opened(login, connection, subscription, tool_version=tool_version, timeout=timeout) as (run, _):
        return await records(run, resources, taken), run.ledger.reads()
