"""The official SDK clients of one run, all over one transport, all read-only."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, HttpLoggingPolicy, UserAgentPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.call import Call
from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.failures import TokenRefusedError
from mzaudit.azure.client.guard import ReadOnly
from mzaudit.azure.client.rate_limiter import RateLimiter
from mzaudit.azure.client.registry_login import RegistryLogin
from mzaudit.azure.client.response_body import LARGEST
from mzaudit.azure.client.session import SdkClient
from mzaudit.azure.client.transport import FEW, Transport
from mzaudit.kinds import REGISTRY_DATA, VAULT_DATA, Kind
from mzaudit.snapshot.text.ids import subscription_of

_PROVIDERS = (
    "Microsoft.Resources",
    "Microsoft.Authorization",
    "Microsoft.Web",
    "Microsoft.KeyVault",
    "Microsoft.Sql",
    "Microsoft.Storage",
    "Microsoft.ContainerRegistry",
)
# Under Azure's documented limit of a subscription's reads, 250 and 25 a second: what is under way when a burst ends may
# arrive all at once. The lists by POST are counted apart, by the provider, which lets 12,000 through: at this pace they
# are never what a run waits for.
_MANAGER = (225, 24.5)
_VAULT, _REGISTRY = (250, 100), (50, 20)
_VAULT_SLOTS, _VAULT_SLOTS_AMONG_MANY, _REGISTRY_SLOTS = 4, 1, 4


class _PrivateDoor:
    """Sends through the pipeline of a client whose raw door is private."""

    def __init__(self, send: Any) -> None:  # Any: the generated method is untyped
        self._send = send

    async def send_request(
        self, request: HttpRequest, *, stream: bool = False, largest: int = LARGEST
    ) -> AsyncHttpResponse:
        response: AsyncHttpResponse = await self._send(request, stream=stream, largest=largest)
        return response


def _door(client: Any) -> _PrivateDoor:  # Any: the clients have no common type
    return _PrivateDoor(client._client.send_request)  # noqa: SLF001 - its public face has operations only


class Clients:
    """Makes each client once and knows the lane that it sends on; `vaults` is how many there will be.

    `visits` is taken for as long as a vault's values are read: of many vaults only so many as `at_once` are visited at
    a time, each on one connection, because opening one costs more than all of the reads on it.
    """

    def __init__(
        self, connection: Connection, tokens: Tokens, subscription: str, user_agent: str, vaults: int = 1
    ) -> None:
        self._connection = connection
        self._tokens = tokens
        self._subscription = subscription
        self._user_agent = user_agent
        self._transport = Transport(connection)
        self._data_transport = Transport(connection, hosts=vaults)
        self.visits = asyncio.Semaphore(connection.at_once)
        self._vault_slots = _VAULT_SLOTS if vaults <= FEW else _VAULT_SLOTS_AMONG_MANY
        self._managers: dict[str, SdkClient] = {}
        self._secrets: SdkClient | None = None  # its calls say which vault
        self._hosts: dict[str, tuple[SdkClient, RateLimiter]] = {}
        self._lanes: dict[tuple[str, str], RateLimiter] = {}

    def load(self) -> None:
        """Load the SDK's clients now: their import takes seconds, which no call's own patience should pay for."""
        for provider in _PROVIDERS:
            self.manager(provider)
        import azure.containerregistry.aio
        import azure.keyvault.secrets.aio  # noqa: F401  # as above

    async def sign_in_to_vaults(self) -> None:
        """Ask for the token of all vaults now; if it is refused, each call that needs it says so."""
        await self._ahead(self._vault_scope)

    async def sign_in_to_registries(self) -> None:
        """Ask for Entra's token for registries now, in the same way."""
        await self._ahead(f"{self._connection.endpoints.registry_audience}/.default")

    async def sign_in_to_databases(self) -> None:
        """Ask for the token of databases now, in the same way."""
        await self._ahead(self._connection.endpoints.sql_scope)

    async def _ahead(self, scope: str) -> None:
        with suppress(TokenRefusedError):  # remembered, and told again to whoever asks
            await self._tokens.get_token(scope)

    @property
    def _vault_scope(self) -> str:
        return f"https://{self._connection.endpoints.vault_suffix}/.default"

    def at(self, call: Call) -> tuple[SdkClient, RateLimiter]:
        """The client that sends a call, and the lane in which Azure counts it: Resource Manager by subscription, what
        is not a GET apart."""
        if call.kind is VAULT_DATA:
            return self.vault(call.target)
        if call.kind is REGISTRY_DATA:
            return self.registry(urlsplit(call.target).netloc)
        bucket = subscription_of(call.target).casefold(), call.method
        if bucket not in self._lanes:
            self._lanes[bucket] = RateLimiter(self._connection.at_once, *_MANAGER)
        return self.manager(call.kind), self._lanes[bucket]

    def manager(self, kind: Kind | str) -> SdkClient:
        """The Resource Manager client for a resource type; types whose client cannot send raw go through resources."""
        provider = str(kind).partition("/")[0]
        provider = provider if provider in _PROVIDERS else _PROVIDERS[0]
        found = self._managers.get(provider)
        if found is None:
            found = self._managers[provider] = self._make(provider)
        return found

    def vault(self, uri: str) -> tuple[SdkClient, RateLimiter]:
        """The client of all vaults, with one vault's lane. The token is sent without a challenge: the guard sees to it
        that the vault lies in the cloud's own domain."""
        from azure.keyvault.secrets.aio import SecretClient

        host = urlsplit(uri).netloc.casefold()
        if self._secrets is None:
            version, home = VAULT_DATA.api_version, self._connection.endpoints.vault_suffix
            settings = self._settings(self._vault_scope, self._data_transport, home)
            self._secrets = SecretClient(f"https://{host}", self._tokens, api_version=version, **settings)
        if host not in self._hosts:
            self._hosts[host] = (self._secrets, RateLimiter(self._vault_slots, *_VAULT))
        return self._hosts[host]

    def registry(self, login_server: str) -> tuple[SdkClient, RateLimiter]:
        """The client of one registry's data plane."""
        from azure.containerregistry.aio import ContainerRegistryClient

        host = login_server.casefold()
        if host not in self._hosts:
            audience, home = self._connection.endpoints.registry_audience, self._connection.endpoints.registry_suffix
            login = RegistryLogin(self._tokens, audience, host)
            client = ContainerRegistryClient(
                f"https://{host}",
                self._tokens,
                audience=audience,
                **self._settings(login, self._data_transport, home),
            )
            self._hosts[host] = (_door(client), RateLimiter(_REGISTRY_SLOTS, *_REGISTRY))
        return self._hosts[host]

    async def database_token(self) -> str:
        """An access token for databases, which no client of the SDK's speaks to; raises TokenRefusedError."""
        return (await self._tokens.get_token(self._connection.endpoints.sql_scope)).token

    async def close(self) -> None:
        """Close every connection; the clients hold none of their own."""
        await self._transport.close()
        await self._data_transport.close()

    def _make(self, provider: str) -> SdkClient:
        endpoints = self._connection.endpoints
        settings = {
            "base_url": endpoints.arm,
            "credential_scopes": [endpoints.arm_scope],
            **self._settings(endpoints.arm_scope, self._transport, urlsplit(endpoints.arm).netloc),
        }
        if provider == "Microsoft.Web":
            from azure.mgmt.web.aio import WebSiteManagementClient

            return WebSiteManagementClient(self._tokens, self._subscription, **settings)
        if provider == "Microsoft.Authorization":
            from azure.mgmt.authorization.aio import AuthorizationManagementClient

            client = AuthorizationManagementClient(self._tokens, self._subscription, **settings)
            return _door(client)
        if provider == "Microsoft.KeyVault":
            from azure.mgmt.keyvault.aio import KeyVaultManagementClient

            return KeyVaultManagementClient(self._tokens, self._subscription, **settings)
        if provider == "Microsoft.Sql":
            from azure.mgmt.sql.aio import SqlManagementClient

            return SqlManagementClient(self._tokens, self._subscription, **settings)
        if provider == "Microsoft.Storage":
            from azure.mgmt.storage.aio import StorageManagementClient

            return StorageManagementClient(self._tokens, self._subscription, **settings)
        if provider == "Microsoft.ContainerRegistry":
            from azure.mgmt.containerregistry.aio import ContainerRegistryManagementClient

            return ContainerRegistryManagementClient(self._tokens, self._subscription, **settings)
        from azure.mgmt.resource.resources.aio import ResourceManagementClient

        return ResourceManagementClient(self._tokens, self._subscription, **settings)

    def _settings(
        self, login: str | RegistryLogin, transport: Transport, home: str
    ) -> dict[str, Any]:  # Any: keyword arguments of the SDK
        """The client's own pipeline with what a read needs: the login (or the scope of its token), the guard at `home`.

        The session retries, with one patience for all services; a redirect could lead a token elsewhere; nothing is
        registered, traced or decoded on the way.
        """
        policies: list[Any] = [
            UserAgentPolicy(base_user_agent=self._user_agent),
            login if isinstance(login, RegistryLogin) else AsyncBearerTokenCredentialPolicy(self._tokens, login),
            ReadOnly(home),
        ]
        if logging.getLogger(HttpLoggingPolicy.__module__).isEnabledFor(logging.INFO):
            policies.append(HttpLoggingPolicy())
        return {"transport": transport, "policies": policies}
