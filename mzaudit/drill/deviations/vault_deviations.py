"""What can be wrong with a vault: presence, mode, who reads it, and what it holds beside the documented secrets."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each, spread
from mzaudit.drill.mutations import SECRETS_USER
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredService, DesiredVault
from mzaudit.policy.models import ServiceSpec, VaultSpec
from mzaudit.simulator import Estate, canary
from mzaudit.simulator.estates import resource_bodies
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.http_messages import Json
from mzaudit.snapshot.text.ids import group_of

_GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"  # noqa: S105 - the name of an action


@breaks(VaultSpec, "name")
def presence(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The vault is there, and authorises by roles."""
    vault = ground.vault(steps[1])
    owners = ground.owners(vault)

    def properties(estate: Estate) -> Json:
        found: Json = estate.resource(vault.id)["properties"]
        return found

    def with_policies(estate: Estate) -> None:
        oids = [mutations.principal(estate, service) for service in owners] + [estate.auditor.oid]
        allowed = [
            {"tenantId": estate.tenant_id, "objectId": oid, "permissions": {"secrets": ["get", "list"]}} for oid in oids
        ]
        properties(estate).update(enableRbacAuthorization=False, accessPolicies=allowed)

    yield from each(
        steps,
        (Demand.VAULT_ISOLATION,),
        {
            "vault deleted": lambda estate: mutations.lose_vault(estate, vault),
            "vault soft-deleted": lambda estate: mutations.delete_vault(estate, vault),
        },
    )
    if vault.by_policies:
        by_rbac = {"authorises by RBAC": lambda estate: properties(estate).update(enableRbacAuthorization=True)}
        yield from each(steps, (Demand.VAULT_ROLE,), by_rbac)
        return
    yield from each(
        steps,
        (Demand.VAULT_ROLE,),
        {
            "authorises by access policies": lambda estate: properties(estate).update(enableRbacAuthorization=False),
            "authorisation mode never chosen": lambda estate: properties(estate).pop("enableRbacAuthorization"),
            "access policies that let the service in": with_policies,
        },
    )


def _access_policy(service: DesiredService, vault: DesiredVault) -> dict[str, Bend]:
    """What can be wrong with the access policy of a service."""

    def rights(*secrets: str) -> Bend:
        def mutate(estate: Estate) -> None:
            oid = mutations.principal(estate, service)
            policies = estate.resource(vault.id)["properties"]["accessPolicies"]
            kept = [one for one in policies if one["objectId"] != oid]
            given = {"tenantId": estate.tenant_id, "objectId": oid, "permissions": {"secrets": list(secrets)}}
            policies[:] = [*kept, given] if secrets else kept

        return mutate

    return {
        "access policy taken away": rights(),
        "access policy that lists alone": rights("List"),
        "access policy that writes": rights("Get", "List", "Set"),
        "access policy for everything": rights("all"),
    }


