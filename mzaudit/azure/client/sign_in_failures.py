"""Why a credential gave no token: what happened, to what, and what to do. Nothing that a service wrote is told, but
for Entra's code and an HTTP status.

Entra's codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.identity import CredentialUnavailableError

from mzaudit.azure.client.pipeline_credential import OidcRefusedError
from mzaudit.azure.client.response_body import BodyError
from mzaudit.connection_failures import chain, why_unreachable

CredentialKind = Literal[
    "azure-pipelines",
    "workload-identity",
    "client-secret",
    "client-certificate",
    "managed-identity",
    "azure-cli",
    "other",
]

_AADSTS = re.compile(r"AADSTS\d{4,8}")

_TENANT = "check the tenant's id in AZURE_TENANT_ID or the service connection, and MZAUDIT_CLOUD"
_FEDERATED = (
    "compare issuer, subject and audience of the application's federated credential with those that the service "
    "connection, the workflow or the cluster shows"
)
_AGAIN = "run it again later; if it stays, look at https://status.azure.com"
_LOGIN = "run `az login` again, with `--tenant` of the tenant that is audited"
_MFA = "run `az login` with `--tenant` of the tenant that is audited; in a pipeline use an application, not a person"
_DEVICE = "run `az login` on a device that the tenant manages; in a pipeline use an application, not a person"
_ACCESS = "ask the tenant's Conditional Access administrator to allow the sign-in from here"
_CLOCK = "set this machine's clock; a job that runs longer than its token needs a connection that renews it"
_CERTIFICATE = "register the certificate of AZURE_CLIENT_CERTIFICATE_PATH with the application, or name another"

ENTRA: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # the tenant
        "AADSTS90002": ("the tenant does not exist in this cloud", _TENANT),
        "AADSTS900023": ("the tenant id is invalid", _TENANT),
        "AADSTS50059": ("the request names no tenant", _TENANT),
        "AADSTS50128": ("the tenant's name is unknown", _TENANT),
        "AADSTS90038": ("the tenant is in another cloud", "set MZAUDIT_CLOUD"),
        "AADSTS900382": ("the application is in another cloud", "set MZAUDIT_CLOUD"),
        "AADSTS500011": ("the tenant does not know the service that a token was asked for", _TENANT),
        "AADSTS500014": (
            "the service that a token was asked for is disabled in this tenant",
            "have an administrator enable its service principal",
        ),
        # the application
        "AADSTS700016": (
            "the application is not in this tenant",
            "check that AZURE_CLIENT_ID and AZURE_TENANT_ID, or those of the service connection, belong together",
        ),
        "AADSTS7000229": (
            "the application has no service principal in this tenant",
            "create it: `az ad sp create --id` with the application's id",
        ),
        "AADSTS7000112": ("the application is disabled", "have it enabled, or use another"),
        "AADSTS50105": ("the application is for those assigned to it, and this one is not", "have it assigned"),
        "AADSTS65001": ("no consent was given to the application", "ask an administrator of the tenant to consent"),
        "AADSTS90094": ("an administrator has to consent", "ask an administrator of the tenant to consent"),
        # a secret
        "AADSTS7000215": (
            "the client secret is wrong",
            "set AZURE_CLIENT_SECRET to the secret's value, not to its id",
        ),
        "AADSTS7000222": (
            "the client secret has expired",
            "create a new one, and set AZURE_CLIENT_SECRET to its value",
        ),
        "AADSTS7000218": ("the request held neither a secret nor an assertion", "set AZURE_CLIENT_SECRET"),
        # a certificate, or an assertion
        "AADSTS700027": ("the certificate is not one of the application's", _CERTIFICATE),
        "AADSTS1000502": ("the certificate is not valid now", "make a new one, and register it with the application"),
        "AADSTS7000214": ("the certificate is revoked", "make a new one, and register it with the application"),
        "AADSTS50013": ("the assertion is not valid, or not now", _CLOCK),
        "AADSTS500133": ("the assertion is not valid now", _CLOCK),
        "AADSTS700024": ("the federated token is not valid now", _CLOCK),
        # federation
        "AADSTS70021": ("no federated credential matches", _FEDERATED),
        "AADSTS700211": ("no federated credential has the token's issuer", _FEDERATED),
        "AADSTS700212": ("no federated credential has the token's audience", _FEDERATED),
        "AADSTS7002121": ("no federated credential has the token's audience", _FEDERATED),
        "AADSTS700213": ("no federated credential has the token's subject", _FEDERATED),
        "AADSTS7002138": (
            "the federated credential's subject differs from the token's in upper and lower case",
            "write the subject as the forge does",
        ),
        "AADSTS70025": ("the application has no federated credential", "add one for this pipeline or workload"),
        "AADSTS50166": ("Entra could not ask the token's issuer", "check that the issuer can be reached from outside"),
        "AADSTS501661": ("Entra could not ask the token's issuer", "check that the issuer can be reached from outside"),
        "AADSTS90061": ("Entra could not ask the token's issuer", "check that the issuer can be reached from outside"),
        # a person, by the Azure CLI
        "AADSTS50020": ("the account is not of this tenant", _LOGIN),
        "AADSTS90072": ("the account is not of this tenant", _LOGIN),
        "AADSTS50034": ("the account does not exist in this tenant", _LOGIN),
        "AADSTS50053": ("the account is locked", "wait, or have it unlocked"),
        "AADSTS50055": ("the account's password has expired", "set a new one, and run `az login`"),
        "AADSTS50057": ("the account is disabled", "sign in by another"),
        "AADSTS50126": ("user name or password is wrong", _LOGIN),
        "AADSTS50076": ("multi-factor authentication is wanted", _MFA),
        "AADSTS50078": ("multi-factor authentication has expired", _MFA),
        "AADSTS50079": ("multi-factor authentication has to be set up", _MFA),
        "AADSTS50072": ("multi-factor authentication has to be set up", _MFA),
        "AADSTS50074": ("multi-factor authentication is wanted", _MFA),
        "AADSTS50158": ("another sign-in is required", _MFA),
        "AADSTS50173": ("the session ended with a change of password", _LOGIN),
        "AADSTS50132": ("the session has expired or was revoked", _LOGIN),
        "AADSTS50133": ("the session ended with a change of password", _LOGIN),
        "AADSTS700082": ("the session has expired, because it was not used", _LOGIN),
        "AADSTS700084": ("the session has expired", _LOGIN),
        "AADSTS70008": ("the session has expired", _LOGIN),
        "AADSTS70043": ("the session has expired, by how often the tenant wants a sign-in", _LOGIN),
        # Conditional Access
        "AADSTS53000": ("the device does not comply with the tenant's rules", _DEVICE),
        "AADSTS53001": ("the device is not joined to the tenant", _DEVICE),
        "AADSTS530003": ("the device is not managed by the tenant", _DEVICE),
        "AADSTS53003": ("a Conditional Access policy blocks it", _ACCESS),
        "AADSTS50097": ("the device has to sign in", _DEVICE),
        "AADSTS50129": ("the device is not joined to the tenant", _DEVICE),
        "AADSTS50131": ("a Conditional Access policy blocks it", _ACCESS),
        "AADSTS53002": ("a Conditional Access policy wants an approved application", _ACCESS),
        "AADSTS530032": ("a security policy of the tenant blocks it", _ACCESS),
        "AADSTS530084": (
            "a Conditional Access policy wants tokens that are bound to the device",
            "use an application, not a person: the Azure CLI supports such tokens on few systems",
        ),
        # Entra itself
        "AADSTS90033": ("a part of Entra is not available", _AGAIN),
        "AADSTS90055": ("the tenant is throttled", _AGAIN),
    }
)
_UNKNOWN = ("no reason that mzaudit knows", "look the code up at https://login.microsoftonline.com/error")

# azure-identity tells these apart by their text alone
_CLI: Mapping[str, str] = MappingProxyType(
    {
        "Azure CLI not found": "`az` is not on the PATH: install the Azure CLI and run `az login`, or set the "
        "variables of another credential",
        "Please run 'az login'": "the Azure CLI is not logged in, or not to this tenant: run `az login`, with "
        "`--tenant` of the tenant that is audited",
        "Timed out waiting": "`az` did not answer in 30 seconds: run `az account get-access-token` to see why",
        "Failed to execute": "`az` could not be started: run `az version` to see why",
        "This credential doesn't support claims": "the service asks for a new sign-in: run `az login`",
    }
)

_OIDC: Mapping[int, str] = MappingProxyType(
    {
        401: "map SYSTEM_ACCESSTOKEN from $(System.AccessToken), and no other token",
        403: "allow this pipeline to use the service connection: Project settings, Service connections, its Security",
        404: "check the id of the service connection, and that it is of this project and by federation",
    }
)


def why_no_token(error: BaseException, kind: CredentialKind) -> str:
    """Why the credential of that kind gave no token, in one sentence."""
    if isinstance(error, TimeoutError):
        who = "`az`" if kind == "azure-cli" else "the sign-in service"
        return f"{who} did not answer in time: check the proxy and the network"
    if isinstance(error, OidcRefusedError):
        return _of_oidc(error)
    code = _AADSTS.search(str(error))
    if code is not None:
        what, fix = ENTRA.get(code.group(), _UNKNOWN)
        return f"Microsoft Entra answered {code.group()}: {what}: {fix}"
    unreachable = why_unreachable(error)
    if kind == "managed-identity":
        return _of_identity(error, unreachable)
    if unreachable is not None:
        return f"the sign-in service could not be reached: {unreachable}"
    causes = list(chain(error))
    if any(isinstance(cause, (ServiceRequestError, ServiceResponseError)) for cause in causes):
        return "the sign-in service could not be reached: the connection broke: check the proxy and the network"
    bodies = [cause.why for cause in causes if isinstance(cause, BodyError)]
    if bodies:
        return f"the sign-in service's answer cannot be read: {bodies[0]}: look for a proxy on the way"
    files = [cause for cause in causes if isinstance(cause, OSError) and cause.filename]
    if kind == "workload-identity" and files:
        return (
            f"the file of AZURE_FEDERATED_TOKEN_FILE cannot be read ({type(files[0]).__name__}): check that it is "
            "mounted here, and may be read"
        )
    if kind == "azure-cli":
        return _of_cli(error)
    return _of_status(_status(causes), error)


def _of_oidc(error: OidcRefusedError) -> str:
    if error.unreferenced:
        return (
            "Azure DevOps gave no token: this stage does not name the service connection: give it a task such as "
            "AzureCLI@2 with `azureSubscription`"
        )
    fix = _OIDC.get(error.status_code or 0)
    if fix is None and (error.status_code or 0) >= 500:
        fix = "run the job again; if it stays, look at https://status.dev.azure.com"
    return (
        f"Azure DevOps gave no token for the service connection (HTTP {error.status_code}): "
        f"{fix or 'check that SYSTEM_OIDCREQUESTURI is that of the job, and look for a proxy on the way'}"
    )


def _of_identity(error: BaseException, unreachable: str | None) -> str:
    """Of the endpoint of managed identities on a machine, IMDS, or that of App Service and its like."""
    status = _status(list(chain(error)))
    text = str(error)
    if unreachable is not None or "no response from the IMDS" in text or (status == 403 and "unreachable" in text):
        return (
            "no endpoint of managed identities answers: this machine is not in Azure, has no managed identity, or "
            "its container cannot reach 169.254.169.254: assign one, or choose another credential by MZAUDIT_CREDENTIAL"
        )
    if "No managed identity endpoint found" in text:
        return "IDENTITY_ENDPOINT is set without IDENTITY_HEADER: set both, or neither"
    if status == 400 or (status == 401 and "Multiple user assigned" in text):
        return (
            f"this machine does not have that identity (HTTP {status}): assign it; AZURE_CLIENT_ID is the client id of "
            "a user-assigned identity, and not set for the system-assigned one"
        )
    if status == 429 or (status is not None and status >= 500) or status in (404, 410):
        return f"the endpoint of managed identities fails (HTTP {status}): run it again in a minute"
    if status is not None and status >= 400:
        return f"the endpoint of managed identities refuses (HTTP {status}): look for a proxy or firewall on the way"
    return (
        "the answer of the endpoint of managed identities cannot be read: look for a proxy on the way, and check "
        "IDENTITY_ENDPOINT"
    )


def _of_cli(error: BaseException) -> str:
    if isinstance(error, CredentialUnavailableError):
        for text, sentence in _CLI.items():
            if str(error).startswith(text):
                return sentence
    return "`az` gave no token: run `az account get-access-token` to see why, and `az login` if it says so"


def _of_status(status: int | None, error: BaseException) -> str:
    if status is None:  # azure-identity does not tell the status of an answer that is not JSON
        return (
            f"the sign-in failed ({type(error).__name__}): the answer is not Microsoft Entra's: look "
            "for a proxy on the way (HTTPS_PROXY, NO_PROXY), and run it again later"
        )
    if status == 429 or status >= 500:
        return f"the sign-in service fails (HTTP {status}): {_AGAIN}"
    return (
        f"the sign-in failed (HTTP {status}, without a code of Entra's): a proxy or gateway may have answered: check "
        "HTTPS_PROXY and NO_PROXY"
    )


def _status(causes: list[BaseException]) -> int | None:
    found = (getattr(cause, "status_code", None) for cause in causes)
    return next((status for status in found if isinstance(status, int)), None)
