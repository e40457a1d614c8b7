"""The same estate told otherwise: case, order, pages, unknown members."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mzaudit.drill import mutations
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.policy.desired import DesiredService
from mzaudit.simulator import Estate

_PAGES = (1, 2, 3, 5, 10, 25, 49)


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """Everything here changes the answers' text and none of their meaning."""
    yield from each(("wire", "pages"), (), {f"pages of {size}": _pages(size) for size in _PAGES})
    yield from each(("wire", "order"), (), _order())
    yield from each(
        ("wire", "unknown"), (), {f"an unknown member in {kind}": _unknown(kind) for kind in _kinds(ground)}
    )
    yield from each(("wire", "unknown"), (), {"unknown members everywhere": _unknown(""), "tags everywhere": _tagged})
    yield from each(("wire", "case"), (), _case(ground))


def _kinds(ground: DrillContext) -> Iterator[str]:
    """The types of what the policy documents there."""
    env = ground.env
    yield from ("microsoft.web/sites", "microsoft.web/sites/config", "microsoft.web/serverfarms")
    if env.vaults:
        yield "microsoft.keyvault/vaults"
    if env.registries:
        yield "microsoft.containerregistry/registries"
    if env.servers:
        yield from ("microsoft.sql/servers", "microsoft.sql/servers/databases")
    if env.storage:
        yield "microsoft.storage/storageaccounts"
        yield "microsoft.storage/storageaccounts/blobservices/containers"
    if env.components:
        yield from ("microsoft.insights/components", "microsoft.insights/metricalerts")


def _pages(size: int) -> Bend:
    def mutate(estate: Estate) -> None:
        estate.page_size = size

    return mutate


def _order() -> dict[str, Bend]:
    def settings(estate: Estate) -> None:
        estate.settings = {site: dict(reversed(table.items())) for site, table in estate.settings.items()}

    def secrets(estate: Estate) -> None:
        estate.secrets = {vault: dict(reversed(held.items())) for vault, held in estate.secrets.items()}

    def resources(estate: Estate) -> None:
        estate.resources = dict(reversed(estate.resources.items()))

    def definitions(estate: Estate) -> None:
        estate.role_definitions = dict(reversed(estate.role_definitions.items()))

    def tags(estate: Estate) -> None:
        estate.images = {name: dict(reversed(held.items())) for name, held in estate.images.items()}

    return {
        "settings the other way round": settings,
        "secrets the other way round": secrets,
        "resources the other way round": resources,
        "role definitions the other way round": definitions,
        "tags the other way round": tags,
        "assignments the other way round": lambda estate: estate.role_assignments.reverse(),
    }


def _unknown(kind: str) -> Bend:
    def mutate(estate: Estate) -> None:
        for body in estate.resources.values():
            if kind in ("", str(body["type"]).casefold()):
                body["futureMember"] = {"nested": [1, None, "x"]}
                body["properties"]["futureProperty"] = {"value": True}

    return mutate


def _tagged(estate: Estate) -> None:
    for body in estate.resources.values():
        body["tags"] = {"owner": "platform", "cost center": "4711", "secret": "not one"}


def _case(ground: DrillContext) -> dict[str, Bend]:
    env = ground.env
    contained = [one for one in env.services if one.image is not None]
    forms: dict[str, Bend] = {
        "scopes of assignments in lower case": _scopes(str.lower),
        "resourcegroups in scopes": _scopes(lambda scope: scope.replace("resourceGroups", "resourcegroups")),
        "principals in upper case": _principals,
        "role definitions without a subscription": _tenant_wide_roles,
        "resourcegroups in ids": _ids,
        "locations by their display names": _locations,
    }
    if env.services:
        forms["ids of apps in lower case"] = _lower_ids("microsoft.web/sites")
        forms["the plan's id in upper case"] = partial(_plan_id, env.services[0])
        forms["the plan's SKU in the other case"] = partial(_sku, env.services[0])
    if env.vaults:
        forms["ids of vaults in lower case"] = _lower_ids("microsoft.keyvault/vaults")
    if env.servers:
        forms["ids of databases in lower case"] = _lower_ids("microsoft.sql/servers/databases")
    if env.components:
        forms["id of the component in lower case"] = _lower_ids("microsoft.insights/components")
        forms["scopes of alerts in upper case"] = _alert_scopes
        forms["source of the workbook in upper case"] = _workbook_source
    if contained:
        forms["the registry's host in upper case"] = partial(_login_server, contained)
        forms["docker in lower case"] = partial(_docker, contained)
    return forms


def _scopes(spelled: Callable[[str], str]) -> Bend:
    def mutate(estate: Estate) -> None:
        for assignment in estate.role_assignments:
            assignment["properties"]["scope"] = spelled(str(assignment["properties"]["scope"]))

    return mutate


def _principals(estate: Estate) -> None:
    for assignment in estate.role_assignments:
        assignment["properties"]["principalId"] = str(assignment["properties"]["principalId"]).upper()


def _tenant_wide_roles(estate: Estate) -> None:
    for assignment in estate.role_assignments:
        role = str(assignment["properties"]["roleDefinitionId"])
        guid = role.rpartition("/")[2].upper()
        assignment["properties"]["roleDefinitionId"] = f"/providers/Microsoft.Authorization/roleDefinitions/{guid}"


def _ids(estate: Estate) -> None:
    for body in estate.resources.values():
        body["id"] = str(body["id"]).replace("/resourceGroups/", "/resourcegroups/")


def _lower_ids(kind: str) -> Bend:
    def mutate(estate: Estate) -> None:
        for body in estate.resources.values():
            if str(body["type"]).casefold() == kind:
                body["id"] = str(body["id"]).lower()

    return mutate


def _plan_id(service: DesiredService, estate: Estate) -> None:
    properties = mutations.site_properties(estate, service)
    properties["serverFarmId"] = str(properties["serverFarmId"]).replace("serverfarms", "serverFarms").upper()


def _sku(service: DesiredService, estate: Estate) -> None:
    plan = estate.resource(str(mutations.site_properties(estate, service)["serverFarmId"]))
    plan["sku"]["name"] = str(plan["sku"]["name"]).swapcase()


def _locations(estate: Estate) -> None:
    for body in estate.resources.values():
        if str(body.get("location", "")).casefold() == "westeurope":
            body["location"] = "West Europe"


def _alert_scopes(estate: Estate) -> None:
    for body in estate.resources.values():
        if "scopes" in body["properties"]:
            body["properties"]["scopes"] = [str(scope).upper() for scope in body["properties"]["scopes"]]


def _workbook_source(estate: Estate) -> None:
    for body in estate.resources.values():
        if "sourceId" in body["properties"]:
            body["properties"]["sourceId"] = str(body["properties"]["sourceId"]).upper()


def _login_server(services: Sequence[DesiredService], estate: Estate) -> None:
    for one in services:
        host, _, rest = str(mutations.config(estate, one)["linuxFxVersion"]).partition("|")[2].partition("/")
        mutations.run_image(estate, one, f"{host.upper()}/{rest}")


def _docker(services: Sequence[DesiredService], estate: Estate) -> None:
    for one in services:
        web = mutations.config(estate, one)
        web["linuxFxVersion"] = str(web["linuxFxVersion"]).replace("DOCKER|", "docker|")
