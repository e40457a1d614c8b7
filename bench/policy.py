"""`python -m bench.policy APPS FOLDER`: the shipped policy with the environments of a large estate.

`python -m bench.policy fleet FILE`: a policy of 200 services over 40 subscriptions.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from mzaudit.cli.resolve import load_policy
from mzaudit.drill.large_policy import enlarged
from mzaudit.policy.models import PlaceSpec
from mzaudit.policy.shipped_policy import files

SERVICES, SUBSCRIPTIONS = 200, 40


def large(apps: int, folder: Path) -> None:
    """Write it into a new folder."""
    folder.mkdir()
    policy = enlarged(load_policy(None, shipped=True), apps).policy
    shared = policy.places["shared"]
    assert isinstance(shared, PlaceSpec)
    place = f"  shared: {{group: {shared.group}, subscription: {shared.subscription}}}"
    lines = "".join(
        f"  {name}: {{production: false, subscription: {spec.subscription}}}\n"
        for name, spec in policy.environments.items()
    )
    for name, text in files().items():
        whole = re.sub(r"^environments:.*?(?=^\S)", f"environments:\n{lines}", text, flags=re.S | re.M)
        whole = re.sub(r"^  shared: rg-.*$", place, whole, flags=re.M)
        (folder / name).write_text(re.sub(r"^parity:.*?(?=^\S|\Z)", "", whole, flags=re.S | re.M))


def fleet() -> Iterator[str]:
    """The lines of a policy of many services, each with a vault, a database and a resource group of its own."""
    yield "version: 1\nestate: fleet\ndocument: The fleet\nenvironments:"
    for number in range(SUBSCRIPTIONS):
        yield f"  e{number:02d}: {{production: true, subscription: {number:08d}-0000-4000-8000-000000000000}}"
    yield "places:\n  default: rg-fleet-{env}\n  apps: rg-{service}-{env}"
    yield "  hub: {group: rg-hub, subscription: ffffffff-0000-4000-8000-000000000000}"
    yield "registries:\n  hub: {name: acrfleet, place: hub}\ncomponents:\n  main: {name: 'appi-{env}'}\nvaults:"
    for number in range(SERVICES):
        yield f"  v{number}:\n    name: kv-{number}-{{env}}\n    secrets:"
        yield from (f"      SECRET_{secret}: {{}}" for secret in range(8))
    yield "servers:"
    for number in range(SERVICES):
        if number % 10 == 0:
            yield f"  s{number}:\n    name: sql-{number}-{{env}}\n    databases:"
        database = f"{{name: 'db-{number}-{{env}}', tenant_column: tenant_id, migrations: {{tool: flyway}}}}"
        yield f"      d{number}: {database}"
    yield "services:"
    for number in range(SERVICES):
        yield f"  svc{number}:\n    app: app-{number}-{{env}}\n    place: apps\n    image: {{repository: svc{number}}}"
        yield f"    vault: v{number}\n    databases: [{{database: d{number}, roles: [db_datareader]}}]"


if __name__ == "__main__":
    if sys.argv[1] == "fleet":
        Path(sys.argv[2]).write_text("\n".join(fleet()) + "\n")
    else:
        large(int(sys.argv[1]), Path(sys.argv[2]))
