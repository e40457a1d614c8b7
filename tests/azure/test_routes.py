"""Our routes and api-versions are those of the official clients: each read is made again by the generated operation,
and both requests are compared as they stand on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from azure.core.exceptions import DeserializationError
from azure.identity.aio import AzureCliCredential
from azure.mgmt.authorization.aio import AuthorizationManagementClient
from azure.mgmt.containerregistry.aio import ContainerRegistryManagementClient
from azure.mgmt.keyvault.aio import KeyVaultManagementClient
from azure.mgmt.sql.aio import SqlManagementClient
from azure.mgmt.storage.aio import StorageManagementClient
from azure.mgmt.web.aio import WebSiteManagementClient

from mzaudit.azure import choose
from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.kinds import VERSIONS
from mzaudit.simulator import Request, Simulator, serve
from tests.azure.estates import connection_to, login_env, take
from tests.documented_estate import build

GROUP, APP, VAULT, SERVER = "rg-monozu-prd", "app-monozu-cloud-prd", "kv-mz-cloud-prd", "sql-monozu-prd"
SITE = f"/resourceGroups/{GROUP}/providers/Microsoft.Web/sites/{APP}"
SLOT = f"{SITE}/slots/staging"
Made = Awaitable[object] | AsyncIterable[object]
# Any: the generated clients; each operation of theirs is called as its documentation says.
Operation = Callable[[Any], Made]

# kind of the version that we send, the client's class, our path below the subscription, and their operation
ROUTES: Mapping[str, tuple[str, type[Any], str, Operation]] = {
    "site": ("Microsoft.Web/sites", WebSiteManagementClient, SITE, lambda c: c.web_apps.get(GROUP, APP)),
    "config": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SITE}/config/web",
        lambda c: c.web_apps.get_configuration(GROUP, APP),
    ),
    "settings": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SITE}/config/appsettings/list",
        lambda c: c.web_apps.list_application_settings(GROUP, APP),
    ),
    "connection strings": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SITE}/config/connectionstrings/list",
        lambda c: c.web_apps.list_connection_strings(GROUP, APP),
    ),
    "mounts": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SITE}/config/azurestorageaccounts/list",
        lambda c: c.web_apps.list_azure_storage_accounts(GROUP, APP),
    ),
    "references": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SITE}/config/configreferences/appsettings",
        lambda c: c.web_apps.get_app_settings_key_vault_references(GROUP, APP),
    ),
    "containers": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SITE}/sitecontainers",
        lambda c: c.web_apps.list_site_containers(GROUP, APP),
    ),
    "slots": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SITE}/slots",
        lambda c: c.web_apps.list_slots(GROUP, APP),
    ),
    "slot": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        SLOT,
        lambda c: c.web_apps.get_slot(GROUP, APP, "staging"),
    ),
    "slot's settings": (
        "Microsoft.Web/sites",
        WebSiteManagementClient,
        f"{SLOT}/config/appsettings/list",
        lambda c: c.web_apps.list_application_settings_slot(GROUP, APP, "staging"),
    ),
    "plan": (
        "Microsoft.Web/serverfarms",
        WebSiteManagementClient,
        f"/resourceGroups/{GROUP}/providers/Microsoft.Web/serverfarms/asp-monozu-prd",
        lambda c: c.app_service_plans.get(GROUP, "asp-monozu-prd"),
    ),
    "vault": (
        "Microsoft.KeyVault/vaults",
        KeyVaultManagementClient,
        f"/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}",
        lambda c: c.vaults.get(GROUP, VAULT),
    ),
    "secrets": (
        "Microsoft.KeyVault/vaults",
        KeyVaultManagementClient,
        f"/resourceGroups/{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}/secrets",
        lambda c: c.secrets.list(GROUP, VAULT),
    ),
    "server": (
        "Microsoft.Sql/servers",
        SqlManagementClient,
        f"/resourceGroups/{GROUP}/providers/Microsoft.Sql/servers/{SERVER}",
        lambda c: c.servers.get(GROUP, SERVER),
    ),
    "databases": (
        "Microsoft.Sql/servers",
        SqlManagementClient,
        f"/resourceGroups/{GROUP}/providers/Microsoft.Sql/servers/{SERVER}/databases",
        lambda c: c.databases.list_by_server(GROUP, SERVER),
    ),
    "account": (
        "Microsoft.Storage/storageAccounts",
        StorageManagementClient,
        f"/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/stmonozuprd",
        lambda c: c.storage_accounts.get_properties(GROUP, "stmonozuprd"),
    ),
    "container": (
        "Microsoft.Storage/storageAccounts",
        StorageManagementClient,
        f"/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/stmonozuprd/blobServices/default/containers/snaps",
        lambda c: c.blob_containers.get(GROUP, "stmonozuprd", "snaps"),
    ),
    "registry": (
        "Microsoft.ContainerRegistry/registries",
        ContainerRegistryManagementClient,
        "/resourceGroups/rg-monozu-shared/providers/Microsoft.ContainerRegistry/registries/acrmonozu",
        lambda c: c.registries.get("rg-monozu-shared", "acrmonozu"),
    ),
    "assignments": (
        "Microsoft.Authorization/roleAssignments",
        AuthorizationManagementClient,
        "/providers/Microsoft.Authorization/roleAssignments",
        lambda c: c.role_assignments.list_for_subscription(),
    ),
    "denies": (
        "Microsoft.Authorization/denyAssignments",
        AuthorizationManagementClient,
        "/providers/Microsoft.Authorization/denyAssignments",
        lambda c: c.deny_assignments.list(),
    ),
}


@pytest.fixture(scope="module")
def ours() -> set[tuple[str, str, str]]:
    with serve(build("compliant")) as sim:
        take(sim)
        return {_shown(request) for request in sim.requests}


def _shown(request: Request) -> tuple[str, str, str]:
    version = next((each for each in request.query.split("&") if each.startswith("api-version=")), "")
    return request.method, request.path.casefold(), version


async def _theirs(sim: Simulator, client: type[Any], operation: Operation, version: str) -> None:
    connection = connection_to(sim)
    login = choose(login_env(sim), connection)
    clients = Clients(connection, Tokens(login, 10), sim.subscription_id, "test")
    settings = clients._settings(connection.endpoints.arm_scope, clients._transport, "management.azure.com")
    try:
        made = client(clients._tokens, sim.subscription_id, api_version=version, **settings)
        with suppress(DeserializationError):  # the answer is of no interest, and nothing decodes it on the way
            result = operation(made)
            if isinstance(result, AsyncIterable):
                async for _ in result:
                    break
            else:
                await result
    finally:
        await clients.close()
        await login.credential.close()


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_is_that_of_the_generated_operation(name: str, ours: set[tuple[str, str, str]]) -> None:
    kind, client, path, operation = ROUTES[name]
    with serve(build("compliant")) as sim:
        asyncio.run(_theirs(sim, client, operation, VERSIONS[kind]))
        sent = [_shown(request) for request in sim.requests if request.host == "management.azure.com"]
        subscription = sim.subscription_id
    assert sent[0] in ours
    assert sent[0][1] == f"/subscriptions/{subscription}{path}".casefold()


NEWEST: Mapping[str, type[Any]] = {
    "Microsoft.Web/sites": WebSiteManagementClient,
    "Microsoft.KeyVault/vaults": KeyVaultManagementClient,
    "Microsoft.Sql/servers": SqlManagementClient,
    "Microsoft.Storage/storageAccounts": StorageManagementClient,
}


@pytest.mark.parametrize("kind", NEWEST)
def test_a_version_is_the_one_that_the_client_was_made_for(kind: str) -> None:
    made = NEWEST[kind](AzureCliCredential(), "00000000-0000-0000-0000-000000000000")
    assert made._config.api_version == VERSIONS[kind]
