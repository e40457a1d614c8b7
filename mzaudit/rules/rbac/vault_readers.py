"""RBAC-003: nobody else reads the vault's secrets, except whom the policy names."""

from collections.abc import Iterator

from mzaudit.access.documented_grant import revoke_fix
from mzaudit.access.effective_access import Holder, holders_of
from mzaudit.access.managed_identities import caller_of, identities_of, is_gone, may_be_managed_identity
from mzaudit.access.permission_matching import ActionTarget
from mzaudit.access.vault_access import deployers, secret_readers
from mzaudit.engine import Evidence, Fail, Inconclusive, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import GuardedVault, each_guarded_vault
from mzaudit.policy.desired import DesiredService, DesiredVault
from mzaudit.rules.rbac._orphaned_assignments import presumed_former
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import VaultProperties
from mzaudit.snapshot.observed import Gap, GapReason, Observed, not_asked


@rule(
    "RBAC-003",
    title="Nobody else reads the vault's secrets",
    severity=Severity.MEDIUM,
    over=each_guarded_vault,
    guards=(Demand.VAULT_ISOLATION,),
    requires=("KV-001",),
)
def vault_readers(want: GuardedVault, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Every principal that an assignment (or an access policy, where the vault does not authorise by RBAC) lets get a
    secret of the vault is accounted for: an identity of the vault's own services or their slots, a reader that the
    policy names, or the identity that this audit runs as. All assignments of the subscription are read, inherited ones
    included. A group counts as one principal, not by its members; the policy names it by its object id.

    Not counted here: identities of other documented services (RBAC-002); a principal that Azure calls unknown, and a
    service principal that holds the documented role while none of the vault's own identities does, so that it looks
    like their former identity (RBAC-007); of a vault that no service reads there is none.

    While the app of a service that owns the vault is not where the policy says (APP-001), any other service principal
    may be its identity: the rule is then inconclusive, and suggests no removal.

    Listed and not judged: who can grant itself access, by role assignments on or above the vault or, without RBAC
    authorization, by its access policies; that is, Owner, Contributor, User Access Administrator and similar; who may
    have Resource Manager read its secrets for a deployment, where the vault allows that
    (`enabledForTemplateDeployment`); and whether it lets virtual machines read certificates (`enabledForDeployment`),
    or Azure Disk Encryption secrets (`enabledForDiskEncryption`).

    ## Why it matters
    A vault protects its secrets only from those who cannot read it.

    ## Remediation
    Remove the assignment, or name the reader and the reason in the policy.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    - https://learn.microsoft.com/azure/role-based-access-control/best-practices
    """
    vault = want.vault
    properties = need(seen.vault(vault.id).properties)
    if properties is None:
        return NotApplicable(f"The vault {vault.name} does not exist.")
    own = identities_of(seen, want.owners, slots_in=vault.env)
    others = identities_of(seen, want.others, slots_in=vault.env)
    accounted = caller_of(seen) | {reader.object_id.casefold() for reader in vault.readers}
    readers = secret_readers(seen, vault, properties)
    gaps: list[Gap] = [readers.gap] if readers.gap is not None else []
    missing = [gap for owner in want.owners for gap in _missing(seen, owner)]
    strangers: list[Holder] = []
    for reader in readers.items:
        who = reader.principal_id.casefold()
        if who in accounted or own.owns(who) or others.owns(who) or is_gone(reader.type):
            continue
        service_principal = may_be_managed_identity(reader.type)
        doubt = [*reader.access.gaps]
        if service_principal:
            doubt += [*own.gaps, *others.gaps]
        if seen.caller is None and (reader.type is None or reader.type.casefold() != "group"):
            doubt.append(not_asked("the claims of the auditor's token"))
        if doubt:
            gaps += doubt
        elif not (service_principal and presumed_former(seen, want, own, who)):
            if service_principal and missing:
                gaps += missing
            else:
                strangers.append(reader)
    listed = tuple(
        Evidence(vault.id, "listed, not judged: may grant itself access", words)
        for words in sorted(set(_escalations(seen, vault, properties)))
    )
    listed += tuple(_platform(seen, vault, properties))
    if strangers:
        return _exposed(vault, strangers, listed)
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    shown = tuple(sorted(_words(r, grant.words(vault.id)) for r in readers.items for grant in r.access.grants))
    return Pass((Evidence(vault.id, "readers that are accounted for", shown), *listed))


def _exposed(vault: DesiredVault, strangers: list[Holder], listed: tuple[Evidence, ...]) -> Fail:
    grants = [(reader, grant) for reader in strangers for grant in reader.access.grants]
    first, way = grants[0]
    return Fail(
        tuple(
            Evidence(
                grant.id,
                "no reader that the policy does not name",
                _words(reader, grant.words(vault.id)),
                principal=reader.principal_id,
            )
            for reader, grant in grants
        )
        + listed,
        f"{_words(first, way.words(vault.id))} can read secrets of {vault.name}, and the policy does not name it.",
        "Remove the assignment, or name the reader under the vault's readers in the policy.",
        revoke_fix(tuple(grant for _, grant in grants)),
    )


def _missing(seen: Snapshot, owner: DesiredService) -> Iterator[Gap]:
    """Why the identity of a service that owns the vault is not known, where its app is not at its place."""
    site = seen.site(owner.id).properties
    if isinstance(site, Observed) and site.value is None:
        detail = f"{owner.app} is not where the policy says, so that the reader may be its identity"
        yield Gap(GapReason.UNDECIDED, f"GET {owner.id}", owner.id, detail=detail)


def _words(holder: Holder, how: str) -> str:
    return f"{holder.type or 'principal'} {holder.principal_id} ({how})"


def _platform(seen: Snapshot, vault: DesiredVault, properties: VaultProperties) -> Iterator[Evidence]:
    """What the vault lets the platform take, and for whom."""
    for flag, value in (
        ("enabledForTemplateDeployment", properties.template_deployment),
        ("enabledForDeployment", properties.deployment),
        ("enabledForDiskEncryption", properties.disk_encryption),
    ):
        if value:
            yield Evidence(f"{vault.id}/properties/{flag}", "listed, not judged", value)
    ways = {
        _words(holder, grant.words(vault.id))
        for holder in deployers(seen, vault, properties).items
        for grant in holder.access.grants
    }
    for words in sorted(ways):
        yield Evidence(vault.id, "listed, not judged: may read secrets through a deployment", words)


def _escalations(seen: Snapshot, vault: DesiredVault, properties: VaultProperties) -> Iterator[str]:
    actions = ["Microsoft.Authorization/roleAssignments/write"]
    if not properties.rbac:
        actions += ["Microsoft.KeyVault/vaults/write", "Microsoft.KeyVault/vaults/accessPolicies/write"]
    for holder in holders_of(seen, tuple(ActionTarget(vault.id, action, False) for action in actions)).items:
        for grant in holder.access.grants:
            yield _words(holder, grant.words(vault.id))
