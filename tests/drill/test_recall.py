"""What a run made of an answer serves the next run as long as the service would say the same, and no longer."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mzaudit.azure.client.transport import Transport
from mzaudit.cli.commands.drill import audit
from mzaudit.drill.drill_run import DrillPlan, ground_of
from mzaudit.drill.policy_estate import estate_of
from mzaudit.engine.results import Finding
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary
from mzaudit.simulator import Estate, Fault, Simulator, StatusFault, serve

SERVER, DATABASE = "sql-monozu-prd", "db-monozu-cloud-prd"


class Drilled:
    """The shipped policy's production, served; the conforming estate was looked at once."""

    def __init__(self, simulator: Simulator, wanted: Desired) -> None:
        self.simulator = simulator
        self._wanted = wanted
        self._estate = pickle.dumps(simulator.estate)
        self.bend(lambda estate: None)
        self.conforming = self.look()

    def bend(self, change: Callable[[Estate], object]) -> None:
        """Serve the conforming estate with that change."""
        self.simulator.estate = pickle.loads(self._estate)
        change(self.simulator.estate)
        self.simulator.estate.fixed = True

    def look(self, *, wire: bool = False) -> tuple[Finding, ...]:
        return audit(self._wanted, self.simulator, wire=wire)


@pytest.fixture(scope="module")
def drilled() -> Iterator[Drilled]:
    ground = ground_of(DrillPlan(load(shipped(), vocabulary()), "prd", audit, {}))
    with serve(estate_of(ground.wanted)) as simulator:
        yield Drilled(simulator, replace(ground.wanted, overrides={}))


@pytest.fixture
def sent(drilled: Drilled, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What passes the SDK's pipelines meanwhile, but for tokens."""
    found: list[str] = []
    send = Transport.send

    async def noted(self: Transport, request: object, **config: object) -> object:
        url = str(getattr(request, "url"))  # noqa: B009 - of either of the SDK's two kinds
        if "login." not in url and "/oauth2/" not in url:
            found.append(url)
        return await send(self, request, **config)

    monkeypatch.setattr(Transport, "send", noted)
    drilled.simulator.faults.clear()
    return found


def a_setting(estate: Estate) -> None:
    for settings in estate.settings.values():
        settings["RECALL"] = "new"


def a_secret(estate: Estate) -> None:
    for vault, secrets in estate.secrets.items():
        estate.put_secret(vault, next(iter(secrets)), "rotated")


def a_right(estate: Estate) -> None:
    estate.revoke(estate.auditor.oid, "Key Vault Secrets User")


CHANGES: dict[str, tuple[Callable[[Estate], object], str]] = {
    "a setting": (a_setting, "/config/appsettings/list"),
    "a secret's value": (a_secret, r"/secrets\b|/configreferences/"),
    "a right of the auditor's": (a_right, r"\.vault\.azure\.net/secrets|/permissions\?|/roleAssignments\?"),
    "a word for another of its kind": (
        lambda estate: estate.named("Microsoft.Sql/servers", SERVER)["properties"].update(publicNetworkAccess=True),
        "/providers/Microsoft.Sql/servers",
    ),
}
"""By what is changed: how, and what is in the URL of each request that passes the pipelines for it."""


def test_the_same_estate_passes_the_pipelines_once(drilled: Drilled, sent: list[str]) -> None:
    drilled.bend(lambda estate: None)
    before = len(drilled.simulator.sql_requests)
    assert drilled.look() == drilled.conforming
    assert (sent, len(drilled.simulator.sql_requests)) == ([], before)
    drilled.look(wire=True)
    assert len(sent) > 50
    assert len(drilled.simulator.sql_requests) > before


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_answered_otherwise_passes_them_again(change: str, drilled: Drilled, sent: list[str]) -> None:
    how, where = CHANGES[change]
    drilled.bend(how)
    found = drilled.look()
    assert sent
    assert {url for url in sent if not re.search(where, url)} == set()
    assert found == drilled.look(wire=True)


def test_a_fault_is_met(drilled: Drilled, sent: list[str]) -> None:
    drilled.bend(lambda estate: None)
    drilled.simulator.faults[:] = [Fault(r"/config/web$", StatusFault(403))]
    found = drilled.look()
    assert sent
    assert found == drilled.look(wire=True) != drilled.conforming


DECIDING: dict[str, Callable[[Estate], object]] = {
    "a user": lambda estate: [each.create_user("new", estate.principals[0].client_id) for each in estate.sql.values()],
    "a group's members": lambda estate: estate.group_members.setdefault("new", set()).add(estate.auditor.oid),
    "the server's network": lambda estate: estate.named("Microsoft.Sql/servers", SERVER)["properties"].update(
        publicNetworkAccess="Disabled"
    ),
    "the way on to a node": lambda estate: setattr(estate.gate(SERVER), "redirects", not estate.gate(SERVER).redirects),
    "the database's state": lambda estate: estate.named("Microsoft.Sql/servers/databases", DATABASE)[
        "properties"
    ].update(status="Paused"),
    "the auditor": lambda estate: estate.principals.remove(estate.auditor),
}


@pytest.mark.parametrize("change", DECIDING)
def test_a_database_is_asked_again(change: str, drilled: Drilled) -> None:
    host = f"{SERVER}.database.windows.net/{DATABASE}"
    drilled.bend(lambda estate: None)
    drilled.simulator.memory.keep("SQL", host, "", "kept")
    assert drilled.simulator.memory.recall("SQL", host, "") == "kept"
    drilled.bend(DECIDING[change])
    assert drilled.simulator.memory.recall("SQL", host, "") is None
