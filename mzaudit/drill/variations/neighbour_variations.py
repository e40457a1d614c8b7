"""Neighbours: other environments, other apps and vaults; none of them is what the run is about."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial

from mzaudit.drill import mutations
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.policy.desired import DesiredEnvironment, DesiredService
from mzaudit.simulator import Estate, canary
from mzaudit.simulator.estates import resource_bodies
from mzaudit.simulator.estates.estate_plan import stable_guid


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """What the run is not about may be in any state."""
    yield from each(("neighbours",), (), _things(ground))
    others = [env for env in ground.wanted.environments.values() if env.env != ground.env.env]
    for other in others:
        yield from each(("environments", other.env), (), _environment(ground.env, other))


def _things(ground: DrillContext) -> dict[str, Bend]:
    group, services = ground.env.resource_group_id, ground.env.services
    if ground.wanted.policy.undocumented is not None:  # then nobody else may be in there
        group = f"/subscriptions/{ground.env.subscription}/resourceGroups/rg-of-others"

    def vault(estate: Estate) -> None:
        estate.add(
            resource_bodies.vault(
                f"{group}/providers/Microsoft.KeyVault/vaults/kv-of-others", "westeurope", estate.tenant_id
            )
        )
        estate.secrets["kv-of-others"] = {}
        estate.put_secret("kv-of-others", "THEIRS", canary())

    def app(service: DesiredService, estate: Estate) -> None:
        arm_id = f"{group}/providers/Microsoft.Web/sites/app-of-others"
        body = copy.deepcopy(mutations.site(estate, service)) | {"id": arm_id, "name": "app-of-others"}
        if "identity" in body:
            body["identity"]["principalId"] = stable_guid("identity", arm_id)
        estate.add(body)
        web = copy.deepcopy(estate.resource(f"{service.id}/config/web"))
        estate.add(web | {"id": f"{arm_id}/config/web", "name": "app-of-others"})
        estate.settings[arm_id.casefold()] = {"SMTP_PASSWORD": canary()}

    def account(estate: Estate) -> None:
        for body in resource_bodies.storage_account(
            f"{group}/providers/Microsoft.Storage/storageAccounts/stofothers", "westeurope"
        ):
            estate.add(body)

    def registry(estate: Estate) -> None:
        arm_id = f"{group}/providers/Microsoft.ContainerRegistry/registries/acrofothers"
        estate.add(resource_bodies.registry(arm_id, "westeurope", "acrofothers.azurecr.io"))

    def deleted_vault(estate: Estate) -> None:
        subscription = f"/subscriptions/{ground.env.subscription}"
        estate.deleted_vaults.append(
            {
                "id": f"{subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-former",
                "name": "kv-former",
                "type": "Microsoft.KeyVault/deletedVaults",
                "properties": {
                    "vaultId": f"{group}/providers/Microsoft.KeyVault/vaults/kv-former",
                    "location": "westeurope",
                },
            }
        )

    return {
        "another vault": vault,
        **({"another app, with a password in clear": partial(app, services[0])} if services else {}),
        "another storage account": account,
        "another registry": registry,
        "a deleted vault": deleted_vault,
        "a group of nobody": lambda e: e.group_members.update({stable_guid("nobody"): set()}),
    }


def _environment(own: DesiredEnvironment, other: DesiredEnvironment) -> dict[str, Bend]:
    shared = {*(vault.id for vault in own.vaults), *(storage.container_id for storage in own.storage)}
    vaults = [vault for vault in other.vaults if vault.id not in shared]
    # Whoever reads what is this environment's too has to be known as the other's app.
    apart = [service for service in other.services if not shared & set(service.reaches)]

    def gone(estate: Estate) -> None:
        for service in apart:
            estate.remove(service.id)

    def broken(estate: Estate) -> None:
        for service in other.services:
            mutations.site_properties(estate, service).update(state="Stopped", enabled=False)
            mutations.run_image(estate, service, "docker.io/library/nginx:latest")
            mutations.settings(estate, service)["SMTP_PASSWORD"] = canary()

    def without_identities(estate: Estate) -> None:
        for service in apart:
            mutations.site(estate, service)["identity"] = {"type": "None"}

    def vaults_gone(estate: Estate) -> None:
        for vault in vaults:
            mutations.lose_vault(estate, vault)

    return {
        **({"apps gone there": gone, "no identities there": without_identities} if apart else {}),
        **({"apps broken there": broken} if other.services else {}),
        **({"vaults gone there": vaults_gone} if vaults else {}),
    }
