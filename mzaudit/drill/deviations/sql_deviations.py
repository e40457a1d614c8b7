"""What can be wrong with the SQL server and its databases, as far as Azure's control plane tells."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredServer
from mzaudit.policy.models import EnvironmentSpec, ServerSpec
from mzaudit.simulator import Estate
from mzaudit.simulator.estates import resource_bodies


@breaks(ServerSpec, "name")
def server(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The server is there."""
    for wanted in (one for one in ground.env.servers if one.key == steps[1]):

        def moved(estate: Estate, wanted: DesiredServer = wanted) -> None:
            parts = [copy.deepcopy(b) for k, b in estate.resources.items() if k.startswith(wanted.id.casefold())]
            estate.remove(wanted.id)
            group = wanted.id.partition("/providers/")[0]
            for body in parts:
                body["id"] = f"{group}-moved" + str(body["id"])[len(group) :]
                estate.add(body)

        def gone(estate: Estate, wanted: DesiredServer = wanted) -> None:
            estate.remove(wanted.id)

        yield from each(steps, (Demand.DATABASES,), {"server deleted": gone, "server in another group": moved})


@breaks(ServerSpec, "databases")
def databases(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each database is there, on that server."""
    wanted = next((one for one in ground.env.servers if one.key == steps[1]), None)
    for database in wanted.databases if wanted is not None else ():
        arm_id, server_id = database.id, database.server_id

        def elsewhere(
            estate: Estate, arm_id: str = arm_id, server_id: str = server_id, name: str = database.name
        ) -> None:
            estate.remove(arm_id)
            second = f"{server_id}-2"
            for body in resource_bodies.sql_server(second, "westeurope", estate.tenant_id):
                estate.add(body)
            estate.add(resource_bodies.database(f"{second}/databases/{name}", "westeurope"))

        def twice(estate: Estate, server_id: str = server_id, name: str = database.name) -> None:
            second = f"{server_id}-2"
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
            (Demand.DATABASES,),
            {
                "database deleted": gone(),
                "database on another server": elsewhere,
                "database on a second server too": twice,
                "database renamed": renamed,
            },
        )


@breaks(EnvironmentSpec, "sql_auth")
def entra_only(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Where passwords are forbidden, no server takes one."""
    if steps[1] != ground.env.env:
        return
    for wanted in (one for one in ground.env.servers if one.passwords_forbidden):

        def off(estate: Estate, wanted: DesiredServer = wanted) -> None:
            estate.resource(wanted.id)["properties"]["administrators"]["azureADOnlyAuthentication"] = False
            for child in ("azureADOnlyAuthentications/Default", "administrators/ActiveDirectory"):
                estate.resource(f"{wanted.id}/{child}")["properties"]["azureADOnlyAuthentication"] = False

        def no_administrator(estate: Estate, wanted: DesiredServer = wanted) -> None:
            estate.resource(wanted.id)["properties"].pop("administrators")
            for child in ("azureADOnlyAuthentications/Default", "administrators/ActiveDirectory"):
                estate.remove(f"{wanted.id}/{child}")

        forms = {"takes passwords": off, "without an Entra administrator": no_administrator}
        yield from each(
            steps, (Demand.NO_PASSWORDS,), {f"{wanted.key} {what}": mutate for what, mutate in forms.items()}
        )
