"""Law: nothing wanted is missed. A wanted thing that is absent is a failure of its own rule, and of no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit import rules
from mzaudit.engine.results import Status
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.text.ids import key
from tests.bent_estates import gone_site
from tests.built_estate import Bend, findings, secret_gone, service, setting, site, vault, vault_facets, wanted

RULES = rules.load()
PRD = wanted().environments["prd"]
ABSENT: Observed[None] = Observed(None)


def without_server(seen):  # type: ignore[no-untyped-def]  # a mutation like any other, spelt for this table
    gone = replace(seen.servers[key(PRD.servers[0].id)], exists=Observed(False), databases=Listing(), entra_only=ABSENT)
    lookups = {database.name.casefold(): Observed(False) for database in PRD.servers[0].databases}
    return replace(seen, servers={**seen.servers, key(PRD.servers[0].id): replace(gone, lookups=lookups)})


def without_database(name: str) -> Bend:
    def mutate(seen):  # type: ignore[no-untyped-def]  # see above
        server = seen.servers[key(PRD.servers[0].id)]
        kept = Listing(tuple(item for item in server.databases.items if item.name != name))
        fewer = replace(server, databases=kept, lookups={name.casefold(): Observed(False)})
        return replace(seen, servers={**seen.servers, key(PRD.servers[0].id): fewer})

    return mutate


def without_container(seen):  # type: ignore[no-untyped-def]  # see above
    account = seen.accounts[key(PRD.storage[0].account_id)]
    empty = replace(account, containers=dict.fromkeys(account.containers, ABSENT))
    return replace(seen, accounts={**seen.accounts, key(account.id): empty})


def without_account(seen):  # type: ignore[no-untyped-def]  # see above
    account = seen.accounts[key(PRD.storage[0].account_id)]
    gone = replace(account, properties=ABSENT, containers=dict.fromkeys(account.containers, ABSENT))
    return replace(seen, accounts={**seen.accounts, key(account.id): gone})


def without_component(seen):  # type: ignore[no-untyped-def]  # see above
    component = seen.components[key(PRD.components[0].id)]
    gone = replace(component, properties=ABSENT, alerts=Listing(), dashboards=Listing())
    return replace(seen, components={**seen.components, key(component.id): gone})


def without_registry(seen):  # type: ignore[no-untyped-def]  # see above
    registry = seen.registries[key(PRD.registries[0].id)]
    return replace(seen, registries={key(registry.id): replace(registry, properties=ABSENT, tags={})})


THINGS: dict[str, tuple[Bend, str, str]] = {
    **{
        f"app of {name}": (site(service(name), **gone_site(ABSENT)), "APP-001", name)
        for name in ("cloud", "manage", "ingest")
    },
    **{
        f"vault {name}": (vault_facets(vault(name), properties=ABSENT, secrets=Listing()), "KV-001", vault(name).name)
        for name in ("cloud", "manage")
    },
    **{
        f"secret {owner}/{secret.name}": (
            secret_gone(vault(owner), secret.stored),
            "KV-003",
            f"{vault(owner).name}/{secret.name}",
        )
        for owner in ("cloud", "manage")
        for secret in vault(owner).secrets
    },
    **{
        f"setting {owner}/{secret.name}": (
            setting(service(owner), secret.name, None),
            "SET-001",
            f"{owner}/{secret.name}",
        )
        for owner in ("cloud", "manage")
        for secret in vault(owner).secrets
    },
    "SQL server": (without_server, "SQL-001", PRD.servers[0].name),
    "cloud database": (without_database(PRD.servers[0].databases[0].name), "SQL-001", PRD.servers[0].name),
    "management database": (without_database(PRD.servers[0].databases[1].name), "SQL-001", PRD.servers[0].name),
    "storage account": (without_account, "BLOB-001", "stmonozuprd/snaps"),
    "snap container": (without_container, "BLOB-001", "stmonozuprd/snaps"),
    "component": (without_component, "OBS-001", PRD.components[0].name),
    "registry": (without_registry, "IMG-001", PRD.registries[0].name),
}


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_that_is_gone_is_one_failure(thing: str) -> None:
    mutate, code, subject = THINGS[thing]
    failed = [(f.rule, f.subject.name) for f in findings(RULES, mutate) if f.status is Status.FAIL]
    assert (code, subject) in failed
    # Telemetry that is lost is a fact of its own (OBS-003): it is never explained away.
    assert [other for other in failed if other != (code, subject) and other[0] != "OBS-003"] == []
