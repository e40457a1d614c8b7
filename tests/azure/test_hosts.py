"""No token leaves for a host outside the cloud's own domain for the service, whatever answer named the host."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.rest import HttpRequest
from yarl import URL

from mzaudit.azure import Connection, choose
from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.connection import CLOUDS, CloudName
from mzaudit.azure.client.failures import DatabaseError, HostRefusedError
from mzaudit.azure.client.guard import at_home
from mzaudit.azure.client.sdk_clients import Clients
from mzaudit.azure.client.transport import Transport
from mzaudit.azure.sql import tds_connection
from mzaudit.simulator import Alter, Fault, serve
from mzaudit.snapshot.observed import Gap, GapReason
from tests.azure.estates import Names, take
from tests.documented_estate import build

SERVICES = ("manager", "vault", "registry", "database")


def home_of(cloud: CloudName, service: str) -> str:
    known = CLOUDS[cloud]
    return {
        "manager": known.arm.removeprefix("https://"),
        "vault": known.vault_suffix,
        "registry": known.registry_suffix,
        "database": known.sql_suffix,
    }[service]


def strangers(home: str) -> list[str]:
    """Hosts, as somebody would write them, that are none of the domain's."""
    other = [home_of(cloud, service) for cloud in CLOUDS for service in SERVICES]
    return [
        *(f"x.{each}" for each in other if each != home and not each.endswith(f".{home}")),
        "example.org",
        f"{home}.example.org",
        f"x{home}",
        f"x-{home}",
        f"x.{home}.",
        f"x.{home}:8443",
        f"x.{home}:443@example.org",
        f"user@x.{home}",
        f"user:pw@x.{home}",
        f"example.org#.{home}",
        f"example.org?.{home}",
        f"example.org/.{home}",
        f"example.org\\.{home}",
        f"example.org%2f.{home}",
        f"x\u3002{home}",
        f"\u212a.{home}",
        f"x.{home}".replace("e", "\u0435", 1),
        f"xn--\u00e9.{home}",
        f"x..{home}",
        f".{home}",
        f"x .{home}",
        f"x\n.{home}",
        f"[::1].{home}",
        "127.0.0.1",
        "",
    ]


class _Token:
    async def get_token(self, *_: object, **__: object) -> AccessToken:
        return AccessToken("hunter2", 2**40)

    async def close(self) -> None: ...


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_token_leaves_the_domain(cloud: CloudName, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    async def recorded(_: Transport, request: Any, **__: object) -> None:
        sent.append(request.url)
        raise TimeoutError

    monkeypatch.setattr(Transport, "send", recorded)
    connection, home = Connection(cloud=cloud), home_of(cloud, service)

    async def ask(host: str) -> None:
        if service == "database":
            tds_connection._inside(connection, host, 1433)
            raise TimeoutError
        login = choose({"MZAUDIT_CREDENTIAL": "azure-cli"}, connection)
        object.__setattr__(login, "credential", _Token())
        clients = Clients(connection, Tokens(login, 10), "s", "test")
        if service == "manager":
            client = clients.manager("Microsoft.Web/sites")
        else:
            client, _ = clients.vault(f"https://{host}") if service == "vault" else clients.registry(host)
        await client.send_request(HttpRequest("GET", f"https://{host}/acr/v1/a/_tags"), stream=True)

    for host in strangers(home):
        assert not at_home(f"https://{host}/", home) or host == ""
        with pytest.raises((HostRefusedError, DatabaseError, ValueError, TimeoutError)):
            asyncio.run(ask(host))
    # another parser than ours, the one that connects: whatever was sent is at home
    assert [
        url for url in map(URL, sent) if not f".{url.host}".endswith(f".{home}") or url.port != 443 or url.user
    ] == []
    sent.clear()
    for host in (f"x.{home}", f"X.{home.upper()}"):
        with pytest.raises(TimeoutError):
            asyncio.run(ask(host))
    assert len(sent) == (0 if service == "database" else 2)


@pytest.mark.parametrize(
    "url",
    ["http://x.vault.azure.net", "x.vault.azure.net", "//x.vault.azure.net", "https:x.vault.azure.net", "https://"],
)
def test_a_host_is_asked_by_https_alone(url: str) -> None:
    assert not at_home(url, "vault.azure.net")
    assert at_home("https://x.vault.azure.net:443/secrets", "vault.azure.net")


def naming(name: str, host: str) -> Alter:
    value = f"https://{host}/" if name == "vaultUri" else host
    return Alter(lambda body: {**body, "properties": {**body["properties"], name: value}})


def test_an_answer_that_names_such_a_host_is_a_gap() -> None:
    """Whichever answer it is: the vault's, the registry's, the server's."""
    told = {"vaults/kv-mz-cloud-prd$": "vaultUri", "registries/acrmonozu$": "loginServer"}
    told |= {"servers/sql-monozu-prd$": "fullyQualifiedDomainName"}
    with serve(build("compliant")) as sim:
        for host in ("acr.example.org", "\u212a.azurecr.io", "x.vault.azure.net.example.org", "x.vault.azure.cn"):
            sim.faults[:] = [Fault(match, naming(name, host)) for match, name in told.items()]
            snapshot = take(sim)
            names = Names(sim.subscription_id)
            found = [
                snapshot.vault(names.cloud_vault).properties,
                snapshot.registry(names.registry).properties,
                *(each.principals.gap for each in snapshot.databases.values()),
            ]
            assert len(found) == 4
            assert all(isinstance(each, Gap) for each in found)
            reasons = {each.reason for each in found if isinstance(each, Gap)}
            assert reasons <= {GapReason.MALFORMED, GapReason.REFUSED, GapReason.CONTRADICTED}
            asked = {request.host for request in sim.requests} | set(sim.refused)
            assert not [each for each in asked if "example" in each or each.startswith("x.")]
