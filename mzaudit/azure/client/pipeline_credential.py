"""Signs in as a federated service connection of Azure Pipelines."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import AsyncRetryPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.identity.aio import ClientAssertionCredential

from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.transport import Transport

_API_VERSION = "7.1"


class OidcRefusedError(ClientAuthenticationError):
    """Azure DevOps gave the job no token for its service connection; `unreferenced`: because its stage names no such
    connection."""

    def __init__(self, status: int, *, unreferenced: bool = False) -> None:
        super().__init__(message=f"HTTP {status}")
        self.status_code = status
        self.unreferenced = unreferenced


class PipelineCredential:
    """Trades the job's own token for one of its service connection, and that for Entra's.

    azure-identity's own asks Azure DevOps by a blocking client with a proxy, authorities and retries of its own. This
    one asks each of the two hosts as every other host is asked.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        service_connection_id: str,
        oidc_request_uri: str,
        system_access_token: str,
        connection: Connection,
        **settings: Any,  # Any: keyword arguments of the SDK's credential
    ) -> None:
        self._url = f"{oidc_request_uri.rstrip('/')}?" + urlencode(
            {"api-version": _API_VERSION, "serviceConnectionId": service_connection_id}
        )
        self._job_token = system_access_token
        self._assertion = ""
        self._entra = ClientAssertionCredential(tenant_id, client_id, lambda: self._assertion, **settings)
        retry = AsyncRetryPolicy(
            retry_total=settings.get("retry_total", 4),
            retry_backoff_factor=settings.get("retry_backoff_factor", 0.5),
            retry_backoff_max=settings.get("retry_backoff_max", 5),
        )
        self._devops: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(Transport(connection), [retry])

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # Any: as the SDK's protocol has it
        """A token for `scopes`. Raises OidcRefusedError, and what azure-identity and the transport raise."""
        self._assertion = await self._ask()
        return await self._entra.get_token(*scopes, **options)

    async def _ask(self) -> str:
        request = HttpRequest(
            "POST",
            self._url,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self._job_token}",
                "X-TFS-FedAuthRedirect": "Suppress",  # else a wrong token is answered by a page to sign in at
            },
        )
        answer = (await self._devops.run(request, retry_on_methods=["POST"])).http_response
        body = await answer.read()
        try:
            found: object = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        token = found.get("oidcToken") if isinstance(found, dict) else None
        if answer.status_code != 200 or not isinstance(token, str) or not token:
            raise OidcRefusedError(answer.status_code, unreferenced=b"no explicit reference" in body)
        return token

    async def close(self) -> None:
        """Close the connections to both hosts."""
        await self._devops.__aexit__()
        await self._entra.close()

    async def __aenter__(self) -> PipelineCredential:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
