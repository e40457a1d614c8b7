"""What can be wrong with what a service is, runs, acts as and may do beside the usual."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredAccess, DesiredIdentity, DesiredService
from mzaudit.policy.models import AssignedPrincipal, ServiceSpec
from mzaudit.simulator import Estate
from mzaudit.simulator.estates.estate_plan import stable_guid


@breaks(ServiceSpec, "kind")
def kind(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A web app is none for functions, and the other way about."""
    service = ground.service(steps[1])
    other = "app,linux" if service.function else "functionapp,linux"

    def mutate(estate: Estate) -> None:
        mutations.site(estate, service)["kind"] = other
        mutations.site_properties(estate, service)["kind"] = other

    yield from each(steps, (Demand.CONTAINERS,), {f"kind {other}": mutate})


@breaks(ServiceSpec, "runs")
def stack(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The documented stack, in the documented version."""
    service = ground.service(steps[1])
    if service.stack is None:
        return  # drilled with the app

    def runs(runtime: str) -> Bend:
        return lambda estate: mutations.config(estate, service).update(linuxFxVersion=runtime)

    forms = {
        "another version": runs(f"{service.stack}9"),
        "another stack": runs("PHP|8.3"),
        "a container": runs("DOCKER|docker.io/library/nginx:1"),
        "nothing": runs(""),
    }
    yield from each(steps, (Demand.CONTAINERS,), forms)


@breaks(ServiceSpec, "identity")
def identity(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The documented user-assigned identity is there, attached, and the one that is used."""
    service = ground.service(steps[1])
    if service.identity is not None:
        yield from each(steps, (Demand.IDENTITY,), _another(service, service.identity))


def _another(service: DesiredService, own: DesiredIdentity) -> dict[str, Bend]:
    other = f"{own.id}-other"
    shown = {"principalId": stable_guid("other", own.id), "clientId": stable_guid("other client", own.id)}

    def attached(estate: Estate) -> None:
        mutations.site(estate, service)["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {other: shown}}

    def system(estate: Estate) -> None:
        told = {
            "type": "SystemAssigned",
            "principalId": stable_guid("system", service.id),
            "tenantId": estate.tenant_id,
        }
        mutations.site(estate, service)["identity"] = told

    def references(estate: Estate) -> None:
        mutations.site_properties(estate, service)["keyVaultReferenceIdentity"] = "SystemAssigned"
        mutations.config(estate, service)["keyVaultReferenceIdentity"] = "SystemAssigned"

    def pulls(estate: Estate) -> None:
        mutations.config(estate, service)["acrUserManagedIdentityID"] = shown["clientId"]

    forms: dict[str, Bend] = {
        "identity deleted": lambda estate: estate.remove(own.id),
        "another identity attached": attached,
        "the system-assigned identity instead": system,
    }
    forms |= {"references by the system-assigned identity": references} if service.settings else {}
    forms |= {"image pulled by another identity": pulls} if service.image is not None else {}
    return forms


@breaks(ServiceSpec, "access")
def access(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each documented role is held, on exactly its thing."""
    service = ground.service(steps[1])
    for one in service.access:
        bends = _instead(lambda estate: mutations.principal(estate, service), one)
        yield from each((*steps, one.on, one.role), (Demand.ACCESS,), bends)


@breaks(AssignedPrincipal, "access")
def principal_access(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """People and pipelines hold each of their documented roles, on exactly its thing."""
    principal = getattr(ground.wanted.policy, str(steps[0]))[int(steps[1])]
    for held in ground.env.principals:
        if held.object_id in principal.object_ids and held.pipeline == (steps[0] == "pipelines"):
            for one in held.access:
                yield from each((*steps, one.on, one.role), (Demand.ACCESS,), _instead(_always(held.object_id), one))


def _always(object_id: str) -> Callable[[Estate], str]:
    return lambda _: object_id


def _instead(holder: Callable[[Estate], str], one: DesiredAccess) -> dict[str, Bend]:
    group = "/".join(one.scope.split("/")[:5])

    def instead(scope: str | None) -> Bend:
        def mutate(estate: Estate) -> None:
            oid = holder(estate)
            kept = [a for a in estate.role_assignments if not _is(a["properties"], oid, one.scope)]
            gone = [a for a in estate.role_assignments if _is(a["properties"], oid, one.scope)]
            estate.role_assignments[:] = kept
            if scope is not None:
                role = str(gone[0]["properties"]["roleDefinitionId"]).rpartition("/")[2]
                estate.assign(oid, role, scope)

        return mutate

    return {"role taken away": instead(None), "role on the resource group instead": instead(group)}


def _is(assignment: dict[str, object], oid: str, scope: str) -> bool:
    return assignment["principalId"] == oid and str(assignment["scope"]).casefold() == scope.casefold()
