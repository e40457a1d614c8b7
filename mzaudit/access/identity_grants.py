"""How a service's identity is switched on: with everything that the document grants it, because a new identity has a
new principal, and no assignment of a former one holds for it."""

from __future__ import annotations

from contextlib import suppress

from mzaudit.access.registry_access import PULL_ROLES, pull_role
from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Fix
from mzaudit.policy.desired import DesiredService, DesiredVault
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed, Unobserved


def switch_on(want: DesiredService, seen: Snapshot, *, again: bool = False) -> Fix:
    """Switch the system-assigned identity on (`again`: off first), or attach the one that the service acts as, then
    grant it its documented roles."""
    app: dict[str, str | bool] = {"name": want.app, "resource_group": want.resource_group}
    app |= {"identities": want.identity.id} if want.identity is not None else {}
    off = (az("webapp identity remove", **app),) if again else ()
    grants = [(_pull(want, seen), want.registry.id)] if want.image is not None else []
    grants += [("Key Vault Secrets User", vault.id) for vault in want.vaults if not vault.by_policies]
    grants += [(storage.role, storage.container_id) for storage in want.storage]
    grants += [(access.role, access.scope) for access in want.access]
    policies = [allow_reading(vault, "PRINCIPAL_ID_OF_THE_APP") for vault in want.vaults if vault.by_policies]
    return Fix(
        "Website Contributor on the app, Role Based Access Control Administrator on each scope",
        (*off, az("webapp identity assign", **app), *(_grant(role, scope) for role, scope in grants), *policies),
        f"Microsoft.Web/sites: identity.type = {'SystemAssigned' if want.identity is None else 'UserAssigned'} "
        "(azurerm_linux_web_app: identity.type); "
        "Microsoft.Authorization/roleAssignments",
    )


def allow_reading(vault: DesiredVault, principal_id: str) -> str:
    """The command that gives an identity the usual access policy of a vault, in place of the one that it has."""
    return az("keyvault set-policy", name=vault.name, object_id=principal_id) + " --secret-permissions get list"


def pull_with_identity(want: DesiredService) -> str:
    """The command that lets an app pull its image with the identity that it is documented to act as."""
    identity = "[system]" if want.identity is None else want.identity.id
    where = {"name": want.app, "resource_group": want.resource_group}
    return az("webapp config set", **where, acr_use_identity="true", acr_identity=identity)


def _pull(want: DesiredService, seen: Snapshot) -> str:
    """The pull role of the registry's mode; that of the usual mode where it was not seen."""
    registry = seen.registry(want.registry.id).properties
    if isinstance(registry, Observed) and registry.value is not None:
        with suppress(Unobserved):
            return pull_role(registry.value).name
    return PULL_ROLES[0].name


def _grant(role: str, scope: str) -> str:
    return az(
        "role assignment create",
        role=role,
        assignee_object_id="PRINCIPAL_ID_OF_THE_APP",
        assignee_principal_type="ServicePrincipal",
        scope=scope,
    )
