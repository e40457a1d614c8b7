"""How a registry is signed in to: Entra's token for the registry's own, and that for one repository's."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import DecodeError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import HttpRequest

from mzaudit.azure.client.access_tokens import Tokens


class RegistryLogin(AsyncHTTPPolicy[Any, Any]):
    """Puts a token for the repository that a request reads on it.

    The SDK's own policy sends every request without a token first and trades Entra's anew for each; this one knows
    what the registry would ask for, and trades once.
    """

    def __init__(self, tokens: Tokens, audience: str, host: str) -> None:
        super().__init__()
        self._tokens, self._scope, self._host = tokens, f"{audience}/.default", host
        self._lock = asyncio.Lock()
        self._refresh = ""
        self._access: dict[str, str] = {}

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Sign in as far as needed, then send. Raises what a refused token raises, or the registry's own refusal."""
        repository = _repository(request.http_request.url)
        if repository is None:  # nothing that we read: no token for it
            return await self.next.send(request)
        if repository not in self._access:
            self._access[repository] = await self._trade(
                "token",
                request,
                grant_type="refresh_token",
                service=self._host,
                scope=f"repository:{repository}:metadata_read",
                refresh_token=await self._signed_in(request),
            )
        request.http_request.headers["Authorization"] = f"Bearer {self._access[repository]}"
        return await self.next.send(request)

    async def _signed_in(self, request: PipelineRequest[Any]) -> str:
        async with self._lock:
            if not self._refresh:
                token = await self._tokens.get_token(self._scope)
                self._refresh = await self._trade(
                    "exchange", request, grant_type="access_token", service=self._host, access_token=token.token
                )
            return self._refresh

    async def _trade(self, path: str, request: PipelineRequest[Any], **form: str) -> str:
        asked = HttpRequest("POST", f"https://{self._host}/oauth2/{path}", data=form)
        answer = await self.next.send(PipelineRequest(asked, request.context))
        response = answer.http_response
        await response.read()
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        try:
            body: object = json.loads(response.content)
        except (ValueError, RecursionError):
            raise DecodeError("the registry's token is not JSON", response=response) from None
        name = "access_token" if path == "token" else "refresh_token"
        found = body.get(name) if isinstance(body, dict) else None
        if not isinstance(found, str) or not found:
            raise DecodeError(f"no {name}", response=response)
        return found


def _repository(url: str) -> str | None:
    """The repository in `/acr/v1/{repository}/_tags` and `/acr/v1/{repository}/_manifests/{digest}`."""
    match urlsplit(url).path.split("/"):
        case ["", "acr", "v1", repository, "_tags"] | ["", "acr", "v1", repository, "_manifests", _]:
            return unquote(repository)
        case _:
            return None
