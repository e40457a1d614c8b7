"""Tokens of one run: one request a scope, refusals remembered, and the caller's own claims."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AccessToken

from mzaudit.azure.client.failures import TokenRefusedError
from mzaudit.azure.client.sign_in_failures import why_no_token
from mzaudit.errors import CredentialError, MzauditError
from mzaudit.snapshot.estate import Caller

if TYPE_CHECKING:
    from mzaudit.azure.client.credential_selection import Login

_RENEW_BEFORE = 300.0


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
                refused = TokenRefusedError(why_no_token(error, self._login.kind))
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
        claims: object = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)).decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    application = claims.get("appid", claims.get("azp"))
    found = (claims.get("oid"), application, claims.get("tid"))
    texts = [claim if isinstance(claim, str) else "" for claim in found]
    return Caller(texts[0], texts[1], texts[2], credential) if any(texts) else None
