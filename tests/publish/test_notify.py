"""What a channel is told, through the real command: to whom, what, when not, and never where the address is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import trustme

from mzaudit.engine.results import Report, Status
from mzaudit.publish import slack_message, teams_card, webhook_payload
from mzaudit.publish.notice import notice
from mzaudit.report import render
from tests.cli.conftest import Outcome
from tests.publish.conftest import DOUBTFUL, GREEN, RED, Pull, nightly
from tests.publish.services import HOOK, SLACK, TEAMS, Fault
from tests.report.sample import EXPOSED, HOSTILE, MISSING, NO_RESTART, compared, hostile, night, report

ADDRESSES = {
    "MZAUDIT_TEAMS_WEBHOOK": f"https://{TEAMS}:443/powerautomate/automations/direct/workflows/1/triggers/manual/paths"
    "/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=secretKx7",
    "MZAUDIT_SLACK_WEBHOOK": f"https://{SLACK}/services/T000/B000/secretKx7",
    "MZAUDIT_WEBHOOK": f"https://{HOOK}/notify?key=secretKx7",
}
CARDS = Path(__file__).parents[2].parent / "shared/schemas/adaptive-cards/1.5.0/adaptive-card.json"
SCHEMA = Path(__file__).parents[2] / "docs" / "webhook.schema.json"
pytestmark = pytest.mark.parametrize("pull", ["github"], indirect=True)


@pytest.fixture
def channels(pull: Pull) -> Pull:
    """A nightly run with all three addresses."""
    nightly(pull)
    for name, value in ADDRESSES.items():
        pull.patch.setenv(name, f"{value}\n")
    return pull


def tell(pull: Pull, about: Report | None, *options: str) -> Outcome:
    saved = pull.folder / "report.json"
    saved.unlink(missing_ok=True)
    if about is not None:
        saved.write_text(render("json", about))
    pull.patch.setenv("GITHUB_RUN_ID", "4321")
    return pull.run_command("notify", "report.json", *options)


def test_each_channel_is_told_the_verdict_and_the_link(channels: Pull) -> None:
    for about, code, word in ((RED, 1, "GATE FAILED"), (DOUBTFUL, 3, "INCOMPLETE"), (GREEN, 0, "GATE PASSED")):
        channels.services.told.clear()
        outcome = tell(channels, about)
        assert outcome.code == code
        assert "Microsoft Teams notified, Slack notified, the webhook notified" in outcome.err
        for told in channels.services.told:
            assert word in json.dumps(told)
            assert ("Must hold: " in json.dumps(told)) == (about is RED), "a title alone reads as if it held"
            assert "https://github.com/fabrikam/infra/actions/runs/4321" in json.dumps(told)
            assert "mzaudit-reader" not in json.dumps(told)
    assert {exchange.host for exchange in channels.services.exchanges} == {TEAMS, SLACK, HOOK}


def test_a_run_without_a_report_is_told(channels: Pull) -> None:
    outcome = tell(channels, None, "--env", "prd")
    assert outcome.code == 4
    assert len(channels.services.told) == 3
    assert all("NOT JUDGED" in json.dumps(told) for told in channels.services.told)
    assert tell(channels, None).code == 2


def _later(about: Report, days: int) -> Report:
    return replace(about, run=replace(about.run, started=about.run.started + timedelta(days=days)))


OTHER = replace(EXPOSED, status=Status.PASS, evidence=(), note="", fix=None, remediation="")
# A night and the one before, and whether it is told; with what of it is new and resolved.
NIGHTS: dict[str, tuple[Report, Report, bool]] = {
    "alike and failed": (report([MISSING]), report([MISSING]), False),
    "alike and passed": (GREEN, GREEN, False),
    "alike and incomplete": (DOUBTFUL, DOUBTFUL, False),
    "a new violation": (report([MISSING]), report([MISSING, EXPOSED]), True),
    "one resolved": (report([MISSING, EXPOSED]), report([MISSING, OTHER]), True),
    "one no longer asked about": (report([MISSING, EXPOSED]), report([MISSING]), True),
    "passes again": (report([MISSING]), GREEN, True),
    "read again": (DOUBTFUL, GREEN, True),
    "no longer read": (GREEN, DOUBTFUL, True),
}


def test_only_changes_is_silent_on_a_night_like_the_last(channels: Pull) -> None:
    for case, (before, after, told) in NIGHTS.items():
        channels.services.told.clear()
        (channels.folder / "last.json").write_text(render("json", before))
        asked = ("--only-changes", "--baseline", "last.json")
        outcome = tell(channels, _later(after, 1), *asked)
        assert bool(channels.services.told) is told, (case, outcome.err)
        assert outcome.code == tell(channels, after).code, case
    (channels.folder / "last.json").unlink()
    channels.services.told.clear()
    outcome = tell(channels, RED, "--only-changes", "--baseline", "last.json")
    assert "not compared with the baseline: last.json: cannot be read" in outcome.err
    assert len(channels.services.told) == 3, "the first night is told"


def test_what_is_new_and_what_is_resolved(channels: Pull) -> None:
    (channels.folder / "last.json").write_text(render("json", report([MISSING, OTHER, NO_RESTART])))
    now = report([replace(MISSING, status=Status.PASS, evidence=(), note=""), EXPOSED, NO_RESTART])
    tell(channels, _later(now, 1), "--baseline", "last.json")
    parts = {part["title"]: part for part in channels.services.told[2]["parts"]}
    assert [item["rule"] for item in parts["New violations"]["items"]] == ["SET-004"]
    assert [item["rule"] for item in parts["Resolved"]["items"]] == ["KV-003"]
    assert [item["rule"] for item in parts["Below the gate"]["items"]] == ["APP-004"]


ELSEWHERE: dict[str, tuple[str, str]] = {
    "another host": ("MZAUDIT_TEAMS_WEBHOOK", "https://evil.example/secretKx7"),
    "a host that ends like it": ("MZAUDIT_TEAMS_WEBHOOK", "https://evillogic.azure.com.evil.example/secretKx7"),
    "a host without its dot": ("MZAUDIT_SLACK_WEBHOOK", "https://xhooks.slack.com/services/secretKx7"),
    "another path": ("MZAUDIT_SLACK_WEBHOOK", "https://hooks.slack.com/secretKx7"),
    "not over TLS": ("MZAUDIT_WEBHOOK", "http://hooks.fabrikam.example/secretKx7"),
    "a user name": ("MZAUDIT_WEBHOOK", "https://user:secretKx7@hooks.fabrikam.example/"),
    "no address": ("MZAUDIT_WEBHOOK", "https://[secretKx7"),
    "a port that is none": ("MZAUDIT_WEBHOOK", "https://hooks.fabrikam.example:99999/secretKx7"),
    "no host": ("MZAUDIT_WEBHOOK", "https:///secretKx7"),
    "a label without letters": ("MZAUDIT_WEBHOOK", "https://.fabrikam.example/secretKx7"),
    "a label without end": ("MZAUDIT_WEBHOOK", f"https://{'a' * 300}.example/secretKx7"),
    "two lines": ("MZAUDIT_WEBHOOK", "https://hooks.fabrikam.example/\nsecretKx7"),
}


def test_an_address_that_is_not_the_services_gets_nothing_and_is_not_shown(channels: Pull) -> None:
    for case, (variable, text) in ELSEWHERE.items():
        channels.services.exchanges.clear()
        with pytest.MonkeyPatch.context() as patch:
            for name in ADDRESSES:
                patch.delenv(name)
            patch.setenv(variable, text)
            outcome = tell(channels, RED)
        assert outcome.code == 1
        assert "not notified: " in outcome.err, case
        assert variable in outcome.err, case
        assert "secretKx7" not in outcome.err + outcome.out, case
        assert channels.services.exchanges == [], case


FAULTS: dict[str, tuple[Fault, str]] = {
    "revoked": (Fault(".", status=404), "was revoked or copied in part"),
    "redirected": (Fault(".", status=302, headers={"Location": "https://evil.example/"}), "no redirect is followed"),
    "too many": (Fault(".", status=429), "too many messages"),
    "too large": (Fault(".", status=413), "HTTP 413"),
    "not accepted": (Fault(".", status=400, body="invalid_blocks"), "HTTP 400"),
    "failed": (Fault(".", status=500), "it is not known whether"),
    "lost": (Fault(".", "store, then drop"), "it is not known whether"),
}


def test_a_failure_to_tell_changes_no_gate_and_shows_no_address(channels: Pull) -> None:
    for case, (fault, words) in FAULTS.items():
        fault.times = 1_000
        channels.services.faults[:] = [fault]
        for about, code in ((RED, 1), (GREEN, 0), (DOUBTFUL, 3)):
            outcome = tell(channels, about)
            assert outcome.code == code
            assert outcome.err.count(words) == 3, (case, outcome.err)
            assert "secretKx7" not in outcome.err + outcome.out
            assert "sig=" not in outcome.err
    channels.services.faults.clear()
    assert "evil.example" not in {exchange.host for exchange in channels.services.exchanges}


def test_a_closed_channel_is_no_wrong_address(channels: Pull) -> None:
    channels.services.faults[:] = [Fault(".", status=410, body="channel_is_archived", times=1_000)]
    outcome = tell(channels, GREEN)
    channels.services.faults.clear()
    assert outcome.err.count("Slack did not post the message (HTTP 410): its channel is archived") == 1
    assert outcome.err.count("was revoked or copied in part") == 2


def test_a_channel_whose_certificate_is_not_accepted_is_told_of_without_its_host(
    channels: Pull, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "another.pem")
    channels.patch.setenv("SSL_CERT_FILE", str(tmp_path / "another.pem"))
    outcome = tell(channels, GREEN)
    assert outcome.code == 0
    for service, host in (("Microsoft Teams", TEAMS), ("Slack", SLACK), ("the webhook", HOOK)):
        assert f"the certificate of {service} is not accepted (OpenSSL: " in outcome.err
        assert host not in outcome.err


def test_one_channel_does_not_stop_the_others(channels: Pull) -> None:
    channels.services.faults.append(Fault("workflows", status=404, times=9))
    assert "Slack notified, the webhook notified" in tell(channels, RED).err
    assert len(channels.services.told) == 2


def test_nobody_to_tell(pull: Pull) -> None:
    outcome = tell(pull, GREEN)
    assert outcome.code == 0
    assert "nobody was notified: no address is set" in outcome.err


def test_a_macro_that_azure_pipelines_left_is_no_address(channels: Pull) -> None:
    for name in list(ADDRESSES)[:2]:
        channels.patch.setenv(name, f"$({name})")
    assert tell(channels, RED).err == "mzaudit: the webhook notified\n"


def test_a_dry_run_sends_nothing(channels: Pull) -> None:
    outcome = tell(channels, RED, "--dry-run")
    assert outcome.out.count("GATE FAILED") >= 3
    assert "secretKx7" not in outcome.out
    assert channels.services.exchanges == []


def reports() -> Iterator[Report]:
    yield from (RED, GREEN, DOUBTFUL, night(), compared(), compared(only_new=True))
    yield from (hostile(text) for text in HOSTILE.values())
    many = tuple(
        replace(MISSING, title=f"{number} " + "é" * 300, fingerprint=f"{number:032}") for number in range(10_000)
    )
    yield report((*many, EXPOSED, *DOUBTFUL.findings))


def test_every_message_is_valid_and_fits(pull: Pull) -> None:
    """By the services' schemas where they are published, and by what their documents say of sizes and of text."""
    card_schema = json.loads(CARDS.read_text()) if CARDS.exists() else None
    own = json.loads(SCHEMA.read_text())
    assert webhook_payload.schema() == SCHEMA.read_text(), "write it again: make docs"
    for about in reports():
        told = notice(about, "prd", "https://github.com/fabrikam/infra/actions/runs/1")
        teams: Any = teams_card.message(told)
        assert len(json.dumps(teams)) <= 28_000
        card = teams["attachments"][0]["content"]
        assert card["version"] == "1.5"
        card.pop("msteams")  # Teams' own, outside of the schema
        if card_schema is not None:
            jsonschema.Draft6Validator(card_schema).validate(card)
        assert not _markdown(card), "no text of others is read as Markdown"
        slack: Any = slack_message.message(told)
        assert len(json.dumps(slack)) <= 13_000
        assert len(slack["blocks"]) <= 50
        assert {block["type"] for block in slack["blocks"]} <= {"header", "rich_text", "actions"}
        assert "mrkdwn" not in json.dumps(slack)
        assert re.fullmatch(r"[A-Za-z, :]+", slack["text"])
        assert all(_texts(slack)), "Slack refuses an empty text"
        payload: Any = webhook_payload.message(told)
        jsonschema.Draft202012Validator(own).validate(payload)
        assert len(json.dumps(payload)) <= 200_000
        for drawn in (teams, slack, payload):
            assert "{{" not in " ".join(_texts(drawn))


