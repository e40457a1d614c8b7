"""RES-003, case by case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mzaudit import kinds
from mzaudit.access.deny_assignments import EVERYONE
from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.evaluate import verdict_of
from mzaudit.engine.verdict import Verdict
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.rules.resource._made_by_azure import MADE
from mzaudit.rules.resource.nothing_undocumented import nothing_undocumented
from mzaudit.snapshot.authorization import Denied, Permission
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.insights import Dashboard
from mzaudit.snapshot.inventory import InventoryItem
from mzaudit.snapshot.observed import Gap, GapReason, Listing
from mzaudit.snapshot.text.ids import key
from tests.built_estate import POLICIES, SUBSCRIPTION, Bend, authorization, bent, component, denied, gap, said, site

VM = "Microsoft.Compute/virtualMachines"


@cache
def bound(section: str) -> Desired:
    """The shipped policy with a section `undocumented`, or without."""
    shipped = (POLICIES / "monozu.yaml").read_text("utf-8")
    more = """
resources:
  door: {type: Microsoft.Network/privateEndpoints, name: pe-vault}
"""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(f"{shipped}{more}{section}\n", "utf-8")
        loaded = load(path, vocabulary(), "policy.yaml")
    return bind(loaded.policy, loaded.where, ("prd",), dict.fromkeys(loaded.policy.environments, SUBSCRIPTION))


ASKED = (
    "undocumented: {allow: [{type: Microsoft.Compute/disks, name: scratch-*, reason: thrown away on Mondays},"
    ' {type: Microsoft.Compute/images, name: "im-{env}", reason: built each night}]}'
)
ENV = bound(ASKED).environments["prd"]
GROUP = ENV.resource_group_id
COMPONENT = ENV.components[0]
SERVER = ENV.servers[0]
APP, VAULT = ENV.services[0], ENV.vaults[0]


def at(kind: kinds.Kind | str, name: str, group: str = GROUP) -> str:
    return f"{group}/providers/{kind}/{name}"


def holds(*held: str | InventoryItem, cut: Gap | None = None) -> Bend:
    """The group's list: the documented vault, and these."""
    items = [each if isinstance(each, InventoryItem) else InventoryItem(each) for each in held]
    listing = Listing((InventoryItem(VAULT.id), *items), cut)
    return lambda seen: replace(seen, inventories={key(GROUP): listing})


site_hidden = site(APP, properties=gap("GET app"))
CUT = Gap(GapReason.PARTIAL, f"GET {GROUP}/resources", GROUP, "*/read", "the list may be cut")
PLAN = next(iter(bent().plans))
ALERT = next(iter(bent().component(COMPONENT.id).alerts.items)).id
DRAWN = next(iter(bent().component(COMPONENT.id).dashboards.items)).id
UNTAGGED = Dashboard(at(kinds.GRAFANA_DASHBOARD, "ops"), "ops", (), whole=False)
OTHER = next(env for env in bound(ASKED).environments.values() if env.env != ENV.env)

