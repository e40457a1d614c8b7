"""That no write leaves the SDK's own clients, not even the registration that the SDK itself would send."""

from __future__ import annotations

import asyncio

import pytest
from azure.core.rest import HttpRequest

from mzaudit.azure import choose
from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.failures import WriteRefusedError
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.simulator import Fault, StatusFault, serve
from tests.azure.estates import connection_to, login_env
from tests.documented_estate import build

UNREGISTERED = {
    "error": {
        "code": "MissingSubscriptionRegistration",
        "message": "The subscription is not registered to use namespace 'Microsoft.Web'.",
    }
}
KINDS = (
    "Microsoft.Web/sites",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Sql/servers",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.Authorization/roleAssignments",
    "vault",
    "registry",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_a_write_is_refused_by_every_client(kind: str, method: str) -> None:
    with serve(build("compliant")) as sim:

        async def write() -> None:
            connection = connection_to(sim)
            login = choose(login_env(sim), connection)
            clients = Clients(connection, Tokens(login, 10), sim.subscription_id, "test")
            hosts = {"vault": "kv-mz-cloud-prd.vault.azure.net", "registry": "acrmonozu.azurecr.io"}
            host = hosts.get(kind, "management.azure.com")
            match kind:
                case "vault":
                    client, _ = clients.vault(f"https://{host}")
                case "registry":
                    client, _ = clients.registry(host)
                case _:
                    client = clients.manager(kind)
            try:
                await client.send_request(HttpRequest(method, f"https://{host}/subscriptions/x?api-version=2022-04-01"))
            finally:
                await clients.close()
                await login.credential.close()

        with pytest.raises(WriteRefusedError):
            asyncio.run(write())
        assert {request.method for request in sim.requests if request.host != "login.microsoftonline.com"} <= {"GET"}


def test_no_provider_is_registered() -> None:
    with serve(build("compliant"), faults=[Fault("GET /subscriptions/", StatusFault(409, UNREGISTERED))]) as sim:

        async def read() -> int:
            connection = connection_to(sim)
            login = choose(login_env(sim), connection)
            clients = Clients(connection, Tokens(login, 10), sim.subscription_id, "test")
            client = clients.manager("Microsoft.Web/sites")
            url = f"https://management.azure.com/subscriptions/{sim.subscription_id}/providers?api-version=2022-04-01"
            try:
                # not streamed, so that the SDK could read the body and act on it
                return (await client.send_request(HttpRequest("GET", url))).status_code
            finally:
                await clients.close()
                await login.credential.close()

        assert asyncio.run(read()) == 409
        assert [request for request in sim.requests if "register" in request.path] == []
