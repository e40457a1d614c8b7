"""Which credential a run signs in with: the first whose variables are set, alone, without probing."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mzaudit.azure.client.connection import Connection
from mzaudit.errors import CredentialError
from mzaudit.service_address import is_address

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from mzaudit.azure.client.sign_in_failures import CredentialKind

# What names a service connection: whoever runs the job, or the task AzureCLI@2. Its three ids are of one of the two:
# an agent may have an identity of its own, with AZURE_CLIENT_ID and AZURE_TENANT_ID.
_CONNECTIONS = ("AZURE", "AZURESUBSCRIPTION")
_CONNECTION_IDS = tuple(f"{family}_SERVICE_CONNECTION_ID" for family in _CONNECTIONS)
_CLIENT_IDS = ("AZURE_CLIENT_ID",)
_TENANT = re.compile(r"[0-9A-Za-z.-]+")
_LARGEST_FILE = 1 << 20  # bytes; a token or a certificate has some thousand


@dataclass(frozen=True, slots=True)
class Login:
    """A credential and the name under which reports show it. `collect` closes the credential's connections."""

    credential: AsyncTokenCredential = field(repr=False)
    name: str
    kind: CredentialKind = "other"


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
    except (ValueError, OSError, TypeError) as error:  # TypeError: a password that does not fit the file
        if "tenant" in str(error).casefold():
            raise CredentialError(
                f"{kind}: AZURE_TENANT_ID: expected the id of a tenant, found something else"
            ) from None
        raise CredentialError(
            f"{kind}: AZURE_CLIENT_CERTIFICATE_PATH ({type(error).__name__}): expected a PEM or PKCS #12 file with a "
            "certificate and its RSA key; AZURE_CLIENT_CERTIFICATE_PASSWORD opens one that is encrypted"
        ) from None


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
    from mzaudit.azure.client.pipeline_credential import PipelineCredential

    name = "azure-pipelines (federated service connection)"
    if not is_address(env.get("SYSTEM_OIDCREQUESTURI", ""), local=True):
        raise CredentialError(f"{name}: SYSTEM_OIDCREQUESTURI: expected https://…: the pipeline's token is sent there")
    connection_id = _need(env, name, _CONNECTION_IDS)
    family = next(each for each in _CONNECTIONS if env.get(f"{each}_SERVICE_CONNECTION_ID"))
    credential = PipelineCredential(
        tenant_id=_tenant(env, name, f"{family}_TENANT_ID"),
        client_id=_need(env, name, (f"{family}_CLIENT_ID",)),
        service_connection_id=connection_id,
        oidc_request_uri=env["SYSTEM_OIDCREQUESTURI"],
        system_access_token=_need(env, name, ("SYSTEM_ACCESSTOKEN",)),
        connection=connection,
        **_settings(connection),
    )
    return Login(credential, name, "azure-pipelines")


def _workload(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import WorkloadIdentityCredential

    name = "workload identity (federated token file)"
    credential = WorkloadIdentityCredential(
        tenant_id=_tenant(env, name),
        client_id=_need(env, name, _CLIENT_IDS),
        token_file_path=_file(env, name, "AZURE_FEDERATED_TOKEN_FILE"),
        **_settings(connection),
    )
    return Login(credential, name, "workload-identity")


def _environment(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import CertificateCredential, ClientSecretCredential

    name = "environment (client secret)" if env.get("AZURE_CLIENT_SECRET") else "environment (client certificate)"
    tenant, client = _tenant(env, name), _need(env, name, _CLIENT_IDS)
    if env.get("AZURE_CLIENT_SECRET"):
        secret = ClientSecretCredential(tenant, client, env["AZURE_CLIENT_SECRET"], **_settings(connection))
        return Login(secret, name, "client-secret")
    _need(env, name, ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"))
    path = _file(env, name, "AZURE_CLIENT_CERTIFICATE_PATH")
    password = env.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
    certificate = CertificateCredential(tenant, client, path, password=password, **_settings(connection))
    return Login(certificate, name, "client-certificate")


def _managed(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import ManagedIdentityCredential

    client = env.get("AZURE_CLIENT_ID") or None
    name = "managed identity (user-assigned)" if client else "managed identity (system-assigned)"
    settings = {key: value for key, value in _settings(connection).items() if key != "authority"}
    # where a cluster's webhook has set its variables, it would sign in by federation instead
    settings["_exclude_workload_identity_credential"] = True
    return Login(ManagedIdentityCredential(client_id=client, **settings), name, "managed-identity")


def _cli(env: Mapping[str, str], connection: Connection) -> Login:
    from azure.identity.aio import AzureCliCredential

    tenant = _tenant(env, "azure-cli") if env.get("AZURE_TENANT_ID") else ""
    credential = AzureCliCredential(tenant_id=tenant, process_timeout=30)
    return Login(credential, "Azure CLI", "azure-cli")


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


def _any(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((env[name] for name in names if env.get(name)), None)


def _tenant(env: Mapping[str, str], name: str, variable: str = "AZURE_TENANT_ID") -> str:
    found = _need(env, name, (variable,))
    if not _TENANT.fullmatch(found):  # a secret may have been put there, and is not repeated
        raise CredentialError(f"{name}: {variable}: expected the id or domain of a tenant, found something else")
    return found


def _file(env: Mapping[str, str], name: str, variable: str) -> str:
    """The path of a file that the SDK reads whole: a pipe would be waited for, and a device never ends."""
    path = _need(env, name, (variable,))
    try:
        found = os.stat(path)
    except OSError:
        return path  # the SDK's own failure says why
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_FILE:
        raise CredentialError(f"{name}: {variable}: expected a regular file of at most 1 MiB, found something else")
    return path


def _need(env: Mapping[str, str], name: str, wanted: tuple[str, ...]) -> str:
    found = _any(env, wanted)
    if found is None:
        raise CredentialError(f"{name}: {' or '.join(wanted)} is not set")
    return found
