"""How the simulator's tests speak to it: raw HTTPS through its proxy, and the real clients of the SDK."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azure.identity import ClientSecretCredential

from mzaudit.simulator import Simulator
from mzaudit.simulator.services.entra import token

ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"
API = "api-version=2025-05-01"


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: Any  # JSON

    @property
    def code(self) -> str:
        """The code of an ARM error body."""
        return str(self.body["error"]["code"])


def ask(
    sim: Simulator,
    url: str,
    *,
    method: str = "GET",
    audience: str | None = ARM,
    bearer: str | None = None,
    body: str | None = None,
) -> Heard:
    """One request through the proxy, with the auditor's token for an audience (None: without a token)."""
    parts = urlsplit(url)
    proxy = urlsplit(sim.proxy)
    if bearer is None and audience is not None:
        bearer = token(sim.estate, sim.estate.auditor, audience)
    context = ssl.create_default_context(cafile=sim.ca_file)
    connection = http.client.HTTPSConnection(str(proxy.hostname), proxy.port, context=context, timeout=300)
    connection.set_tunnel(str(parts.hostname), 443)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"Authorization": f"Bearer {bearer}"} if bearer else {})
        answer = connection.getresponse()
        raw = answer.read()
        headers = {name.casefold(): value for name, value in answer.getheaders()}
        return Heard(answer.status, headers, json.loads(raw) if raw.startswith((b"{", b"[")) else raw.decode())
    finally:
        connection.close()


def arm(sim: Simulator, path: str, *, method: str = "GET", query: str = API) -> Heard:
    """One request below the auditor's subscription, with a good token."""
    return ask(sim, f"{ARM}/subscriptions/{sim.subscription_id}{path}?{query}", method=method)


def everything(sim: Simulator, path: str, query: str = API) -> list[Any]:
    """All items of an ARM list, its links followed by hand."""
    answer = arm(sim, path, query=query)
    items = list(answer.body["value"])
    while answer.body.get("nextLink"):
        answer = ask(sim, answer.body["nextLink"])
        items += answer.body["value"]
    return items


def credential(sim: Simulator, secret: str | None = None) -> ClientSecretCredential:
    """The auditor's real credential, led to the simulator by explicit settings."""
    return ClientSecretCredential(sim.tenant_id, sim.client_id, secret or sim.client_secret, **way(sim))


def way(sim: Simulator) -> dict[str, Any]:
    """The settings that lead one client of the SDK to the simulator, without retries."""
    return {"proxies": {"https": sim.proxy}, "connection_verify": sim.ca_file, "retry_total": 0}
