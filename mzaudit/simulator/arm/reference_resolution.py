"""How App Service resolves the Key Vault references of an app: one status for each setting that is a reference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import Json, inside
from mzaudit.simulator.services import vault_admission

_ATTEMPT = re.compile(r"@Microsoft\.KeyVault\((?P<inner>.*)\)\s*", re.IGNORECASE | re.DOTALL)
_SUFFIXES = (".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net")
_DETAILS = {
    "InvalidSyntax": "Key Vault reference syntax is invalid.",
    "MSINotEnabled": "Reference was not able to be resolved because site Managed Identity not enabled.",
    "VaultNotFound": "Could not find key vault referenced.",
    "SecretNotFound": "Secret was not found in key vault.",
    "SecretVersionNotFound": "Secret version was not found in key vault.",
    "AccessToKeyVaultDenied": "Key Vault reference was not able to be resolved because site was denied access.",
}


@dataclass(frozen=True, slots=True)
class SimulatedReference:
    """A parsed reference: vault name, secret name, version or none."""

    vault: str
    secret: str
    version: str | None


def is_attempt(value: str) -> bool:
    """Whether App Service would treat a setting's value as a reference at all."""
    return _ATTEMPT.fullmatch(value) is not None


def parse(value: str) -> SimulatedReference | None:
    """The reference in a setting's value; None when its syntax is not one that App Service takes."""
    attempt = _ATTEMPT.fullmatch(value)
    if attempt is None:
        return None
    pairs: dict[str, str] = {}
    for part in attempt["inner"].split(";"):
        if part.strip():
            key, equals, text = part.partition("=")
            if not equals:
                return None
            pairs[key.strip().casefold()] = text.strip()
    if "secreturi" in pairs:
        return _from_uri(pairs["secreturi"])
    if not pairs.get("vaultname") or not pairs.get("secretname"):
        return None
    return SimulatedReference(pairs["vaultname"], pairs["secretname"], pairs.get("secretversion") or None)


def _from_uri(text: str) -> SimulatedReference | None:
    address = urlsplit(text)
    parts = [part for part in address.path.split("/") if part]
    host = (address.hostname or "").casefold()
    if address.scheme != "https" or len(parts) not in (2, 3) or parts[0].casefold() != "secrets":
        return None
    vault = next((host.removesuffix(suffix) for suffix in _SUFFIXES if host.endswith(suffix)), None)
    return None if vault is None else SimulatedReference(vault, parts[1], parts[2] if len(parts) == 3 else None)


def listing(estate: Estate, site: Json, table: str, values: dict[str, str]) -> list[Json]:
    """The items of `config/configreferences/{table}`; settings that are no reference are absent."""
    return [_item(estate, site, table, name, value) for name, value in values.items() if is_attempt(value)]


def _item(estate: Estate, site: Json, table: str, name: str, value: str) -> Json:
    reference = parse(value)
    key = (str(site["id"]).casefold(), name)
    status, active = _resolve(estate, site, reference)
    if key in estate.reference_status:
        status, active = estate.reference_status[key], None
    if key in estate.active_versions:
        active = estate.active_versions[key]
    chosen = inside(site, "properties").get("keyVaultReferenceIdentity")
    properties: Json = {
        "reference": value,
        "status": status,
        "vaultName": reference.vault if reference else None,
        "secretName": reference.secret if reference else None,
        "secretVersion": reference.version if reference else None,
        "activeVersion": active,
        "identityType": "SystemAssigned" if _is_system(chosen) else "UserAssigned",
    }
    if status != "Resolved":  # of one that is resolved a live answer says no more
        properties |= {"details": _DETAILS.get(status, f"{status}."), "source": "KeyVault"}
    return {"id": f"{site['id']}/config/configreferences/{table}/{name}", "name": name, "properties": properties}


def _is_system(chosen: object) -> bool:
    return chosen is None or str(chosen).casefold() == "systemassigned"


def _principal(site: Json) -> str | None:
    chosen = inside(site, "properties").get("keyVaultReferenceIdentity")
    identity = site.get("identity") or {}
    if _is_system(chosen):
        return identity.get("principalId")
    attached = {str(k).casefold(): v for k, v in (identity.get("userAssignedIdentities") or {}).items()}
    found = attached.get(str(chosen).casefold())
    return (found or {}).get("principalId")


def _resolve(estate: Estate, site: Json, reference: SimulatedReference | None) -> tuple[str, str | None]:
    if reference is None:
        return "InvalidSyntax", None
    oid = _principal(site)
    if oid is None:
        return "MSINotEnabled", None
    try:
        vault = estate.vault(reference.vault)
    except LookupError:
        return "VaultNotFound", None
    if vault_admission.network_refusal(estate, vault) is not None:
        return "AccessToKeyVaultDenied", None
    if not vault_admission.may(estate, vault, oid, "get", reference.secret):
        return "AccessToKeyVaultDenied", None
    if not re.fullmatch(r"[0-9A-Za-z-]{1,127}", reference.secret):
        # The vault answers 400 BadParameter, which has no status of its own.
        return "OtherReasons", None
    held = {name.casefold(): secret for name, secret in estate.secrets.get(str(vault["name"]), {}).items()}
    secret = held.get(reference.secret.casefold())
    if secret is None or secret.deleted is not None:
        return "SecretNotFound", None
    version = secret.current
    if reference.version is not None:
        known = [one for one in secret.versions if one.id == reference.version]
        if not known:
            return "SecretVersionNotFound", None
        version = known[0]
    # A disabled secret answers 403, like a missing right.
    return ("Resolved", version.id) if version.enabled else ("AccessToKeyVaultDenied", None)
