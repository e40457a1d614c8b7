"""Which credential a run signs in with: the first whose variables are set, alone, without probing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mzaudit.azure.client.connection import Connection
from mzaudit.errors import CredentialError

if TYPE_CHECKING:
    from types import TracebackType

    from azure.core.credentials import AccessToken, TokenCredential
    from azure.core.credentials_async import AsyncTokenCredential

# What names a service connection: whoever runs the job, or the task AzureCLI@2. Its three ids are of one of the two:
# an agent may have an identity of its own, with AZURE_CLIENT_ID and AZURE_TENANT_ID.
_CONNECTIONS = ("AZURE", "AZURESUBSCRIPTION")
_CONNECTION_IDS = tuple(f"{family}_SERVICE_CONNECTION_ID" for family in _CONNECTIONS)
_CLIENT_IDS = ("AZURE_CLIENT_ID",)
_TENANT_IDS = ("AZURE_TENANT_ID",)


@dataclass(frozen=True, slots=True)
class Login:
    """A credential and the name under which reports show it. `collect` closes the credential's connections."""

    credential: AsyncTokenCredential = field(repr=False)
    name: str


def choose(env: Mapping[str, str], connection: Connection) -> Login:
    """The credential that `env` asks for; MZAUDIT_CREDENTIAL names one outright.

    Order: Azure Pipelines, workload identity, environment (secret, then certificate), managed identity, Azure CLI.
    Nothing is contacted. White space around a value is no part of it: a file's last line ends in a line feed. Raises
    CredentialError if a variable that the chosen one needs is missing or wrong.
    """
    env = {name: value.strip() for name, value in env.items()}
    kind = env.get("MZAUDIT_CREDENTIAL", "").casefold() or _first(env)
    if kind not in _KINDS:  # a secret may have been put there, and is not repeated
        raise CredentialError(f"MZAUDIT_CREDENTIAL: expected one of {', '.join(_KINDS)}, found something else")
    try:
        return _KINDS[kind](env, connection)
    except (ValueError, OSError) as error:
        raise CredentialError(f"{kind}: {type(error).__name__}: check AZURE_TENANT_ID and the certificate") from None


def _first(env: Mapping[str, str]) -> str:
    if env.get("SYSTEM_OIDCREQUESTURI") and env.get("SYSTEM_ACCESSTOKEN") and _any(env, _CONNECTION_IDS):
        return "azure-pipelines"
    if env.get("AZURE_FEDERATED_TOKEN_FILE"):
        return "workload-identity"
    if env.get("AZURE_CLIENT_SECRET") or env.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        return "environment"
    if env.get("IDENTITY_ENDPOINT"):
        return "managed-identity"
    return "azure-cli"


def _pipelines(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity import AzurePipelinesCredential

    name = "azure-pipelines (federated service connection)"
    service = urlsplit(env.get("SYSTEM_OIDCREQUESTURI", ""))
    if service.scheme != "https" and service.hostname != "127.0.0.1":
        raise CredentialError(f"{name}: SYSTEM_OIDCREQUESTURI: expected https://…: the pipeline's token is sent there")
    connection_id = _need(env, name, _CONNECTION_IDS)
    family = next(each for each in _CONNECTIONS if env.get(f"{each}_SERVICE_CONNECTION_ID"))
    # its request for the pipeline's own token blocks in either kind, and cannot share our transport
    credential = AzurePipelinesCredential(
        tenant_id=_need(env, name, (f"{family}_TENANT_ID",)),
        client_id=_need(env, name, (f"{family}_CLIENT_ID",)),
        service_connection_id=connection_id,
        system_access_token=_need(env, name, ("SYSTEM_ACCESSTOKEN",)),
        authority=connection.endpoints.authority,
        **_direct(env, connection),
    )
    return Login(_InThreads(credential), name)


class _InThreads:
    """A credential that blocks, as one that does not."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # Any: as the SDK's protocol has it
        """A token, waited for in a thread."""
        return await asyncio.to_thread(self._credential.get_token, *scopes, **options)

    async def close(self) -> None:
        """Nothing: a thread may be waiting for it, and its connections end with the process."""

    async def __aenter__(self) -> _InThreads:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def _workload(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import WorkloadIdentityCredential

    name = "workload identity (federated token file)"
    credential = WorkloadIdentityCredential(
        tenant_id=_need(env, name, _TENANT_IDS),
        client_id=_need(env, name, _CLIENT_IDS),
        token_file_path=_need(env, name, ("AZURE_FEDERATED_TOKEN_FILE",)),
        **_settings(connection),
    )
    return Login(credential, name)


def _environment(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import CertificateCredential, ClientSecretCredential

    name = "environment (client secret)" if env.get("AZURE_CLIENT_SECRET") else "environment (client certificate)"
    tenant, client = _need(env, name, ("AZURE_TENANT_ID",)), _need(env, name, ("AZURE_CLIENT_ID",))
    if env.get("AZURE_CLIENT_SECRET"):
        return Login(ClientSecretCredential(tenant, client, env["AZURE_CLIENT_SECRET"], **_settings(connection)), name)
    path = _need(env, name, ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"))
    password = env.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
    return Login(CertificateCredential(tenant, client, path, password=password, **_settings(connection)), name)


def _managed(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import ManagedIdentityCredential

    client = env.get("AZURE_CLIENT_ID") or None
    name = "managed identity (user-assigned)" if client else "managed identity (system-assigned)"
    settings = {key: value for key, value in _settings(connection).items() if key != "authority"}
    return Login(ManagedIdentityCredential(client_id=client, **settings), name)


def _cli(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import AzureCliCredential

    return Login(AzureCliCredential(tenant_id=env.get("AZURE_TENANT_ID") or "", process_timeout=30), "Azure CLI")


_KINDS: Mapping[str, Callable[[Mapping[str, str], Connection], Login]] = MappingProxyType(
    {
        "azure-pipelines": _pipelines,
        "workload-identity": _workload,
        "environment": _environment,
        "managed-identity": _managed,
        "azure-cli": _cli,
    }
)


def _settings(connection: Connection) -> dict[str, Any]:  # Any: keyword arguments of the SDK's constructors
    from mzaudit.azure.client.transport import Transport

    return {
        "authority": connection.endpoints.authority,
        "transport": Transport(connection),
        # the authority is our own constant; asking the public cloud about it would add a host
        "disable_instance_discovery": True,
        "retry_total": 4,
        "retry_backoff_factor": min(0.5, connection.retry.first),
        "retry_backoff_max": connection.retry.longest,
    }


def _direct(env: Mapping[str, str], connection: Connection) -> dict[str, Any]:  # Any: as above
    settings: dict[str, Any] = {"use_env_settings": False, "retry_total": 4, "retry_backoff_max": 5}
    if connection.ca_file is not None:
        settings["connection_verify"] = connection.ca_file
    proxy = connection.proxy_for(f"https://{connection.endpoints.authority}")
    if proxy is not None:
        settings["proxies"] = {"https": proxy}
    return settings


def _any(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((env[name] for name in names if env.get(name)), None)


def _need(env: Mapping[str, str], name: str, wanted: tuple[str, ...]) -> str:
    found = _any(env, wanted)
    if found is None:
        raise CredentialError(f"{name}: {' or '.join(wanted)} is not set")
    return found
