"""The simulated Microsoft Graph, and Azure AD Graph before it: no principal of the estate may read the directory."""

from __future__ import annotations

import time

from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse
from mzaudit.simulator.services import entra

HOSTS = ("graph.microsoft.com", "graph.windows.net")


def answer(estate: Estate, call: HttpRequest) -> HttpResponse:
    """Refuse one request: 401 without a token that is good for Graph, else the 403 of a caller without Graph rights."""
    claims = entra.read(call.bearer) if call.bearer is not None else None
    known = claims is not None and claims.audience in entra.GRAPH_AUDIENCES and claims.tenant == estate.tenant_id
    if claims is None or not known or claims.expires < time.time():
        return _refusal(call, 401, "InvalidAuthenticationToken", "Access token is empty, invalid or expired.")
    text = "Insufficient privileges to complete the operation."
    return _refusal(call, 403, "Authorization_RequestDenied", text)


def _refusal(call: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if call.host == "graph.windows.net":
        return HttpResponse(status, {"odata.error": {"code": code, "message": {"lang": "en", "value": message}}})
    return HttpResponse(status, {"error": {"code": code, "message": message}})
