"""One ticket a gate, through the real command: an issue on GitHub, a work item on Azure Boards."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mzaudit.engine.results import Report
from mzaudit.report import render
from tests.cli.conftest import Outcome
from tests.publish.conftest import DOUBTFUL, GREEN, RED, Pull, nightly
from tests.publish.services import ADO_TOKEN, GITHUB_TOKEN, HEAD, OTHERS_TOKEN, Fault
from tests.report.sample import HOSTILE, hostile, report


@dataclass
class Tickets:
    """The tickets of one project, as a person sees them."""

    pull: Pull

    def keep(self, about: Report | None, *options: str, run: int = 4321) -> Outcome:
        """Run `mzaudit ticket` as the nightly run of that number."""
        saved = self.pull.folder / "report.json"
        saved.unlink(missing_ok=True)
        if about is not None:
            saved.write_text(render("json", about))
        self.pull.patch.setenv("BUILD_BUILDID", str(run))
        self.pull.patch.setenv("GITHUB_RUN_ID", str(run))
        return self.pull.run_command("ticket", "report.json", *options)

    def there(self) -> list[tuple[str, bool, str]]:
        """(title, open, text) of each."""
        if self.pull.name == "github":
            return [(one["title"], one["state"] == "open", one["body"]) for one in self.pull.services.issues]
        fields = [one["fields"] for one in self.pull.services.work_items]
        return [(f["System.Title"], f["System.State"] != "Closed", f["System.Description"]) for f in fields]

    def states(self) -> list[bool]:
        """Whether each is open."""
        return [open_ for _, open_, _ in self.there()]

    def copy(self, *, ours: bool) -> None:
        """Let the first be there twice."""
        if self.pull.name == "github":
            issue = self.pull.services.issues[0]
            self.pull.services.open_issue(issue["body"], GITHUB_TOKEN if ours else OTHERS_TOKEN, issue["title"])
        else:
            fields = {
                name: value
                for name, value in self.pull.services.work_items[0]["fields"].items()
                if name in ("System.Title", "System.Tags", "System.Description")
            }
            self.pull.services.make_work_item(fields, ADO_TOKEN if ours else OTHERS_TOKEN)

    @property
    def create(self) -> str:
        """The request that opens one."""
        return r"POST .*/workitems/\$" if self.pull.name == "azure-devops" else r"POST .*/issues$"


@pytest.fixture
def tickets(pull: Pull) -> Tickets:
    nightly(pull)
    return Tickets(pull)


def test_the_life_of_a_ticket(tickets: Tickets) -> None:
    """None while the gate passes or is incomplete; opened, edited, left open by what was not judged, closed, opened
    again; never doubled, also where somebody has changed its title and its state; a later run's word stays."""
    assert "ticket not needed" in tickets.keep(GREEN, run=1).err
    assert tickets.keep(DOUBTFUL, run=2).code == 3
    assert tickets.keep(None, "--env", "prd", "--policy", "policies/monozu.yaml", run=3).code == 4
    assert tickets.there() == []

    assert "would be opened" in tickets.keep(RED, "--dry-run", run=4).err
    assert tickets.there() == []
    assert tickets.keep(RED, run=4).code == 1
    [(title, open_, text)] = tickets.there()
    assert title == "mzaudit: prd (policies/monozu.yaml)"
    assert open_
    assert "GATE FAILED" in text
    assert HEAD[:8] in text
    assert "KV-003" in text

    tickets.keep(RED, run=5)
    [(_, _, text)] = tickets.there()
    assert re.search(r"\brun=5\b", text)

    assert tickets.keep(DOUBTFUL, run=6).code == 3
    assert tickets.states() == [True], "what was not seen is not mended"
    assert tickets.keep(report(DOUBTFUL.findings, allow_incomplete=True), run=7).code == 0
    assert tickets.states() == [True], "allowed is not seen either"
    assert tickets.keep(None, "--env", "prd", "--policy", "policies/monozu.yaml", run=8).code == 4
    [(_, open_, text)] = tickets.there()
    assert open_
    assert "NOT JUDGED" in text
    assert "GATE FAILED" not in text

    assert "would be edited and closed" in tickets.keep(GREEN, "--dry-run", run=9).err
    assert tickets.states() == [True]
    assert "ticket updated" in tickets.keep(GREEN, run=9).err
    assert tickets.states() == [False]
    tickets.keep(DOUBTFUL, run=10)
    assert tickets.states() == [False]

    _rename(tickets)
    tickets.keep(RED, run=11)
    [(title, open_, _)] = tickets.there()
    assert (title, open_) == ("Who broke the vault?", True)
    assert "left to a later run's" in tickets.keep(GREEN, run=10).err
    assert tickets.states() == [True]


