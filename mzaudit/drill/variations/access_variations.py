"""Roles of others: administrators, pipelines, auditors, and rights that read no secret."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.simulator import Estate
from mzaudit.simulator.estates.estate_plan import stable_guid


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """Assignments that no rule is about, and ways to hold the auditor's own."""
    yield from each(("rights",), (), _others(ground))
    asked = {(held.object_id, one.scope) for held in ground.env.principals for one in held.access}
    for vault in ground.env.vaults:
        for position, reader in enumerate(vault.readers):
            if (reader.object_id, vault.id) in asked:
                continue

            def gone(estate: Estate, oid: str = reader.object_id, scope: str = vault.id) -> None:
                estate.revoke(oid, mutations.SECRETS_USER, scope)

            yield from each(("vaults", vault.key, "readers", position), (), {"named reader without the role": gone})


def _others(ground: DrillContext) -> dict[str, Bend]:
    env = ground.env
    subscription = f"/subscriptions/{env.subscription}"
    who = mutations.stranger("administrator")

    def given(role: str, scope: str, kind: str = "User") -> Bend:
        return lambda estate: estate.assign(who, role, scope, principal_type=kind)

    def auditor_by_group(estate: Estate) -> None:
        estate.revoke(estate.auditor.oid, "Reader", subscription)
        auditors = mutations.group(estate, estate.auditor.oid, who)
        estate.assign(auditors, "Reader", subscription, principal_type="Group")

    def auditor_from_above(estate: Estate) -> None:
        estate.revoke(estate.auditor.oid, "Reader")
        root = f"/providers/Microsoft.Management/managementGroups/{estate.tenant_id}"
        estate.assign(estate.auditor.oid, "Reader", root)

    def auditor_twice(estate: Estate) -> None:
        estate.assign(estate.auditor.oid, "Reader", env.resource_group_id)
        estate.assign(estate.auditor.oid, mutations.SECRETS_USER, env.resource_group_id)

    def denied_to_others(estate: Estate) -> None:
        for vault in env.vaults:
            mutations.deny(estate, who, vault.id, "Microsoft.KeyVault/vaults/secrets/*")

    def leftover_policies(estate: Estate) -> None:
        for vault in [one for one in env.vaults if not one.by_policies]:
            estate.resource(vault.id)["properties"]["accessPolicies"] = [
                {"tenantId": estate.tenant_id, "objectId": who, "permissions": {"secrets": ["all"]}}
            ]

    def serves_deployments(estate: Estate) -> None:
        for vault in env.vaults:
            estate.resource(vault.id)["properties"].update(
                enabledForTemplateDeployment=True, enabledForDeployment=True, enabledForDiskEncryption=True
            )
        estate.assign(who, "Contributor", env.resource_group_id, principal_type="User")

    def network(action: str, rules: list[str]) -> Bend:
        def mutate(estate: Estate) -> None:
            for vault in env.vaults:
                estate.resource(vault.id)["properties"]["networkAcls"] = {
                    "bypass": "AzureServices",
                    "defaultAction": action,
                    "ipRules": [{"value": rule} for rule in rules],
                    "virtualNetworkRules": [],
                }

        return mutate

    def eligible(estate: Estate) -> None:
        name = stable_guid("eligible", who)
        role = estate.role_assignments[0]["properties"]["roleDefinitionId"]
        estate.role_eligibilities.append(
            {
                "id": f"{subscription}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/{name}",
                "name": name,
                "type": "Microsoft.Authorization/roleEligibilityScheduleInstances",
                "properties": {"scope": subscription, "roleDefinitionId": role, "principalId": who},
            }
        )

    def scheduled(estate: Estate) -> None:
        for assignment in estate.role_assignments:
            mutations.end(estate, assignment, None)

    named = {
        f"{role} {words}": given(role, scope, kind)
        for role, scope, words, kind in (
            ("Owner", subscription, "of the subscription", "User"),
            ("Contributor", env.resource_group_id, "of the group", "Group"),
            ("User Access Administrator", subscription, "of the subscription", "User"),
            ("Reader", subscription, "of the subscription", "Group"),
            *(("Monitoring Reader", one.id, f"of the component {one.key}", "User") for one in env.components),
            *(("AcrPull", one.id, f"of {one.key} for a developer", "User") for one in env.registries),
            *(("AcrPush", one.id, f"of {one.key} for a pipeline", "ServicePrincipal") for one in env.registries),
            *(("Website Contributor", one.id, "of an app", "User") for one in env.services[:1]),
        )
    }
    for vault in env.vaults[:1]:
        named["Key Vault Reader of a vault"] = given("Key Vault Reader", vault.id)
        named["Key Vault Contributor of a vault"] = given("Key Vault Contributor", vault.id)
    for storage in env.storage[:1]:
        named["a developer writes the blobs"] = given("Storage Blob Data Contributor", storage.container_id)
    return {
        **named,
        "the auditor reads through a group": auditor_by_group,
        "the auditor reads from a management group": auditor_from_above,
        "the auditor holds its roles twice": auditor_twice,
        "somebody else is denied secrets": denied_to_others,
        "vaults that serve deployments, machines and disks, for an administrator": serves_deployments,
        "access policies left in a vault that uses roles": leftover_policies,
        "network rules that allow all": network("Allow", []),
        "network rules that allow this auditor": network("Deny", ["203.0.113.0/24"]),
        "somebody is eligible for a role": eligible,
        "every assignment scheduled, none of them ending": scheduled,
    }
