"""Servers and storage: what the control plane may tell of those that conform."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.policy.desired import DesiredServer, DesiredStorage
from mzaudit.simulator import Estate
from mzaudit.simulator.estates import resource_bodies


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """What the control plane may tell of things that conform."""
    if ground.wanted.policy.undocumented is None:  # else nothing further may be there
        for server in ground.env.servers:
            yield from each(("servers", server.key), (), _sql(server))
    for storage in ground.env.storage:
        yield from each(("storage", storage.key), (), _storage(storage))


def _sql(server: DesiredServer) -> dict[str, Bend]:
    return {
        "a further database": lambda e: e.add(resource_bodies.database(f"{server.id}/databases/scratch", "westeurope")),
        "a further server": lambda e: [
            e.add(b) for b in resource_bodies.sql_server(f"{server.id}-2", "westeurope", e.tenant_id)
        ],
    }


def _storage(storage: DesiredStorage) -> dict[str, Bend]:
    def unset(estate: Estate) -> None:
        del mutations.container(estate, storage)["publicAccess"]

    def other_container(estate: Estate) -> None:
        other = f"{storage.account_id}/blobServices/default/containers/other"
        estate.add(resource_bodies.container(other))["properties"]["publicAccess"] = "None"

    return {
        "openness never chosen": unset,
        "openness null": lambda estate: mutations.container(estate, storage).update(publicAccess=None),
        "account would allow openness": lambda e: mutations.account(e, storage).update(allowBlobPublicAccess=True),
        "account accepts its keys, which no service can list": lambda e: mutations.account(e, storage).update(
            allowSharedKeyAccess=True
        ),
        "a further container": other_container,
    }