@breaks(ServiceSpec, "vault")
def role(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The service's identity reads its own vault, by the documented role, held directly, on exactly the vault."""
    service = ground.service(steps[1])
    vault = service.vault
    if vault is None:
        return
    if vault.by_policies:
        yield from each(steps, (Demand.VAULT_ROLE,), _access_policy(service, vault))
        return
    subscription = f"/subscriptions/{ground.env.subscription}"
    one = f"{vault.id}/secrets/{vault.secrets[0].stored}"

    def instead(role: str | None, scope: str) -> Bend:
        def mutate(estate: Estate) -> None:
            oid = mutations.principal(estate, service)
            estate.revoke(oid, SECRETS_USER, vault.id)
            if role is not None:
                estate.assign(oid, role, scope)

        return mutate

    def through_a_group(estate: Estate) -> None:
        oid = mutations.principal(estate, service)
        estate.revoke(oid, SECRETS_USER, vault.id)
        estate.assign(mutations.group(estate, oid), SECRETS_USER, vault.id, principal_type="Group")

    def denied(estate: Estate) -> None:
        mutations.deny(estate, mutations.principal(estate, service), vault.id, _GET_SECRET)

    def some_secrets_only(estate: Estate) -> None:
        oid = mutations.principal(estate, service)
        estate.revoke(oid, SECRETS_USER, vault.id)
        estate.assign(oid, SECRETS_USER, vault.id)["properties"].update(
            condition="((!(ActionMatches{'" + _GET_SECRET + "'})) OR (@Resource[Microsoft.KeyVault/vaults/secrets:name]"
            f" StringEquals '{vault.secrets[0].stored}'))",
            conditionVersion="2.0",
        )

    if len(vault.secrets) > 1:
        yield from each(steps, (Demand.VAULT_ROLE,), {"role for one secret by a condition": some_secrets_only})
    yield from each(
        steps,
        (Demand.VAULT_ROLE,),
        {
            "role taken away": instead(None, ""),
            "role on the resource group instead": instead(SECRETS_USER, group_of(vault.id)),
            "role on the subscription instead": instead(SECRETS_USER, subscription),
            "role on one secret only": instead(SECRETS_USER, one),
            "role through a group": through_a_group,
            "Key Vault Reader instead, which reads no value": instead("Key Vault Reader", vault.id),
            "Key Vault Secrets Officer instead": instead("Key Vault Secrets Officer", vault.id),
            "Key Vault Administrator instead": instead("Key Vault Administrator", vault.id),
            "Key Vault Certificate User instead": instead("Key Vault Certificate User", vault.id),
            "Contributor instead": instead("Contributor", vault.id),
            "denied by a deny assignment": denied,
            "role that ends on a date": lambda estate: mutations.end(
                estate, mutations.held(estate, mutations.principal(estate, service), vault.id), 60
            ),
        },
    )


@breaks(ServiceSpec, "vault")
def excess(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The identity holds no more than what is documented."""
    service = ground.service(steps[1])
    if service.acts_as == "none":
        return
    subscription = f"/subscriptions/{ground.env.subscription}"
    more = {
        "Reader on the subscription": ("Reader", subscription),
        "Contributor on its resource group": ("Contributor", group_of(service.id)),
        "Owner of its resource group": ("Owner", group_of(service.id)),
        "User Access Administrator on its resource group": ("User Access Administrator", group_of(service.id)),
        "Website Contributor on its own app": ("Website Contributor", service.id),
    }
    if service.image is not None:
        more["AcrPush on the registry"] = ("AcrPush", service.image.registry.id)
    if service.vault is not None:
        more["Key Vault Secrets Officer besides"] = ("Key Vault Secrets Officer", service.vault.id)
        more["Key Vault Contributor besides"] = ("Key Vault Contributor", service.vault.id)

    def given(role: str, scope: str) -> Bend:
        return lambda estate: estate.assign(mutations.principal(estate, service), role, scope)

    extra = {what: given(role, scope) for what, (role, scope) in more.items()}
    yield from each(steps, (Demand.VAULT_ROLE, Demand.CONTAINER_ACCESS), spread(ground, service, extra))
    if service.vault is not None:
        wide = {"the documented role on the resource group besides": given(SECRETS_USER, group_of(service.vault.id))}
        # where the group holds other vaults, it opens those too
        yield from each(steps, (Demand.VAULT_ROLE, Demand.VAULT_ISOLATION, Demand.CONTAINER_ACCESS), wide)


@breaks(VaultSpec, "name")
def isolation(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """No service but its own reads the vault: of this environment by every way, of the others by the plain one."""
    vault = ground.vault(steps[1])
    one = f"{vault.id}/secrets/{vault.secrets[0].stored}"

    def reads(service: DesiredService, role: str, scope: str) -> Bend:
        return lambda estate: estate.assign(mutations.principal(estate, service), role, scope)

    def in_a_group(service: DesiredService) -> Bend:
        def mutate(estate: Estate) -> None:
            members = mutations.group(estate, mutations.principal(estate, service), mutations.stranger())
            estate.assign(members, SECRETS_USER, vault.id, principal_type="Group")

        return mutate

    def by_slot(service: DesiredService) -> Bend:
        def mutate(estate: Estate) -> None:
            slot = mutations.slot(estate, service)
            estate.assign(str(estate.resource(slot)["identity"]["principalId"]), SECRETS_USER, vault.id)

        return mutate

    def deploys(service: DesiredService) -> Bend:
        def mutate(estate: Estate) -> None:
            estate.resource(vault.id)["properties"]["enabledForTemplateDeployment"] = True
            estate.assign(mutations.principal(estate, service), "Contributor", group_of(vault.id))

        return mutate

    def let_in(service: DesiredService) -> Bend:
        return lambda estate: resource_bodies.let_in(
            estate.resource(vault.id), estate.tenant_id, mutations.principal(estate, service)
        )

    for service in ground.strangers_to(vault):
        who = service.key if service.env == vault.env else f"{service.key} of {service.env}"
        if vault.by_policies:  # a role lets nobody in
            yield from each(steps, (Demand.VAULT_ISOLATION, Demand.ISOLATION), {f"{who} reads it": let_in(service)})
            continue
        bends_ = {f"{who} reads it": reads(service, SECRETS_USER, vault.id)}
        if service.env == vault.env:
            bends_ |= {
                f"{who} administers it": reads(service, "Key Vault Administrator", vault.id),
                f"{who} reads one secret of it": reads(service, SECRETS_USER, one),
                f"{who} reads it through a group": in_a_group(service),
                f"{who} deploys with its secrets": deploys(service),
            }
            if service.identity is None:  # else its slot has the same
                bends_[f"{who}'s slot reads it"] = by_slot(service)
        yield from each(steps, (Demand.VAULT_ISOLATION, Demand.ISOLATION), bends_)
    here = [one for one in ground.strangers_to(vault) if one.env == vault.env and one.vault is None]
    for service in here[:1] if not vault.by_policies else ():
        yield from each(
            steps,
            (Demand.VAULT_ISOLATION, Demand.ISOLATION),
            {f"{service.key} reads every vault of the group": reads(service, SECRETS_USER, group_of(vault.id))},
        )


@breaks(VaultSpec, "name")
def strangers(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Nobody else reads the vault."""
    vault = ground.vault(steps[1])
    one = f"{vault.id}/secrets/{vault.secrets[-1].stored}"
    who = mutations.stranger(vault.name)

    def reads(role: str, scope: str, kind: str) -> Bend:
        return lambda estate: estate.assign(who, role, scope, principal_type=kind)

    def let_in(estate: Estate) -> None:
        resource_bodies.let_in(estate.resource(vault.id), estate.tenant_id, who)

    if vault.by_policies:  # a role lets nobody in
        yield from each(steps, (Demand.VAULT_ISOLATION,), {"a person reads it": let_in})
        return
    yield from each(
        steps,
        (Demand.VAULT_ISOLATION,),
        {
            "a person reads it": reads(SECRETS_USER, vault.id, "User"),
            "a group reads it": reads(SECRETS_USER, vault.id, "Group"),
            "a person is Key Vault Administrator": reads("Key Vault Administrator", vault.id, "User"),
            "a person is Secrets Officer": reads("Key Vault Secrets Officer", vault.id, "User"),
            "a person reads one secret": reads(SECRETS_USER, one, "User"),
            "a group reads every vault of the group": reads(SECRETS_USER, group_of(vault.id), "Group"),
            "an application reads it": reads("Key Vault Certificate User", vault.id, "ServicePrincipal"),
        },
    )
    yield from each(
        steps,
        (Demand.IDENTITY, Demand.VAULT_ISOLATION),
        {
            "role left to an identity that is gone": lambda estate: estate.assign(
                stable_guid("identity", "stale", vault.id), SECRETS_USER, vault.id
            )
        },
    )


@breaks(VaultSpec, "secrets")
def undocumented(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Nothing but the documented secrets."""
    vault = ground.vault(steps[1])
    own = {secret.stored.casefold() for secret in vault.secrets}

    def holds(name: str, enabled: bool = True, content_type: str | None = None) -> Bend:
        def mutate(estate: Estate) -> None:
            estate.put_secret(vault.name, name, canary()).enabled = enabled
            estate.secrets[vault.name][name].content_type = content_type

        return mutate

    bends_ = {
        "an undocumented secret": holds("OLD-SMTP-PASSWORD"),
        "an undocumented secret, disabled": holds("OLD-SMTP-PASSWORD", enabled=False),
        "an undocumented secret with a certificate's content type": holds(
            "UPLOADED", content_type="application/x-pkcs12"
        ),
        "a second copy under a longer name": holds(f"{vault.secrets[0].stored}-2"),
    }
    theirs = [s for other in ground.env.vaults for s in other.secrets if s.stored.casefold() not in own]
    bends_ |= {f"{other.vault}'s {other.name}": holds(other.stored) for other in theirs[:1]}
    yield from each(steps, (Demand.SECRETS, Demand.NOTHING_UNDOCUMENTED), bends_)
