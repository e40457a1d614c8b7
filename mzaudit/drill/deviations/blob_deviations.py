"""What can be wrong with a storage account and its container: presence, openness, who reads it."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each
from mzaudit.drill.mutations import BLOB_READER
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredService, DesiredStorage
from mzaudit.policy.models import ServiceSpec, StorageSpec
from mzaudit.simulator import Estate
from mzaudit.snapshot.text.ids import group_of

_WRITER = "Storage Blob Data Contributor"
_OWNER = "Storage Blob Data Owner"


@breaks(StorageSpec, "account")
@breaks(StorageSpec, "container")
def presence(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Account and container are there, and closed."""
    storage = ground.storage(steps[1])

    def public(level: str) -> Bend:
        def mutate(estate: Estate) -> None:
            mutations.account(estate, storage)["allowBlobPublicAccess"] = True
            mutations.container(estate, storage)["publicAccess"] = level

        return mutate

    def public_by_default(estate: Estate) -> None:
        mutations.account(estate, storage).pop("allowBlobPublicAccess")
        mutations.container(estate, storage)["publicAccess"] = "Blob"

    if steps[-1] == "account":
        yield from each(
            steps, (Demand.CONTAINER,), {"account deleted": lambda estate: estate.remove(storage.account_id)}
        )
        return
    yield from each(
        steps,
        (Demand.CONTAINER,),
        {"container deleted": lambda estate: estate.remove(storage.container_id)},
    )
    yield from each(
        steps,
        (Demand.CONTAINER_ACCESS,),
        {
            "anyone reads a blob by its name": public("Blob"),
            "anyone lists and reads": public("Container"),
            "anyone reads; the account has never been closed": public_by_default,
        },
    )


@breaks(ServiceSpec, "storage")
def role(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A service with access holds the documented role on exactly the container; one without holds none."""
    service = ground.service(steps[1])
    for storage in ground.env.storage:
        if storage not in service.storage and service.acts_as != "none":
            yield from each(
                (*steps, storage.key), (Demand.CONTAINER_ACCESS, Demand.ISOLATION), _reached(ground, service, storage)
            )
    for storage in service.storage:
        yield from _reads((*steps, storage.key) if len(service.storage) > 1 else steps, ground, service, storage)


def _reads(steps: Steps, ground: DrillContext, service: DesiredService, storage: DesiredStorage) -> Iterator[DrillCase]:
    subscription = f"/subscriptions/{ground.env.subscription}"

    def instead(role: str | None, scope: str) -> Bend:
        def mutate(estate: Estate) -> None:
            oid = mutations.principal(estate, service)
            estate.revoke(oid, storage.role, storage.container_id)
            if role is not None:
                estate.assign(oid, role, scope)

        return mutate

    def through_a_group(estate: Estate) -> None:
        oid = mutations.principal(estate, service)
        estate.revoke(oid, storage.role, storage.container_id)
        estate.assign(mutations.group(estate, oid), storage.role, storage.container_id, principal_type="Group")

    other = f"{storage.account_id}/blobServices/default/containers/other"
    reads: dict[str, Bend] = {
        "role taken away": instead(None, ""),
        "role on the account instead": instead(storage.role, storage.account_id),
        "role on the resource group instead": instead(storage.role, group_of(storage.account_id)),
        "role on the subscription instead": instead(storage.role, subscription),
        "role on another container": instead(storage.role, other),
        "role through a group": through_a_group,
        "role that ends on a date": lambda estate: mutations.end(
            estate, mutations.held(estate, mutations.principal(estate, service), storage.container_id), 60
        ),
        "Reader instead, which reads no blob": instead("Reader", storage.container_id),
    }
    for role in (_WRITER, _OWNER):
        if storage.role != role:
            reads[f"{role} instead"] = instead(role, storage.container_id)
    yield from each(steps, (Demand.CONTAINER_ACCESS,), reads)
    besides = next(one for one in (_WRITER, BLOB_READER) if one != storage.role)
    yield from each(
        steps,
        (Demand.VAULT_ROLE, Demand.CONTAINER_ACCESS),
        {f"{besides} besides": lambda e: e.assign(mutations.principal(e, service), besides, storage.container_id)},
    )


def _reached(ground: DrillContext, service: DesiredService, storage: DesiredStorage) -> dict[str, Bend]:

    def reaches(role: str, scope: str) -> Bend:
        return lambda estate: estate.assign(mutations.principal(estate, service), role, scope)

    def by_key(role: str, allowed: bool | None, scope: str) -> Bend:
        def mutate(estate: Estate) -> None:
            # absent means allowed
            mutations.account(estate, storage).pop("allowSharedKeyAccess")
            if allowed is not None:
                mutations.account(estate, storage)["allowSharedKeyAccess"] = allowed
            estate.assign(mutations.principal(estate, service), role, scope)

        return mutate

    def through_a_group(estate: Estate) -> None:
        members = mutations.group(estate, mutations.principal(estate, service))
        estate.assign(members, BLOB_READER, storage.account_id, principal_type="Group")

    def by_slot(estate: Estate) -> None:
        slot = mutations.slot(estate, service)
        oid = str(estate.resource(slot)["identity"]["principalId"])
        estate.assign(oid, BLOB_READER, storage.container_id)

    container = storage.container_id.casefold()
    acting = ground.wanted.sharing(service)
    documented = {access.role for one in acting for access in one.access if access.scope.casefold() == container}
    documented |= {one.role for who in acting for one in who.storage if one.container_id.casefold() == container}
    at_container = {
        "reads the container": BLOB_READER,
        "writes the container": _WRITER,
        "owns the container's data": "Storage Blob Data Owner",
    }
    return {
        **{what: reaches(role, storage.container_id) for what, role in at_container.items() if role not in documented},
        "reads the account": reaches(BLOB_READER, storage.account_id),
        "reads every account of the group": reaches(BLOB_READER, group_of(storage.account_id)),
        "reads the account through a group": through_a_group,
        **({"its slot reads the container": by_slot} if service.identity is None else {}),
        "lists the account's keys": by_key("Reader and Data Access", True, storage.account_id),
        "lists the account's keys, never closed": by_key("Storage Account Contributor", None, storage.account_id),
        "lists keys as Contributor of the group": by_key("Contributor", True, group_of(storage.account_id)),
    }