def test_what_is_left_out_is_the_least_urgent_and_is_counted(pull: Pull) -> None:
    [*_, large] = reports()
    payload: Any = webhook_payload.message(notice(large, "prd", ""))
    first, second = payload["parts"][:2]
    assert first["title"] == "Violations"
    assert first["count"] == 10_001
    assert first["count"] == len(first["items"]) + first["left_out"]
    assert second["items"] == []
    assert second["left_out"] == second["count"]
    for draw in (teams_card.message, slack_message.message):
        assert re.search(r"\d,\d{3} more in the report", json.dumps(draw(notice(large, "prd", ""))))


def _markdown(drawn: Any) -> list[str]:
    """The texts that Teams reads as Markdown, but for our own words."""
    if isinstance(drawn, list):
        return [text for one in drawn for text in _markdown(one)]
    if isinstance(drawn, dict):
        own = re.compile(r"mzaudit: [A-Za-z, ]+|[A-Za-z :]+ \([\d,]+\)")
        here = [drawn["text"]] if drawn.get("type") == "TextBlock" and not own.fullmatch(drawn["text"]) else []
        return here + [text for one in drawn.values() for text in _markdown(one)]
    return []


def _texts(drawn: Any) -> Iterator[str]:
    if isinstance(drawn, list):
        for one in drawn:
            yield from _texts(one)
    elif isinstance(drawn, dict):
        for name, value in drawn.items():
            if isinstance(value, str) and name in ("text", "title", "subject", "reason"):
                yield value
            else:
                yield from _texts(value)
