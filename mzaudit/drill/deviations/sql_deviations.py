"""What can be wrong with the SQL server and its databases, as far as Azure's control plane tells."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each
from mzaudit.policy.models import EnvironmentSpec, SqlSpec
from mzaudit.simulator import Estate
from mzaudit.simulator.estates import resource_bodies


@breaks(SqlSpec, "server")
@breaks(SqlSpec, "scope")
def server(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The server is there, in the group of its scope."""
    wanted = ground.env.server
    shared, own = ground.env.shared_resource_group_id, ground.env.resource_group_id
    elsewhere = own if wanted.id.startswith(f"{shared}/") else shared

    def moved(estate: Estate) -> None:
        parts = [copy.deepcopy(b) for k, b in estate.resources.items() if k.startswith(wanted.id.casefold())]
        estate.remove(wanted.id)
        for body in parts:
            body["id"] = elsewhere + str(body["id"])[len(wanted.id.partition("/providers/")[0]) :]
            estate.add(body)

    if steps[-1] == "server":
        yield from each(steps, ("DOC-02",), {"server deleted": lambda estate: estate.remove(wanted.id)})
    else:
        yield from each(steps, ("DOC-02",), {"server in the group of another scope": moved})


@breaks(SqlSpec, "databases")
def databases(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each database is there, on that server."""
    wanted = ground.env.server
    for database in wanted.databases:
        arm_id = f"{wanted.id}/databases/{database.name}"

        def elsewhere(estate: Estate, arm_id: str = arm_id, name: str = database.name) -> None:
            estate.remove(arm_id)
            second = f"{wanted.id}-2"
            for body in resource_bodies.sql_server(second, "westeurope", estate.tenant_id):
                estate.add(body)
            estate.add(resource_bodies.database(f"{second}/databases/{name}", "westeurope"))

        def twice(estate: Estate, name: str = database.name) -> None:
            second = f"{wanted.id}-2"
            for body in resource_bodies.sql_server(second, "westeurope", estate.tenant_id):
                estate.add(body)
            estate.add(resource_bodies.database(f"{second}/databases/{name}", "westeurope"))

        def renamed(estate: Estate, arm_id: str = arm_id) -> None:
            body = estate.resource(arm_id)
            estate.remove(arm_id)
            estate.add(body | {"id": f"{arm_id}-old", "name": f"{body['name']}-old"})

        def gone(arm_id: str = arm_id) -> Bend:
            return lambda estate: estate.remove(arm_id)

        yield from each(
            (*steps, database.key),
            ("DOC-02",),
            {
                "database deleted": gone(),
                "database on another server": elsewhere,
                "database on a second server too": twice,
                "database renamed": renamed,
            },
        )


@breaks(EnvironmentSpec, "sql_auth")
def entra_only(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Where passwords are forbidden, the server takes none."""
    wanted = ground.env.server
    if steps[1] != ground.env.env or not wanted.passwords_forbidden:
        return

    def off(estate: Estate) -> None:
        estate.resource(wanted.id)["properties"]["administrators"]["azureADOnlyAuthentication"] = False
        for child in ("azureADOnlyAuthentications/Default", "administrators/ActiveDirectory"):
            estate.resource(f"{wanted.id}/{child}")["properties"]["azureADOnlyAuthentication"] = False

    def no_administrator(estate: Estate) -> None:
        estate.resource(wanted.id)["properties"].pop("administrators")
        for child in ("azureADOnlyAuthentications/Default", "administrators/ActiveDirectory"):
            estate.remove(f"{wanted.id}/{child}")

    yield from each(
        steps,
        ("DOC-04",),
        {"server takes passwords": off, "server without an Entra administrator": no_administrator},
    )
