"""Tokens of one run: one request a scope, refusals remembered, and the caller's own claims."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import re
import time
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AccessToken
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.identity import CredentialUnavailableError

from mzaudit.azure.client.failures import TokenRefusedError
from mzaudit.azure.client.response_body import BodyError
from mzaudit.errors import CredentialError, MzauditError
from mzaudit.snapshot.estate import Caller

if TYPE_CHECKING:
    from mzaudit.azure.client.credential_selection import Login

_AADSTS = re.compile(r"AADSTS\d{4,8}")
_RENEW_BEFORE = 300.0

_CURES: Mapping[str, str] = MappingProxyType(
    {
        "AADSTS90002": "the tenant does not exist: check AZURE_TENANT_ID",
        "AADSTS700016": "the application is not in this tenant: check AZURE_CLIENT_ID and AZURE_TENANT_ID",
        "AADSTS7000215": "the client secret is wrong: set AZURE_CLIENT_SECRET to the secret's value, not its id",
        "AADSTS7000222": "the client secret has expired: create a new one",
        "AADSTS7000112": "the application is disabled",
        "AADSTS70021": "no federated credential matches: compare its issuer and subject with the pipeline's",
        "AADSTS700213": "no federated credential matches: compare its issuer and subject with the pipeline's",
        "AADSTS700024": "the federated token is not valid now: use a service connection that renews it, or set this "
        "machine's clock",
        "AADSTS50013": "the assertion is not valid, or not now: set this machine's clock, and look at the credential",
        "AADSTS700027": "the certificate is not the one registered for the application",
        "AADSTS53003": "a conditional access policy forbids it",
    }
)


class Tokens:
    """A credential for the SDK's clients over the one that was chosen.

    Many calls start at once; each scope is asked for once while they wait, and a refusal holds for the rest of the
    run, so that a refused vault token costs one request and not one a secret. A token is waited for `patience` seconds
    at most, and never beyond the `deadline` on the running loop's clock.
    """

    def __init__(self, login: Login, patience: float, deadline: float = math.inf) -> None:
        self._login = login
        self._patience = patience
        self._deadline = deadline
        self._locks: dict[tuple[object, ...], asyncio.Lock] = {}
        self._kept: dict[tuple[object, ...], AccessToken | TokenRefusedError] = {}

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_: Any,  # Any: the SDK's protocol lets clients pass more
    ) -> AccessToken:
        """A token for `scopes`; raises TokenRefusedError."""
        asked = (scopes, claims, tenant_id, enable_cae)
        async with self._locks.setdefault(asked, asyncio.Lock()):
            kept = self._kept.get(asked)
            if isinstance(kept, TokenRefusedError):
                raise kept
            if kept is not None and kept.expires_on - time.time() > _RENEW_BEFORE:
                return kept
            try:
                until = min(asyncio.get_running_loop().time() + self._patience, self._deadline)
                async with asyncio.timeout_at(until):
                    token = await self._login.credential.get_token(
                        *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae
                    )
            except (MemoryError, MzauditError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever a credential meets is why there is no token
                refused = TokenRefusedError(_why(error))
                self._kept[asked] = refused
                raise refused from None
            self._kept[asked] = token
            return token

    async def for_arm(self, scope: str) -> Caller | None:
        """Ask for the Resource Manager token now, and say whose it is.

        Returns `None` for a token that cannot be read. Raises CredentialError.
        """
        try:
            token = await self.get_token(scope)
        except TokenRefusedError as refused:
            raise CredentialError(
                f"no token for Azure Resource Manager: credential tried: {self._login.name}; {refused.why}"
            ) from None
        return caller(token.token, self._login.name)

    async def close(self) -> None:
        """Nothing to close: the credential belongs to whoever chose it."""

    async def __aenter__(self) -> Tokens:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


def caller(token: str, credential: str) -> Caller | None:
    """The token's own claims, read but not verified (Azure verifies them); `None` for an opaque token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    application = claims.get("appid", claims.get("azp"))
    found = (claims.get("oid"), application, claims.get("tid"))
    texts = [claim if isinstance(claim, str) else "" for claim in found]
    return Caller(texts[0], texts[1], texts[2], credential) if any(texts) else None


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the sign-in service did not answer in time: check the proxy and the network"
    code = _AADSTS.search(str(error))
    if code is not None:
        cure = _CURES.get(code.group(), "look the code up at https://login.microsoftonline.com/error")
        return f"Microsoft Entra answered {code.group()}: {cure}"
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return "the sign-in service could not be reached: check the proxy, the certificates and the network"
    if isinstance(error, CredentialUnavailableError):
        return (
            "it has nothing to sign in with: run `az login`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and "
            "AZURE_CLIENT_SECRET"
        )
    cause: BaseException | None = error
    while cause is not None:  # azure-identity wraps what its pipeline raises
        if isinstance(cause, BodyError):
            return f"the sign-in service's answer cannot be read: {cause.why}: look for a proxy in between"
        cause = cause.__cause__
    status = getattr(error, "status_code", None)
    answered = f"HTTP {status}" if isinstance(status, int) else type(error).__name__
    return f"the sign-in failed ({answered}): sign in again, or check the variables of this credential"
