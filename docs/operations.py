"""The page on operations: every request that mzaudit can send, and what its reader was held against.

`python -m docs.operations` runs the readers against simulated estates and writes docs/operations.md.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch
from urllib.parse import parse_qs, unquote

from mzaudit.azure import Connection, bulk_lists, changes_of, choose, take_inventory
from mzaudit.simulator import Request, Simulator, serve
from tests.azure.estates import HURRIED, TAKEN, login_env, pinned
from tests.documented_estate import build
from tests.odd.replay import Replay
from tests.virtual_time import VirtualTime

FILE = Path(__file__).parent / "operations.md"
KEPT = Path(__file__).parent / "recordings.json"

_HEAD = """\
# Operations

Every request that mzaudit can send, and the newest recorded answer, or page of Microsoft's, that its reader was held
against. The requests were seen, not typed; the right column is kept in `docs/recordings.json`. A recording is an answer
of Azure's in a public repository's tests; an example is Microsoft's own in Azure/azure-rest-api-specs, and may be made
up. A repository is named as the one that holds the test first; forks keep the older recordings. Written by `make docs`.

| request | api-version | held against |
|---|---|---|"""

# Azure chose these names; every other name on a path is somebody's.
_FIXED = frozenset(
    {"web", "appsettings", "connectionstrings", "azurestorageaccounts", "configreferences", "default", "management"}
)
_HOSTS = ((".vault.azure.net", "VAULT"), (".azurecr.io", "REGISTRY"), ("login.microsoftonline.com", "ENTRA"))


@dataclass(frozen=True, slots=True)
class Held:
    """What a reader was held against: a recording, an example or a page; where it is to be found, and of which
    api-version and year, as far as each is known."""

    kind: str
    source: str
    version: str = ""
    year: str = ""


def held_against() -> Mapping[str, Held | None]:
    """What each operation's reader was held against, by request; None where no recording and no page was found."""
    rows: dict[str, dict[str, str] | None] = json.loads(KEPT.read_text(encoding="utf-8"))
    return {request: None if row is None else Held(**row) for request, row in rows.items()}


@dataclass(frozen=True, order=True, slots=True)
class Operation:
    """A kind of request: its path without anybody's names."""

    request: str
    version: str


def operation(request: Request) -> Operation:
    """The operation of a request that was sent."""
    version = parse_qs(request.query).get("api-version", [""])[0]
    return Operation(nameless(request.method, request.host, unquote(request.path)), version)


def nameless(method: str, host: str, path: str) -> str:
    """A request without anybody's names, as the page has it."""
    place = next((place for end, place in _HOSTS if host.endswith(end)), "")
    return f"{method} {place}{_template(path, place)}"


def _template(path: str, place: str) -> str:
    if place == "VAULT":
        return re.sub(r"(/secrets/).+", r"\1{secret}", path.rstrip("/"))
    if place == "REGISTRY":
        return re.sub(r"/acr/v1/.+/(_tags|_manifests)(/.+)?", _in_a_repository, path)
    if place == "ENTRA":
        return re.sub(r"^/[^/]+", "/{tenant}", path)
    path = re.sub(r"(?i)^/subscriptions/[^/]+", "/subscriptions/{subscription}", path)
    path = re.sub(r"(?i)/resourcegroups/[^/]+", "/resourceGroups/{group}", path)
    return re.sub(r"/providers/([^/]+)((?:/(?!providers/)[^/]+)*)", lambda m: f"/providers/{m[1]}{_named(m[2])}", path)


def _in_a_repository(found: re.Match[str]) -> str:
    return f"/acr/v1/{{repository}}/{found[1]}" + ("/{digest}" if found[2] else "")


def _named(path: str) -> str:
    kinds = path.split("/")[1:]
    named = [each if nth % 2 == 0 or each.casefold() in _FIXED else "{name}" for nth, each in enumerate(kinds)]
    return "".join(f"/{each}" for each in named)


def sent() -> tuple[Operation, ...]:
    """Every operation that a check, its attribution and `adopt` send: of things that are there, and of things that are
    not; one by one, and by lists."""
    estate = build("compliant")
    pinned(estate)
    with serve(estate) as simulator, patch.object(bulk_lists, "MANY", 1):
        Replay(simulator)
        seen = list(simulator.requests)
    with serve(build("compliant")) as simulator:
        Replay(simulator)
        with asyncio.Runner(loop_factory=VirtualTime) as runner:
            runner.run(_beside(simulator))
        seen += simulator.requests
    return tuple(sorted({operation(each) for each in seen}))


async def _beside(simulator: Simulator) -> None:
    """What is asked beside the state itself."""
    connection = Connection(retry=HURRIED, session=simulator.session)
    site = next(str(body["id"]) for body in simulator.estate.resources.values() if "/sites/" in str(body["id"]))
    login = choose(login_env(simulator), connection)
    await changes_of([site], login, connection, taken=TAKEN, tool_version="0", timeout=30)
    login = choose(login_env(simulator), connection)
    await take_inventory(simulator.subscription_id, login, connection, tool_version="0", timeout=30)


def page(operations: Iterable[Operation]) -> str:
    """The page."""
    held = held_against()
    rows = [f"| `{each.request}` | {each.version} | {_words(held[each.request])} |" for each in operations]
    return "\n".join((_HEAD, *rows)) + "\n"


def _words(held: Held | None) -> str:
    if held is None:
        return "nothing: no recording and no page that shows an answer was found"
    known = ", ".join(each for each in (held.version, held.year) if each)
    return f"{held.kind}: {held.source}" + (f" ({known})" if known else "")


def main() -> None:
    """Write the page."""
    FILE.write_text(page(sent()), encoding="utf-8")


if __name__ == "__main__":
    main()