def _rename(tickets: Tickets) -> None:
    if tickets.pull.name == "github":
        tickets.pull.services.issues[0]["title"] = "Who broke the vault?"
    else:
        tickets.pull.services.work_items[0]["fields"]["System.Title"] = "Who broke the vault?"


def test_one_of_somebody_else_is_left_alone_and_two_of_ours_become_one(tickets: Tickets) -> None:
    tickets.keep(RED, run=1)
    tickets.copy(ours=False)
    tickets.copy(ours=True)
    forged = tickets.there()[1]
    tickets.keep(RED, run=2)
    assert tickets.states() == [True, True, False]
    assert tickets.there()[1] == forged
    tickets.keep(GREEN, run=3)
    assert tickets.states() == [False, True, False]


@pytest.mark.parametrize("kind", ["store, then drop", "store, then answer", "drop"])
def test_a_ticket_whose_answer_was_lost_is_not_doubled(kind: str, tickets: Tickets) -> None:
    tickets.pull.services.faults.append(Fault(tickets.create, kind, 502))  # type: ignore[arg-type]
    outcome = tickets.keep(RED)
    assert outcome.code == 1
    assert len(tickets.there()) == 1, outcome.err
    assert "not written" not in outcome.err


def test_each_environment_has_its_own_and_what_it_is_given_is_the_teams(tickets: Tickets) -> None:
    given = ("--label", "drift", "--label", "on-call", "--type", "Bug", "--area", "Fabrikam Fiber\\Platform")
    tickets.keep(RED, *given)
    tickets.keep(report(RED.findings, env=("stg",)), *given)
    assert [title for title, _, _ in tickets.there()] == [
        "mzaudit: prd (policies/monozu.yaml)",
        "mzaudit: stg (policies/monozu.yaml)",
    ]
    if tickets.pull.name == "github":
        assert [label["name"] for label in tickets.pull.services.issues[0]["labels"]] == ["drift", "on-call"]
    else:
        fields = tickets.pull.services.work_items[0]["fields"]
        assert fields["System.Tags"] == "mzaudit; drift; on-call"
        assert fields["System.WorkItemType"] == "Bug"
        assert fields["System.AreaPath"] == "Fabrikam Fiber\\Platform"
    assert tickets.keep(RED, "--label", "a;b").code == 2


def test_a_ticket_is_found_among_many_and_fits(tickets: Tickets) -> None:
    for number in range(230):
        if tickets.pull.name == "github":
            tickets.pull.services.open_issue(f"issue {number}", GITHUB_TOKEN)
        else:
            tickets.pull.services.make_work_item({"System.Title": f"mzaudit {number}"}, ADO_TOKEN)
    many = tuple(replace(RED.findings[0], note=f"{number} " + "é" * 400) for number in range(500))
    for run in (1, 2):
        outcome = tickets.keep(report(many), run=run)
        assert "not written" not in outcome.err, outcome.err
    assert len(tickets.there()) == 231
    assert "more here did not fit" in tickets.there()[-1][2]


def test_hostile_names_make_neither_a_second_ticket_nor_anothers(tickets: Tickets) -> None:
    own = "https://dev.azure.com/x#mzaudit:mzaudit%20env=prd%20policy=policies/monozu.yaml:run=99"
    texts = (*(HOSTILE[case] for case in ("html", "markdown", "fence", "lone high surrogate", "long")), own)
    for text in texts:
        about = hostile(f'{text} <a href="{own}">x</a>')
        for run in (1, 2):
            outcome = tickets.keep(replace(about, run=replace(about.run, policy="policies/other.yaml")), run=run)
            assert "not written" not in outcome.err, outcome.err
        assert len(tickets.there()) == 1
        assert "<script" not in tickets.there()[0][2]
    tickets.keep(RED, run=1)
    assert len(tickets.there()) == 2
    assert all(re.search(r"\brun=[12]\b", text) for _, _, text in tickets.there())


def test_no_person_is_named_unless_asked_for(tickets: Tickets) -> None:
    tickets.keep(RED)
    assert "mzaudit-reader" not in tickets.there()[0][2]
    tickets.keep(RED, "--name-people")
    assert "mzaudit-reader" in tickets.there()[0][2]


