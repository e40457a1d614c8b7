"""One comment a gate and one status a run, through the real command, on both services."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from mzaudit.engine.results import Attribution
from mzaudit.publish.comment_marker import marker
from mzaudit.report import render
from mzaudit.report.escaping import UNSHOWABLE
from mzaudit.report.formats.json import parse
from tests.publish.conftest import DOUBTFUL, GREEN, RED, Pull, named
from tests.publish.services import Fault
from tests.report.sample import HOSTILE, hostile, night, report

MARK = marker("", ("prd",), "policies/monozu.yaml", "")


def test_the_life_of_a_comment(pull: Pull) -> None:
    """Created, updated in place, closed when green, opened again, with a forged one beside it that is left alone, and
    one whose answer was lost."""
    ado = pull.name == "azure-devops"
    forged = f"{MARK.line(1)}\n\n# mzaudit: GATE PASSED (exit 0)\n\nforged"
    pull.write(forged, ours=False)
    assert pull.tell(RED, run=1).code == 1
    untouched, ours = pull.comments()
    assert forged in untouched
    assert "GATE FAILED" in ours
    assert ours.startswith("active [//]: <>" if ado else "[//]: <>")

    assert pull.tell(RED, run=2).code == 1
    assert pull.comments()[0] == untouched
    assert len(pull.comments()) == 2, "updated in place"
    assert "run=2)" in pull.comments()[1]

    assert pull.tell(GREEN, run=3).code == 0
    assert "GATE PASSED" in pull.comments()[1]
    assert pull.comments()[1].startswith("closed" if ado else "[//]")

    assert pull.tell(DOUBTFUL, run=4).code == 3
    assert "INCOMPLETE" in pull.comments()[1]
    assert pull.comments()[1].startswith("active" if ado else "[//]")
    assert pull.comments()[0] == untouched
    succeeded, failed = ("succeeded", "failed") if ado else ("success", "failure")
    assert pull.states() == [failed, failed, succeeded, "error"]


@pytest.mark.parametrize("kind", ["store, then drop", "store, then answer", "store, then hang", "drop", "hang"])
def test_a_comment_whose_answer_was_lost_is_not_doubled(kind: str, pull: Pull) -> None:
    pull.patch.setattr("mzaudit.publish.http._TIMEOUT", aiohttp.ClientTimeout(total=1))
    pull.services.faults.append(Fault(pull.create, kind, 502))  # type: ignore[arg-type]
    outcome = pull.tell(RED)
    assert outcome.code == 1
    assert len(pull.comments()) == 1, outcome.err
    assert "comment " in outcome.err
    assert "not written" not in outcome.err


def test_when_every_answer_is_lost_it_says_so(pull: Pull) -> None:
    pull.services.faults.append(Fault(pull.create, "drop", times=99))
    outcome = pull.tell(GREEN)
    assert outcome.code == 0
    assert "comment not written: " in outcome.err
    assert pull.states() in (["succeeded"], ["success"]), "the status does not wait for the comment"


def test_two_of_ours_are_folded_into_one(pull: Pull) -> None:
    for text in ("old", "older", "oldest"):
        pull.write(f"{MARK.line(1)}\n\n{text}", ours=True)
    if pull.name == "azure-devops":
        pull.services.reply(pull.services.threads[1], "I know; the ticket is MZ-7.")
    assert pull.tell(RED).code == 1
    assert len(pull.comments()) == 1
    if pull.name == "azure-devops":
        assert [thread["status"] for thread in pull.services.threads] == ["closed", "active", "closed"]
        assert len(pull.services.threads[1]["comments"]) == 2, "the thread with somebody's reply is the one that stays"


def test_a_fold_whose_answer_was_lost_is_none_the_worse(pull: Pull) -> None:
    for _ in range(2):
        pull.write(f"{MARK.line(1)}\n\nold", ours=True)
    pull.services.faults.append(Fault("DELETE", "store, then drop"))
    assert "not written" not in pull.tell(RED).err
    assert len(pull.comments()) == 1


def test_a_slower_run_does_not_overwrite_a_later_one(pull: Pull) -> None:
    pull.tell(RED, run=9)
    outcome = pull.tell(GREEN, run=8)
    assert "GATE FAILED" in pull.comments()[0]
    assert "run=9)" in pull.comments()[0]
    assert "left to a later run's" in outcome.err


def test_the_same_again_writes_no_comment(pull: Pull) -> None:
    pull.tell(RED)
    before = pull.comments(), len(pull.services.written())
    assert "comment unchanged" in pull.tell(RED).err
    assert pull.comments() == before[0]
    assert len(pull.services.written()) == before[1] + 1, "the status alone"


def test_each_environment_and_each_policy_has_its_own(pull: Pull) -> None:
    for about in (RED, report(RED.findings, env=("stg",)), report(RED.findings, env=("prd", "stg"))):
        pull.tell(about)
        pull.tell(named(about, "teams/a.yaml"))
        pull.tell(named(about, "/home/vsts/work/1/s/teams/b.yaml"))
    assert len(pull.comments()) == 9
    assert len(set(_names(pull))) == 9
    assert len({body.split("\n")[2] for body in pull.comments()}) == 9, "a reader sees which is which"


def test_an_agent_that_keeps_the_repository_elsewhere_finds_the_comment(pull: Pull) -> None:
    for root in ("/agent/_work/1/s", "/agent/_work/2/s"):
        pull.patch.setenv("BUILD_SOURCESDIRECTORY", root)
        pull.patch.setenv("GITHUB_WORKSPACE", root)
        pull.tell(named(RED, f"{root}/policies/monozu.yaml, {root}/policies/waivers.yaml"))
    pull.tell(named(RED, "policies/monozu.yaml, policies/requirements.yaml, policies/waivers.yaml"))
    assert len(pull.comments()) == 1, "nor does another file in the folder of the policy make another gate of it"


def _names(pull: Pull) -> list[str]:
    if pull.name == "azure-devops":
        return [status["context"]["name"] for status in pull.services.ado_statuses]
    return [status["context"] for status in pull.services.github_statuses]


def test_a_deleted_comment_is_written_anew(pull: Pull) -> None:
    pull.tell(RED)
    if pull.name == "azure-devops":
        comment = pull.services.threads[0]["comments"][0]
        del comment["content"]
        comment["isDeleted"] = pull.services.threads[0]["isDeleted"] = True
    else:
        pull.services.comments.clear()
    pull.tell(RED)
    assert len(pull.comments()) == 1


def test_it_is_found_among_many(pull: Pull) -> None:
    for number in range(230):
        pull.write(f"comment {number}", ours=number % 2 == 0)
    pull.tell(RED, run=1)
    pull.tell(RED, run=2)
    assert len(pull.comments()) == 231
    assert "run=2)" in pull.comments()[-1]


def test_a_comment_fits(pull: Pull) -> None:
    many = tuple(replace(RED.findings[0], note=f"{number} " + "é" * 400) for number in range(2_000))
    outcome = pull.tell(report(many))
    assert "not written" not in outcome.err
    body = pull.comments()[0].removeprefix("active ")
    assert "2,000" in body, "the counts stay"
    assert len(body.encode()) <= (140_000 if pull.name == "azure-devops" else 60_000)
    assert "more here did not fit" in body


def test_no_name_of_a_person_is_written_unless_asked_for(pull: Pull) -> None:
    names = ("team-cloud", "mzaudit-reader", "a91f", "norma")
    day = datetime(2026, 11, 22, tzinfo=UTC)
    changed = Attribution(day, "norma@example.org", None, "", "update", "Activity Log", "")
    found = (*night().findings, replace(RED.findings[0], attribution=changed))
    pull.tell(report(found))
    assert not any(name in pull.comments()[0] for name in names)
    assert "by a person" in pull.comments()[0]
    pull.tell(report(found), "--name-people")
    assert all(name in pull.comments()[0] for name in names)


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_report_has_one_comment_too(case: str, pull: Pull) -> None:
    """Whoever may name a resource, or write a policy's file name, makes neither a second comment nor another's."""
    about = parse(render("json", hostile(HOSTILE[case])), "report.json")
    for run in (1, 2):
        outcome = pull.tell(about, run=run)
        assert "not written" not in outcome.err, outcome.err
    (body,) = pull.comments()
    assert f"{marker('', about.environments, about.run.policy, '').key} run=2)" in body.split("\n")[0]
    assert len(pull.states()) == 2
    assert UNSHOWABLE.search(_names(pull)[0]) is None


def test_the_status_is_about_the_head_and_leads_to_the_run(pull: Pull) -> None:
    pull.tell(GREEN)
    if pull.name == "azure-devops":
        (status,) = pull.services.ado_statuses
        assert status["iterationId"] == 2
        assert status["context"] == {"genre": "mzaudit", "name": "prd (policies/monozu.yaml)"}
        assert status["targetUrl"] == "https://dev.azure.com/fabrikam/Fabrikam%20Fiber/_build/results?buildId=4321"
    else:
        (status,) = pull.services.github_statuses
        assert status["sha"].startswith("b60280bc")
        assert status["context"] == "mzaudit/prd (policies/monozu.yaml)"
        assert status["target_url"] == "https://github.com/fabrikam/infra/actions/runs/4321"
    assert status["description"] == "GATE PASSED: no violation at or above medium, and everything was read"


def test_a_simulated_or_allowed_pass_says_so_in_the_status(pull: Pull) -> None:
    pull.tell(report(DOUBTFUL.findings, allow_incomplete=True, source="simulated"))
    held = pull.services.ado_statuses or pull.services.github_statuses
    assert held[0]["description"].startswith("SIMULATED: ALLOW-INCOMPLETE: INCOMPLETE, allowed: ")
    assert len(held[0]["description"]) <= 140


def test_a_change_of_the_policy_has_a_comment_of_its_own(pull: Pull) -> None:
    assert pull.run_command("init", "--example", "monozu").code == 0
    assert pull.run_command("collect", "--env", "prd", "--simulate", "drifted", "-o", "night.json").code == 0
    (pull.folder / "base").mkdir()
    for path in (pull.folder / "policies").glob("*.yaml"):
        (pull.folder / "base" / path.name).write_text(path.read_text())
    policy = pull.folder / "policies" / "monozu.yaml"
    asked = ("preview", "--snapshot", "night.json", "--base", "base", "--head", "policies", "--comment")
    pull.patch.setenv("BUILD_BUILDID", "1")
    pull.patch.setenv("GITHUB_RUN_ID", "1")
    pull.tell(RED)
    assert pull.run_command(*asked).code == 0
    policy.write_text(policy.read_text().replace("SNAP_PUBLISH_TOKEN: {", "SNAP_PUBLISH_TOKEN2: {"))
    outcome = pull.run_command(*asked)
    assert outcome.code == 1, outcome.out
    assert "comment updated, status set" in outcome.err
    assert len(pull.comments()) == 2
    assert "# mzaudit preview: NEW VIOLATIONS" in pull.comments()[1]
    assert pull.states()[-1] in ("failed", "failure")
    assert _names(pull)[-1].removeprefix("mzaudit/") == "preview prd"
    pull.services.faults.append(Fault(".", status=403, times=99))
    assert pull.run_command(*asked).code == 1


def test_a_run_that_did_not_judge_takes_back_what_an_earlier_one_said(pull: Pull) -> None:
    """No report, one cut short, one of an earlier run: each replaces the word of a green run, and never doubles it."""
    assert pull.run_command("init", "--example", "monozu").code == 0
    green = pull.tell(named(GREEN, "policies/monozu.yaml, policies/requirements.yaml, policies/waivers.yaml"), run=1)
    assert green.code == 0
    saved = pull.folder / "report.json"
    old = saved.read_bytes()
    told = ("comment", "report.json", "--env", "prd")
    prepared: tuple[Callable[[], object], ...] = (
        saved.unlink,
        lambda: saved.write_text("{"),
        lambda: _written_before(pull, old),
    )
    for run, prepare in enumerate(prepared, 2):
        prepare()
        pull.patch.setenv("BUILD_BUILDID", str(run))
        pull.patch.setenv("GITHUB_RUN_ID", str(run))
        outcome = pull.run_command(*told)
        assert outcome.code == 4, outcome.err
        assert "comment updated, status set" in outcome.err
        [body] = pull.comments()
        assert "NOT JUDGED (exit 4)" in body
        assert "GATE PASSED" not in body
        assert f"run={run})" in body
        assert body.startswith("active" if pull.name == "azure-devops" else "[//]")
        assert pull.states()[-1] == "error"
        pull.tell(named(GREEN, "policies/monozu.yaml, policies/requirements.yaml, policies/waivers.yaml"), run=run)
    assert len(set(_names(pull))) == 1, "the same gate, whether its policy could be loaded or not"
    (pull.folder / "policies" / "monozu.yaml").write_text("version: [\n")
    saved.unlink()
    pull.run_command(*told)
    assert len(pull.comments()) == 1


def _written_before(pull: Pull, content: bytes) -> None:
    """The report of a run that ended an hour before this one began."""
    saved = pull.folder / "report.json"
    saved.write_bytes(content)
    now = datetime.now(UTC)
    os.utime(saved, (now.timestamp() - 3_600,) * 2)
    pull.patch.setenv("SYSTEM_PIPELINESTARTTIME", (now - timedelta(minutes=5)).strftime("%Y-%m-%d %H:%M:%S+00:00"))


def test_a_report_of_an_earlier_run_names_its_gate_or_is_refused(pull: Pull) -> None:
    pull.tell(GREEN)
    _written_before(pull, (pull.folder / "report.json").read_bytes())
    outcome = pull.run_command("comment", "report.json")
    assert outcome.code == 2
    assert "was written before this run began: give --env" in outcome.err
