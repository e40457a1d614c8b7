"""Who gets into a simulated vault: its network rules, then role assignments or access policies."""

from __future__ import annotations

import ipaddress
from typing import Literal

from mzaudit.simulator.arm import rbac
from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import Json, inside

# Where the auditor seems to call from: TEST-NET-3, an address that no real rule names.
CLIENT_ADDRESS = "203.0.113.7"

SecretRight = Literal["get", "list"]
DATA_ACTION: dict[SecretRight, str] = {
    "get": "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "list": "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
}


def is_rbac(vault: Json) -> bool:
    """Whether roles count; false and absent both mean access policies."""
    return vault["properties"].get("enableRbacAuthorization") is True


def network_refusal(estate: Estate, vault: Json) -> Literal["ForbiddenByConnection", "ForbiddenByFirewall"] | None:
    """Why the vault's network settings keep the caller out, if they do."""
    properties = vault["properties"]
    if str(vault["id"]).casefold() in estate.private_links:
        return None
    if str(properties.get("publicNetworkAccess")).casefold() == "disabled":
        return "ForbiddenByConnection"
    rules = properties.get("networkAcls")
    if rules is None or str(rules.get("defaultAction") or "Allow").casefold() == "allow":
        return None
    client = ipaddress.ip_address(CLIENT_ADDRESS)
    allowed = (ipaddress.ip_network(str(rule["value"]), strict=False) for rule in rules.get("ipRules") or [])
    return None if any(client in network for network in allowed) else "ForbiddenByFirewall"


def may(estate: Estate, vault: Json, oid: str, right: SecretRight, secret: str | None = None) -> bool:
    """Whether a principal may get a secret, or list them, by the mode that the vault is in."""
    scope = str(vault["id"]) + (f"/secrets/{secret}" if secret is not None else "")
    if is_rbac(vault):
        return rbac.may(estate, oid, DATA_ACTION[right], scope, data=True)
    who = rbac.identities(estate, oid)
    for policy in vault["properties"].get("accessPolicies") or []:
        granted = {str(one).casefold() for one in inside(policy, "permissions").get("secrets") or []}
        # An entry with an application id serves a user behind that application, never the application alone.
        if "applicationId" not in policy and str(policy["objectId"]).casefold() in who and granted & {right, "all"}:
            return True
    return False