def test_a_work_item_that_somebody_removed_is_opened_again(tickets: Tickets) -> None:
    """GitHub has no such state."""
    if tickets.pull.name == "github":
        return
    tickets.keep(RED)
    [item] = tickets.pull.services.work_items
    item["fields"]["System.State"] = "Removed"
    tickets.keep(GREEN, run=4322)
    assert item["fields"]["System.State"] == "Removed"
    tickets.keep(RED, run=4323)
    assert [one["fields"]["System.State"] for one in tickets.pull.services.work_items] == ["New"]


REFUSALS: dict[str, tuple[Fault, str, str]] = {
    "no permission": (Fault(".", status=403), "Edit work items in this node", "issues: write"),
    "wrong token": (Fault(".", status=401), "SYSTEM_ACCESSTOKEN", "github.token"),
    "not there": (Fault(".", status=404), "--type", "does not see this repository"),
    "not accepted": (Fault(".", status=400), "--area", "HTTP 400"),
    "no such area": (
        Fault(
            ".",
            status=400,
            body='{"message": "TF401347: Invalid tree name given for work item -1, field \'System.AreaPath\'."}',
        ),
        "knows no such area path",
        "HTTP 400",
    ),
    "no such change of state": (
        Fault(
            ".",
            status=400,
            body='{"message": "TF401320: Rule Error for field State. Error code: HasValues, LimitedToValues."}',
        ),
        "this change of state",
        "HTTP 400",
    ),
    "a field that is required": (
        Fault(
            ".",
            status=400,
            body='{"customProperties": {"RuleValidationErrors": [{"fieldReferenceName": "Custom.Team", "errorMessage": '
            '"TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."}]}}',
        ),
        "asks for a field that mzaudit does not fill in",
        "HTTP 400",
    ),
    "turned off": (Fault(".", status=410), "HTTP 410", "turned off in this repository"),
    "not its shape": (Fault(".", status=200, body="[1]"), "other than it documents", "other than it documents"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_told_with_its_cure_and_changes_no_gate(case: str, tickets: Tickets) -> None:
    fault, azure, github = REFUSALS[case]
    fault.times = 1_000
    tickets.pull.services.faults.append(fault)
    for about, code in ((RED, 1), (DOUBTFUL, 3)):
        outcome = tickets.keep(about)
        assert outcome.code == code
        [line] = re.findall("ticket not written: (.+)", outcome.err)
        assert (azure if tickets.pull.name == "azure-devops" else github) in line
        assert ADO_TOKEN not in outcome.err
        assert GITHUB_TOKEN not in outcome.err
    tickets.pull.services.faults.clear()


def test_a_type_without_a_closed_state_says_so(tickets: Tickets) -> None:
    if tickets.pull.name == "github":
        return
    tickets.keep(RED, "--type", "Note", run=1)
    assert "has no state of the category Completed: give --type" in tickets.keep(GREEN, run=2).err


def test_a_pull_request_keeps_no_ticket(pull: Pull) -> None:
    outcome = Tickets(pull).keep(RED)
    assert outcome.code == 1
    pull.patch.setenv("GITHUB_EVENT_NAME", "pull_request")
    outcome = Tickets(pull).keep(RED)
    assert "no ticket was kept: this run is a pull request's" in outcome.err
    pull.patch.delenv("TF_BUILD", raising=False)
    pull.patch.delenv("GITHUB_ACTIONS", raising=False)
    assert "no ticket was kept: no pipeline was found" in Tickets(pull).keep(RED).err


SPEC = Path(__file__).parents[2].parent / "shared/schemas/azure-devops/wit-7.1-workItemTracking.swagger2.json"


@pytest.mark.skipif(not SPEC.exists(), reason="the OpenAPI document is not beside this checkout")
@pytest.mark.parametrize("pull", ["azure-devops"], indirect=True)
def test_every_request_to_azure_boards_is_documented(tickets: Tickets) -> None:
    for run, about in enumerate((RED, GREEN, RED), 1):
        tickets.keep(about, run=run)
    paths: dict[str, Any] = json.loads(SPEC.read_text(encoding="utf-8-sig"))["paths"]
    templates = {re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path.casefold())): path for path in paths}
    for exchange in tickets.pull.services.exchanges:
        if "/_apis/wit/" in exchange.path:
            path = exchange.path.casefold().replace("/_apis/wit/wiql", "/team/_apis/wit/wiql")  # the team is optional
            found = [held for pattern, held in templates.items() if re.fullmatch(pattern, path)]
            assert any(exchange.method.lower() in paths[held] for held in found), (exchange.method, path)