ALL = Denied(EVERYONE, "SystemDefined")
CALLER = bent().caller
assert CALLER is not None
ME, OTHER_ID = Denied(CALLER.object_id, "ServicePrincipal"), Denied("somebody-else", "User")
READING, WRITING = Permission(actions=("*",)), Permission(actions=("*/write", "*/delete"))
SPARING = Permission(actions=("*",), not_actions=("*/read",))
WHOLE = f"/subscriptions/{SUBSCRIPTION}"
UNTOLD = Permission(actions=None)

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "only documented": ((holds(),), Pass, ""),
    "nothing at all": ((lambda seen: replace(seen, inventories={key(GROUP): Listing()}),), Pass, ""),
    "all that the policy names": ((holds(*ENV.ids, *(one.id for one in ENV.databases)),), Pass, ""),
    "in capitals": ((holds(VAULT.id.upper()),), Pass, ""),
    "a machine made by hand": ((holds(at(VM, "vm-1")),), Fail, f"vm-1 ({VM})"),
    "a second vault": ((holds(at(kinds.VAULT, "kv-second")),), Fail, "kv-second"),
    "a vault of a documented name in another type": ((holds(at(VM, VAULT.name)),), Fail, VM),
    "a part of an undocumented one is told with it": (
        (holds(at(VM, "vm-1"), at(VM, "vm-1/extensions/agent")),),
        Fail,
        "not document: vm-1 (",
    ),
    "a part of a documented one": ((holds(f"{ENV.registries[0].id}/webhooks/deploy"),), Pass, ""),
    "a slot": ((holds(f"{APP.id}/slots/staging"),), Pass, ""),
    "a database that nobody documents": ((holds(f"{SERVER.id}/databases/db-copy"),), Fail, "db-copy"),
    "the master database": ((holds(f"{SERVER.id}/databases/master"),), Pass, ""),
    "master of another server": ((holds(at(kinds.SERVER, "sql-x/databases/master")),), Fail, "master"),
    "the plan of a documented app": ((holds(PLAN),), Pass, ""),
    "another plan": ((holds(at(kinds.PLAN, "asp-other")),), Fail, "asp-other"),
    "another plan, while an app is hidden": ((site_hidden, holds(at(kinds.PLAN, "asp-other"))), Inconclusive, ""),
    "another place for containers, while an app is hidden": (
        (site_hidden, holds(at("Microsoft.App/managedEnvironments", "cae-other"))),
        Inconclusive,
        "",
    ),
    "a machine, while an app is hidden": ((site_hidden, holds(at(VM, "vm-1"))), Fail, "vm-1"),
    "an alert on the component": ((holds(ALERT),), Pass, ""),
    "an alert on nothing documented": ((holds(at(kinds.METRIC_ALERT, "cpu")),), Fail, "cpu"),
    "an alert, while alerts are hidden": (
        (component(alerts=Listing(gap=gap())), holds(at(kinds.METRIC_ALERT, "cpu"))),
        Inconclusive,
        "",
    ),
    "what draws the component": ((holds(DRAWN),), Pass, ""),
    "a dashboard, while dashboards are hidden": (
        (component(dashboards=Listing(gap=gap())), holds(at(kinds.DASHBOARD, "ops"))),
        Inconclusive,
        "",
    ),
    "a dashboard that tells nothing": (
        (component(dashboards=Listing((UNTAGGED,))), holds(UNTAGGED.id)),
        Inconclusive,
        "",
    ),
    "a workbook of something else, beside a dashboard that tells nothing": (
        (component(dashboards=Listing((UNTAGGED,))), holds(at(kinds.WORKBOOK, "costs"))),
        Fail,
        "costs",
    ),
    "smart detection of the component": (
        (holds(at(kinds.SMART_DETECTOR, f"failure anomalies - {COMPONENT.name}")),),
        Pass,
        "",
    ),
    "smart detection of another component": ((holds(at(kinds.SMART_DETECTOR, "Failure Anomalies - x")),), Fail, "x"),
    "smart detection's action group": (
        (holds(at(kinds.ACTION_GROUP, "Application Insights Smart Detection")),),
        Pass,
        "",
    ),
    "the interface of a documented private endpoint": (
        (holds(at("Microsoft.Network/networkInterfaces", "pe-vault.nic.44455b79-91e0-46db-bee9-97bc725cd4a1")),),
        Pass,
        "",
    ),
    "the interface of another": ((holds(at("Microsoft.Network/networkInterfaces", "pe-x.nic.4")),), Fail, "pe-x.nic.4"),
    "managed by a documented one": ((holds(InventoryItem(at(VM, "vm-1"), f"{VAULT.id}/")),), Pass, ""),
    "managed by another": ((holds(InventoryItem(at("Microsoft.Compute/disks", "d"), at(VM, "v"))),), Fail, "d ("),
    "allowed": ((holds(at("microsoft.compute/Disks", "Scratch-7")),), Pass, ""),
    "allowed by the name of the environment": ((holds(at("Microsoft.Compute/images", "IM-prd")),), Pass, ""),
    "allowed by the name of another one": ((holds(at("Microsoft.Compute/images", "im-stg")),), Pass, ""),
    "allowed by the name of none": ((holds(at("Microsoft.Compute/images", "im-{env}")),), Fail, "im-{env}"),
    "of an allowed type, with another name": ((holds(at("Microsoft.Compute/disks", "data")),), Fail, "data"),
    "the list may be cut": ((holds(cut=CUT),), Inconclusive, ""),
    "the list may be cut, and something was seen": ((holds(at(VM, "vm-1"), cut=CUT),), Fail, "may contain more"),
    "reading denied to everybody": ((holds(), denied(GROUP, READING, to=(ALL,))), Inconclusive, ""),
    "reading denied in the subscription": ((holds(), denied(WHOLE, READING, to=(ALL,))), Inconclusive, ""),
    "reading of one resource denied": ((holds(), denied(at(VM, "hidden"), READING, to=(ALL,))), Inconclusive, ""),
    "reading of machines denied": (
        (holds(), denied(GROUP, Permission(actions=("Microsoft.Compute/*/read",)), to=(ALL,))),
        Inconclusive,
        "",
    ),
    "reading denied to the auditor": ((holds(), denied(GROUP, READING, to=(ME,))), Inconclusive, ""),
    "reading denied to a group, which it may be in": (
        (holds(), denied(GROUP, READING, to=(Denied("g", "Group"),))),
        Inconclusive,
        "",
    ),
    "what is denied is not told": ((holds(), denied(GROUP, UNTOLD, to=(ALL,))), Inconclusive, ""),
    "reading denied, and something was seen": (
        (holds(at(VM, "vm-1")), denied(GROUP, READING, to=(ALL,))),
        Fail,
        "may contain more",
    ),
    "reading denied to all but the auditor": ((holds(), denied(GROUP, READING, to=(ALL,), but=(ME,))), Pass, ""),
    "reading denied to another": ((holds(), denied(GROUP, READING, to=(OTHER_ID,))), Pass, ""),
    "writing denied, as deployment stacks do": ((holds(), denied(GROUP, WRITING, to=(ALL,))), Pass, ""),
    "all but reading denied, as managed applications do": ((holds(), denied(GROUP, SPARING, to=(ALL,))), Pass, ""),
    "reading denied in another group": ((holds(), denied(f"{GROUP}-2", READING, to=(ALL,))), Pass, ""),
    "deny assignments refused": ((holds(), authorization(denies=Listing(gap=gap()))), Inconclusive, ""),
    "the list refused": ((lambda seen: replace(seen, inventories={key(GROUP): Listing(gap=gap())}),), Inconclusive, ""),
    "nobody listed it": ((), Inconclusive, ""),
    "a thing of another environment": ((holds(*OTHER.ids),), Pass, ""),
}


