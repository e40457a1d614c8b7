"""The official SDK clients of one run, all over one transport, all read-only."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from azure.core.rest import AsyncHttpResponse, HttpRequest

from mzaudit.azure.connection import Connection
from mzaudit.azure.guard import ReadOnly
from mzaudit.azure.session import Client, Pace, Plane
from mzaudit.azure.tokens import Tokens
from mzaudit.azure.transport import Transport
from mzaudit.azure.versions import VERSIONS

_PROVIDERS = (
    "Microsoft.Resources",
    "Microsoft.Authorization",
    "Microsoft.Web",
    "Microsoft.KeyVault",
    "Microsoft.Sql",
    "Microsoft.Storage",
    "Microsoft.ContainerRegistry",
)
_ARM_SLOTS, _VAULT_SLOTS, _REGISTRY_SLOTS = 24, 4, 4


class _PrivateDoor:
    """Sends through the pipeline of a client whose raw door is private: its public face has operations only."""

    def __init__(self, send: Any) -> None:  # Any: the generated method is untyped
        self._send = send

    async def send_request(self, request: HttpRequest, *, stream: bool = False) -> AsyncHttpResponse:
        # cast: the generated method is untyped
        return cast(AsyncHttpResponse, await self._send(request, stream=stream))


class Clients:
    """Makes each client once and knows the plane that it sends on."""

    def __init__(self, connection: Connection, tokens: Tokens, subscription: str, user_agent: str) -> None:
        self._connection = connection
        self._tokens = tokens
        self._subscription = subscription
        self._user_agent = user_agent
        self._transport = Transport(connection)
        # under Azure's documented limits (reads 250 and 25 a second; what is not a GET counts as a write)
        self._arm = Plane(_ARM_SLOTS, Pace(250, 20), Pace(200, 10))
        self._managers: dict[str, Client] = {}
        self._planes: dict[str, tuple[Client, Plane]] = {}

    def load(self) -> None:
        """Load the SDK's clients now: their import takes seconds, which no call's own patience should pay for."""
        for provider in _PROVIDERS:
            self.manager(provider)
        import azure.containerregistry.aio
        import azure.keyvault.secrets.aio  # noqa: F401  # as above

    def manager(self, kind: str) -> tuple[Client, Plane]:
        """The Resource Manager client for a resource type; types whose client cannot send raw go through resources."""
        provider = kind.partition("/")[0]
        provider = provider if provider in _PROVIDERS else _PROVIDERS[0]
        found = self._managers.get(provider)
        if found is None:
            found = self._managers[provider] = self._make(provider)
        return found, self._arm

    def vault(self, uri: str) -> tuple[Client, Plane]:
        """The client of one vault; the SDK verifies that the vault's challenge belongs to its domain."""
        from azure.keyvault.secrets.aio import SecretClient

        host = urlsplit(uri).netloc.casefold()
        if host not in self._planes:
            client = SecretClient(
                f"https://{host}", self._tokens, api_version=VERSIONS["vault data plane"], **self._settings()
            )
            self._planes[host] = (client, Plane(_VAULT_SLOTS, Pace(250, 100)))
        return self._planes[host]

    def registry(self, login_server: str) -> tuple[Client, Plane]:
        """The client of one registry's data plane."""
        from azure.containerregistry.aio import ContainerRegistryClient

        host = login_server.casefold()
        if host not in self._planes:
            client = ContainerRegistryClient(
                f"https://{host}",
                self._tokens,
                audience=self._connection.endpoints.registry_audience,
                **self._settings(),
            )
            self._planes[host] = (_PrivateDoor(client._client.send_request), Plane(_REGISTRY_SLOTS, Pace(50, 20)))
        return self._planes[host]

    async def close(self) -> None:
        """Close every connection; the clients hold none of their own."""
        await self._transport.close()

    def _make(self, provider: str) -> Client:
        endpoints = self._connection.endpoints
        settings = {
            "base_url": endpoints.arm,
            "credential_scopes": [endpoints.arm_scope],
            **self._settings(),
        }
        if provider == "Microsoft.Web":
            from azure.mgmt.web.aio import WebSiteManagementClient

            return WebSiteManagementClient(self._tokens, self._subscription, **settings)
        if provider == "Microsoft.Authorization":
            from azure.mgmt.authorization.aio import AuthorizationManagementClient

            client = AuthorizationManagementClient(self._tokens, self._subscription, **settings)
            return _PrivateDoor(client._client.send_request)
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

    def _settings(self) -> dict[str, Any]:  # Any: keyword arguments of the SDK's constructors
        # the session retries, with one patience for all services; a redirect could lead a token elsewhere
        return {
            "transport": self._transport,
            "per_retry_policies": [ReadOnly()],
            "retry_total": 0,
            "permit_redirects": False,
            "logging_enable": False,
            "user_agent": self._user_agent,
        }
