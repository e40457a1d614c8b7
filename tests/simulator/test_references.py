"""The status that App Service reports of each Key Vault reference follows from the estate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mzaudit.simulator import Estate, serve
from mzaudit.simulator.arm.reference_resolution import SimulatedReference, listing, parse
from tests.documented_estate import build
from tests.simulator.wires import arm

APP, KEY_VAULT = "app-monozu-cloud-prd", "kv-mz-cloud-prd"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("@Microsoft.KeyVault(VaultName=v;SecretName=n)", SimulatedReference("v", "n", None)),
        ("@Microsoft.KeyVault(SecretName=n;VaultName=v;SecretVersion=1)", SimulatedReference("v", "n", "1")),
        ("@Microsoft.KeyVault(VaultName=v;SecretName=n;SecretVersion=)", SimulatedReference("v", "n", None)),
        ("@microsoft.keyvault(vaultname=v;secretname=n;)", SimulatedReference("v", "n", None)),
        ("@Microsoft.KeyVault(SecretUri=https://V.vault.azure.net/secrets/n/)", SimulatedReference("v", "n", None)),
        ("@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/n/1;)", SimulatedReference("v", "n", "1")),
        ("@Microsoft.KeyVault()", None),
        ("@Microsoft.KeyVault(string)", None),
        ("@Microsoft.KeyVault(SecretUri=bad uri)", None),
        ("@Microsoft.KeyVault(VaultName=v;)", None),
        ("@Microsoft.KeyVault(SecretName=n;)", None),
        ("@Microsoft-KeyVault()", None),
        ("plain", None),
    ],
)
def test_grammar(value: str, expected: SimulatedReference | None) -> None:
    assert parse(value) == expected


def _refer(inner: str) -> Callable[[Estate], None]:
    def change(estate: Estate) -> None:
        estate.site_settings(APP)["SECRET_KEY"] = f"@Microsoft.KeyVault({inner})"

    return change


def _vault_property(name: str, value: object) -> Callable[[Estate], None]:
    def change(estate: Estate) -> None:
        estate.vault(KEY_VAULT)["properties"][name] = value

    return change


def _policy_mode(rights: list[str], **more: str) -> Callable[[Estate], None]:
    def change(estate: Estate) -> None:
        vault = estate.vault(KEY_VAULT)["properties"]
        vault["enableRbacAuthorization"] = False
        oid = estate.principal_of(APP).upper()
        vault["accessPolicies"] = [{"tenantId": "t", "objectId": oid, "permissions": {"secrets": rights}, **more}]

    return change


def _without_right(estate: Estate) -> None:
    assert estate.revoke(estate.principal_of(APP), "Key Vault Secrets User") == 1


def _without_identity(estate: Estate) -> None:
    estate.site(APP)["identity"] = {"type": "None"}


def _with_other_identity(estate: Estate) -> None:
    estate.site(APP)["properties"]["keyVaultReferenceIdentity"] = "/subscriptions/s/x"


def _deleted(estate: Estate) -> None:
    estate.secrets[KEY_VAULT]["SECRET-KEY"].deleted = estate.days(-1)


def _disabled(estate: Estate) -> None:
    estate.secrets[KEY_VAULT]["SECRET-KEY"].current.enabled = False


def _expired(estate: Estate) -> None:
    estate.secrets[KEY_VAULT]["SECRET-KEY"].current.expires = estate.days(-1)


def _overridden(estate: Estate) -> None:
    estate.reference_status[str(estate.site(APP)["id"]).casefold(), "SECRET_KEY"] = "FetchTimedOut"


def _nothing(estate: Estate) -> None:
    """The estate as it is."""


STATUSES: dict[str, tuple[Callable[[Estate], None], str]] = {
    "as it is": (_nothing, "Resolved"),
    "expired": (_expired, "Resolved"),
    "syntax": (_refer("VaultName=kv-mz-cloud-prd"), "InvalidSyntax"),
    "vault": (_refer("VaultName=absent;SecretName=SECRET-KEY"), "VaultNotFound"),
    "secret": (_refer(f"VaultName={KEY_VAULT};SecretName=ABSENT"), "SecretNotFound"),
    "version": (_refer(f"VaultName={KEY_VAULT};SecretName=SECRET-KEY;SecretVersion=abc"), "SecretVersionNotFound"),
    "underscore": (_refer(f"VaultName={KEY_VAULT};SecretName=SECRET_KEY"), "OtherReasons"),
    "other vault": (_refer("VaultName=kv-mz-manage-prd;SecretName=SECRET-KEY"), "AccessToKeyVaultDenied"),
    "deleted": (_deleted, "SecretNotFound"),
    "disabled": (_disabled, "AccessToKeyVaultDenied"),
    "no right": (_without_right, "AccessToKeyVaultDenied"),
    "no identity": (_without_identity, "MSINotEnabled"),
    "other identity": (_with_other_identity, "MSINotEnabled"),
    "private": (_vault_property("publicNetworkAccess", "Disabled"), "AccessToKeyVaultDenied"),
    "firewall": (_vault_property("networkAcls", {"defaultAction": "Deny", "ipRules": []}), "AccessToKeyVaultDenied"),
    "policies, none": (_vault_property("enableRbacAuthorization", None), "AccessToKeyVaultDenied"),
    "policies, get": (_policy_mode(["Get"]), "Resolved"),
    "policies, all": (_policy_mode(["all"]), "Resolved"),
    "policies, behind an application": (_policy_mode(["get"], applicationId="a"), "AccessToKeyVaultDenied"),
    "policies, list": (_policy_mode(["list"]), "AccessToKeyVaultDenied"),
    "overridden": (_overridden, "FetchTimedOut"),
}


@pytest.mark.parametrize(("change", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_status(change: Callable[[Estate], None], status: str) -> None:
    estate = build("compliant")
    change(estate)
    items = listing(estate, estate.site(APP), "appsettings", estate.site_settings(APP))
    (one,) = [item for item in items if item["name"] == "SECRET_KEY"]
    assert one["properties"]["status"] == status
    known = estate.secrets[KEY_VAULT]["SECRET-KEY"].current.id
    assert one["properties"]["activeVersion"] == (known if status == "Resolved" else None)


def test_rotation_may_lag() -> None:
    estate = build("compliant")
    old = estate.secrets[KEY_VAULT]["SECRET-KEY"].current.id
    new = estate.put_secret(KEY_VAULT, "SECRET-KEY", "a new value that nobody knows").id
    estate.active_versions[str(estate.site(APP)["id"]).casefold(), "SECRET_KEY"] = old
    items = listing(estate, estate.site(APP), "appsettings", estate.site_settings(APP))
    (one,) = [item for item in items if item["name"] == "SECRET_KEY"]
    assert (one["properties"]["status"], one["properties"]["activeVersion"]) == ("Resolved", old)
    assert old != new


def test_connection_strings_and_single_references_are_served() -> None:
    estate = build("compliant")
    reference = f"@Microsoft.KeyVault(VaultName={KEY_VAULT};SecretName=SECRET-KEY)"
    key = str(estate.site(APP)["id"]).casefold()
    estate.connection_strings[key] = {
        "db": {"value": reference, "type": "SQLAzure"},
        "x": {"value": "plain", "type": "Custom"},
    }
    site = f"/resourceGroups/rg-monozu-prd/providers/Microsoft.Web/sites/{APP}"
    with serve(estate) as sim:
        listed = arm(sim, f"{site}/config/configreferences/connectionstrings").body["value"]
        assert [(one["name"], one["properties"]["status"]) for one in listed] == [("db", "Resolved")]
        one = arm(sim, f"{site}/config/configreferences/appsettings/secret_key").body
        assert one["properties"]["identityType"] == "SystemAssigned"
        assert arm(sim, f"{site}/config/configreferences/appsettings/WEBSITES_PORT").status == 404