def judged(*bends: Callable[[Snapshot], Snapshot]) -> Verdict:
    wanted = bound(ASKED)
    subject = next(s for s in nothing_undocumented.over(wanted, wanted.environments["prd"]) if s.id == GROUP)
    return verdict_of(nothing_undocumented, subject, bent(*bends))


@pytest.mark.parametrize("case", CASES)
def test_nothing_undocumented(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = judged(*bends)
    assert type(verdict) is kind, said(verdict)
    assert words in said(verdict)


def test_a_policy_that_does_not_ask_has_no_subject() -> None:
    assert list(nothing_undocumented.over(bound(""), ENV)) == []
    assert {s.id for s in nothing_undocumented.over(bound(ASKED), ENV)} == set(ENV.resource_groups)


def test_many_are_told_in_part() -> None:
    verdict = judged(holds(*(at(VM, f"vm-{number:03}") for number in range(70))))
    assert isinstance(verdict, Fail)
    assert len(verdict.evidence) == 51
    assert verdict.evidence[-1].observed == "20 more are not documented"
    assert verdict.note.endswith("and 67 more.")
    assert verdict.fix is not None
    assert all(command.startswith("az resource show ") for command in verdict.fix.commands), "nothing is deleted"


def test_what_azure_makes_has_its_source() -> None:
    assert all(row.source.startswith("https://learn.microsoft.com/") for row in MADE)
