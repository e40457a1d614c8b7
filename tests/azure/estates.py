"""Runs `collect` against the simulated Azure, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from mzaudit.azure import (
    Connection,
    DatabaseScope,
    Login,
    ResourceScope,
    Scope,
    ServerScope,
    VaultScope,
    choose,
    collect,
)
from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.connection import Retry
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.azure.client.session import Session
from mzaudit.azure.readers import authorization_reader
from mzaudit.azure.readers.read import ReadContext
from mzaudit.simulator import Estate, Simulator
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit
from mzaudit.snapshot.estate import Snapshot
from tests.virtual_time import VirtualTime

CLOUD = (
    "SECRET-KEY",
    "CLOUD-INTERNAL-API-TOKEN",
    "CLOUD-WEBHOOK-HMAC-SECRET",
    "MANAGEMENT-API-URL",
    "MS-CLIENT-ID",
    "MS-CLIENT-SECRET",
    "APPLICATIONINSIGHTS-CONNECTION-STRING",
    "SNAP-PUBLISH-TOKEN",
)
MANAGE = (
    "SECRET-KEY",
    "CLOUD-INTERNAL-API-TOKEN",
    "CLOUD-WEBHOOK-HMAC-SECRET",
    "CLOUD-API-URL",
    "MS-CLIENT-ID",
    "MS-CLIENT-SECRET",
    "MS-TENANT-ID",
    "APPLICATIONINSIGHTS-CONNECTION-STRING",
)
TAKEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HURRIED = Retry(tries=2, first=0.01, longest=0.01, budget=10.0, budget_when_exhausted=1.0)

T = TypeVar("T")


def database_scope(name: str) -> DatabaseScope:
    """A database, with what the shipped policy asks of each."""
    return DatabaseScope(name, "tenant_id", "dbo.flyway_schema_history")


class Names:
    """The ids of one environment's things."""

    def __init__(self, subscription: str, env: str = "prd") -> None:
        self.env = env
        self.subscription = subscription
        self.group = f"/subscriptions/{subscription}/resourceGroups/rg-monozu-{env}"
        self.cloud = f"{self.group}/providers/Microsoft.Web/sites/app-monozu-cloud-{env}"
        self.manage = f"{self.group}/providers/Microsoft.Web/sites/app-monozu-manage-{env}"
        self.ingest = f"{self.group}/providers/Microsoft.Web/sites/app-monozu-ingest-{env}"
        self.plan = f"{self.group}/providers/Microsoft.Web/serverfarms/asp-monozu-{env}"
        self.cloud_vault = f"{self.group}/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-{env}"
        self.manage_vault = f"{self.group}/providers/Microsoft.KeyVault/vaults/kv-mz-manage-{env}"
        self.server = f"{self.group}/providers/Microsoft.Sql/servers/sql-monozu-{env}"
        self.account = f"{self.group}/providers/Microsoft.Storage/storageAccounts/stmonozu{env}"
        self.component = f"{self.group}/providers/Microsoft.Insights/components/appi-monozu-{env}"
        self.databases = (f"db-monozu-cloud-{env}", f"db-monozu-manage-{env}")
        shared = f"/subscriptions/{subscription}/resourceGroups/rg-monozu-shared"
        self.registry = f"{shared}/providers/Microsoft.ContainerRegistry/registries/acrmonozu"

    def scope(self) -> Scope:
        """All of it, and the identities of staging."""
        return Scope(
            environments={self.env: self.subscription},
            sites=(self.cloud, self.manage, self.ingest),
            identities_of=tuple(each.replace(self.env, "stg") for each in (self.cloud, self.manage, self.ingest)),
            vaults=(
                VaultScope(self.cloud_vault, CLOUD, CLOUD),
                VaultScope(self.manage_vault, MANAGE, MANAGE),
            ),
            registries=(ResourceScope(self.registry, ("cloud-backend", "management-backend", "ingestor")),),
            servers=(ServerScope(self.server, tuple(map(database_scope, self.databases))),),
            components=(self.component,),
            resources=(ResourceScope(self.account, ("snaps",)),),
            resource_groups=(self.group,),
        )


def pinned(estate: Estate) -> str:
    """Let production's cloud backend run one platform's image of its tag's index; gives the reference."""
    tag = commit("cloud-backend", LATEST_COMMIT)
    one = estate.images["cloud-backend"][tag].platforms[0]
    image = f"acrmonozu.azurecr.io/cloud-backend:{tag}@{one}"
    estate.site_config("app-monozu-cloud-prd")["linuxFxVersion"] = f"DOCKER|{image}"
    return image


def login_env(sim: Simulator) -> dict[str, str]:
    """The environment of the simulated auditor."""
    return {
        "AZURE_TENANT_ID": sim.tenant_id,
        "AZURE_CLIENT_ID": sim.client_id,
        "AZURE_CLIENT_SECRET": sim.client_secret,
    }


def connection_to(sim: Simulator, retry: Retry = HURRIED) -> Connection:
    """The way to the simulator: as a company proxy would be reached."""
    return Connection(proxy=sim.proxy, ca_file=sim.ca_file, retry=retry)


def take(
    sim: Simulator,
    *,
    scope: Scope | None = None,
    retry: Retry = HURRIED,
    values: bool = True,
    seconds: float = 60,
    login: Callable[[Connection], Login] | None = None,
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
    wire: bool = False,
    taken: datetime = TAKEN,
) -> Snapshot:
    """One snapshot of the simulated estate; by default of production, and in memory, where no time passes."""
    connection = connection_to(sim, retry)
    if not wire:
        connection = replace(connection, session=sim.session)
    with asyncio.Runner(loop_factory=loop or (None if wire else VirtualTime)) as runner:
        return runner.run(
            collect(
                scope or Names(sim.subscription_id).scope(),
                choose(login_env(sim), connection) if login is None else login(connection),
                connection,
                taken=taken,
                tool_version="0",
                source="simulated",
                timeout=seconds,
                values=values,
            )
        )


def read_with(sim: Simulator, read: Callable[[ReadContext], Awaitable[T]]) -> T:
    """What one reader makes of the simulated Azure, without the rest of a run."""
    return asyncio.run(_read_with(sim, read))


async def _read_with(sim: Simulator, read: Callable[[ReadContext], Awaitable[T]]) -> T:
    connection = connection_to(sim)
    login = choose(login_env(sim), connection)
    clients = Clients(connection, Tokens(login, 10), sim.subscription_id, "mzaudit/0")
    deadline = asyncio.get_running_loop().time() + 30
    try:
        return await read(
            ReadContext(connection, Session(connection.retry, deadline), clients, authorization_reader.permissions)
        )
    finally:
        await clients.close()
        await login.credential.close()
