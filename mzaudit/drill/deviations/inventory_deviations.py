"""What can be in a resource group without being documented."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import DrillCase, DrillContext, Steps
from mzaudit.engine.demand import Demand
from mzaudit.kinds import SERVER, VAULT
from mzaudit.policy.models import Policy
from mzaudit.simulator import Estate
from mzaudit.snapshot.text.ids import name

_MADE = {
    "a virtual machine made by hand": "Microsoft.Compute/virtualMachines/vm-by-hand",
    "a second vault": f"{VAULT}/kv-second",
    "a SQL server of nobody": f"{SERVER}/sql-of-nobody",
}


@breaks(Policy, "undocumented")
def undocumented(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Something made by hand in each resource group, and a database on each documented server."""
    spec = ground.wanted.policy.undocumented
    if spec is None:
        return
    allowed = {each.type.casefold() for each in spec.allow}
    for group in ground.env.resource_groups:
        for what, made in _MADE.items():
            if made.rpartition("/")[0].casefold() not in allowed:
                mutate = partial(add_bare, f"{group}/providers/{made}")
                yield DrillCase(f"undocumented.{name(group)}", what, mutate, (Demand.DOCUMENTED,))
    for server in ground.env.servers:
        if f"{SERVER}/databases".casefold() not in allowed:
            mutate = partial(add_bare, f"{server.id}/databases/db-copy")
            yield DrillCase(f"undocumented.{server.name}", "a copy of a database", mutate, (Demand.DOCUMENTED,))


def add_bare(resource_id: str, estate: Estate, *, location: str = "westeurope") -> None:
    """Put a resource of any type of which nothing is known but that it is there."""
    *_, below = resource_id.partition("/providers/")
    namespace, *rest = below.split("/")
    kind = "/".join((namespace, *rest[::2]))
    estate.know(kind)
    called = "/".join(rest[1::2])
    estate.add({"id": resource_id, "name": called, "type": kind, "location": location, "properties": {}})
