"""What can be wrong with an app itself: presence, state, system, runtime, identity."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each, spread
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredService
from mzaudit.policy.models import ServiceSpec
from mzaudit.simulator import Estate
from mzaudit.simulator.estates.estate_plan import stable_guid


@breaks(ServiceSpec, "app")
def presence(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The app is there, and runs."""
    service = ground.service(steps[1])

    yield from each(
        steps,
        (Demand.APPS,),
        {
            "app deleted": lambda estate: estate.remove(service.id),
            "app stopped": lambda estate: mutations.site_properties(estate, service).update(state="Stopped"),
            "app disabled": lambda estate: mutations.site_properties(estate, service).update(enabled=False),
            "app disabled and stopped": lambda estate: mutations.site_properties(estate, service).update(
                enabled=False, state="Stopped"
            ),
        },
    )


@breaks(ServiceSpec, "app")
def container(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Linux, and a container."""
    service = ground.service(steps[1])

    def windows(estate: Estate) -> None:
        mutations.site(estate, service)["kind"] = "app"
        mutations.site_properties(estate, service).update(reserved=False, kind="app")
        mutations.config(estate, service).update(linuxFxVersion="", windowsFxVersion=None)

    def windows_container(estate: Estate) -> None:
        mutations.site(estate, service)["kind"] = "app,container,windows"
        mutations.site_properties(estate, service).update(reserved=False, isXenon=True, kind="app,container,windows")
        reference = mutations.config(estate, service)["linuxFxVersion"]
        mutations.config(estate, service).update(linuxFxVersion="", windowsFxVersion=reference)

    def stack(runtime: str) -> Bend:
        def mutate(estate: Estate) -> None:
            mutations.site(estate, service)["kind"] = "app,linux"
            mutations.site_properties(estate, service)["kind"] = "app,linux"
            mutations.config(estate, service)["linuxFxVersion"] = runtime

        return mutate

    systems = {"Windows app": windows, "Windows container": windows_container}
    yield from each(steps, (Demand.APPS, Demand.CONTAINERS), spread(ground, service, systems))
    if service.stack is not None:
        return
    stacks = {f"runtime {runtime or 'empty'}": stack(runtime) for runtime in ("PYTHON|3.12", "NODE|20-lts", "")}
    yield from each(steps, (Demand.CONTAINERS,), spread(ground, service, stacks))


@breaks(ServiceSpec, "app")
def identity(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A system-assigned identity, which is the one that is used."""
    service = ground.service(steps[1])
    if service.acts_as != "system":
        return

    def gone(estate: Estate) -> None:
        del mutations.site(estate, service)["identity"]

    def user_assigned_only(estate: Estate) -> None:
        mutations.site(estate, service)["identity"] = {"type": "None"}
        mutations.attach(estate, service)

    def references_by_another(estate: Estate) -> None:
        attached = mutations.attach(estate, service)
        for scope in _secrets_scope(service):
            estate.assign(_attached_oid(attached), mutations.SECRETS_USER, scope)
        mutations.site_properties(estate, service)["keyVaultReferenceIdentity"] = attached
        mutations.config(estate, service)["keyVaultReferenceIdentity"] = attached

    def pulls_by_another(estate: Estate) -> None:
        attached = mutations.attach(estate, service)
        if service.image is not None:
            estate.assign(_attached_oid(attached), "AcrPull", service.image.registry.id)
        mutations.config(estate, service)["acrUserManagedIdentityID"] = stable_guid("user-assigned-client", attached)

    def recreated(estate: Estate) -> None:
        mutations.site(estate, service)["identity"]["principalId"] = stable_guid("identity", "second", service.id)

    yield from each(
        steps,
        (Demand.IDENTITY,),
        {
            "identity off": lambda estate: mutations.site(estate, service).update(identity={"type": "None"}),
            "identity never made": gone,
            "user-assigned identity only": user_assigned_only,
            "references resolved by a user-assigned identity": references_by_another,
        },
    )
    if service.image is not None:
        yield from each(steps, (Demand.IDENTITY,), {"images pulled by a user-assigned identity": pulls_by_another})
    if not (service.vaults or service.storage or service.access or service.image):
        return  # nothing but databases let it in
    # where a vault is shared, the former identity cannot be told from a stranger
    again = {"identity re-created, its roles left to the old one": recreated}
    its_container = (Demand.CONTAINER_ACCESS,) if service.storage else ()
    yield from each(steps, (Demand.IDENTITY, Demand.VAULT_ROLE, *its_container), again)


def _attached_oid(attached: str) -> str:
    return stable_guid("user-assigned", attached)


def _secrets_scope(service: DesiredService) -> tuple[str, ...]:
    return tuple(vault.id for vault in service.vaults)
