"""RBAC-001: the service's identity can read the secrets of its own vault, by the documented role."""

from mzaudit.access.documented_grant import DocumentedGrant, grant_fix, judge
from mzaudit.access.identity_grants import allow_reading, switch_on
from mzaudit.access.vault_access import SECRETS_USER, data_access, secret_rights, secret_target
from mzaudit.engine import Aspect, Evidence, Fail, Fix, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import SecretsReader, each_secrets_reader
from mzaudit.facts.existing import principal_of
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import VaultProperties


@rule(
    "RBAC-001",
    title="The identity reads its own vault by the documented role",
    severity=Severity.CRITICAL,
    over=each_secrets_reader,
    bears_on=Aspect.VAULT_ACCESS,
    guards=(Demand.VAULT_ROLE,),
    requires=("APP-001", "KV-001"),
    explained_by=("APP-005", "KV-002"),
)
def vault_role(want: SecretsReader, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The identity that the app acts as can get every documented secret of the vault, and does so by Key Vault Secrets
    User, assigned to the identity itself, on exactly the vault, without an end date. The effective access is judged:
    role definitions, inheritance, groups, conditions, deny assignments.

    Accepted: that assignment, alone or beside others (excess roles are RBAC-006), also under a condition that allows
    every documented secret.

    Severity: no access to some documented secret, or a deny assignment (critical); another role than the documented
    one, such as Key Vault Secrets Officer (high); inherited from a resource group, subscription or management group, or
    only assignments on single secrets that make up the whole (medium); through a group, or ending on a date (low). Of
    several, the nearest is named and the worst gives the severity. A condition that mzaudit cannot evaluate makes the
    rule inconclusive. On a vault that does not authorise by RBAC the role has no effect, and an access policy is not
    the documented way (high where it lets the app in, critical where nothing does).

    On a vault documented with `authorization: access-policies`, an access policy lets the identity's object id get
    secrets, and at most list them too: more than that is high, less is critical.

    ## Why it matters
    Without it no Key Vault reference of the service resolves. With more, an attacker who takes over the app gets more
    than the app's own secrets.

    ## Remediation
    Assign Key Vault Secrets User to the identity on the vault; then remove the access that it replaces.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    service, vault = want.service, want.vault
    site = need(seen.site(service.id).properties)
    if site is None:
        return NotApplicable(f"{service.app} does not exist.")
    properties = need(seen.vault(vault.id).properties)
    if properties is None:
        return NotApplicable(f"The vault {vault.name} does not exist.")
    principal = principal_of(service, site)
    if principal is None:
        return Fail(
            (Evidence(service.id, "Key Vault Secrets User on its vault", f"no {service.identity_words}"),),
            f"{service.app} has no {service.identity_words} that could read {vault.name}.",
            f"Give the app its {service.identity_words}, then assign Key Vault Secrets User to it.",
            switch_on(service, seen),
        )
    if vault.by_policies:
        return _by_policies(want, principal, properties)
    documented = DocumentedGrant(
        SECRETS_USER,
        "Key Vault Secrets User",
        vault.id,
        tuple(secret_target(vault, secret.stored) for secret in vault.secrets),
        principal,
        f"The identity of {service.app}",
        f"the secrets of {vault.name}",
    )
    if properties.rbac:
        return judge(seen, documented)
    by_policy = data_access(seen, vault, properties, principal)
    return Fail(
        (
            Evidence(f"{vault.id}/properties/enableRbacAuthorization", True, properties.rbac),
            Evidence(
                vault.id, "Key Vault Secrets User", tuple(g.words(vault.id) for g in by_policy.grants) or "nothing"
            ),
        ),
        f"{vault.name} does not authorise by RBAC, so the documented role has no effect; {service.app} "
        + ("has access by an access policy." if by_policy.grants else "has none by an access policy either."),
        "Assign the role, then switch the vault to RBAC authorization.",
        grant_fix(documented),
        Severity.HIGH if by_policy.grants else None,
    )


_USUAL = frozenset({"get", "list"})


def _by_policies(want: SecretsReader, principal: str, properties: VaultProperties) -> Verdict:
    service, vault = want.service, want.vault
    rights = secret_rights(vault, properties, principal)
    evidence = (
        Evidence(f"{vault.id}/properties/accessPolicies/{principal}", tuple(sorted(_USUAL)), tuple(sorted(rights))),
    )
    effective, much = not properties.rbac and bool(rights & {"get", "all"}), rights - _USUAL
    if effective and not much:
        return Pass(evidence)
    if effective:
        note = f"The access policy of {service.app} on {vault.name} grants more than read: {', '.join(sorted(much))}."
    elif properties.rbac and rights & {"get", "all"}:
        note = f"{vault.name} authorises by RBAC, so that its access policy for {service.app} has no effect."
    else:
        note = f"No access policy grants {service.app} Get on the secrets of {vault.name}."
    return Fail(
        evidence,
        note,
        "Reduce the access policy of the identity to Get and List on secrets.",
        Fix(
            "Contributor on the vault",
            (allow_reading(vault, principal),),
            "Microsoft.KeyVault/vaults: properties.accessPolicies (azurerm_key_vault_access_policy)",
        ),
        Severity.HIGH if effective else None,
    )
