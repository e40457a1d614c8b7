"""Waiver files and the catalogue of requirements: what is granted, and what is refused at which line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import files
from mzaudit.policy.waivers import Waiver
from mzaudit.rules import vocabulary
from tests.policy.bent import SHIPPED, complaints

GOOD = """version: 1
waivers:
  - code: KV-004
    subject: kv-mz-cloud-stg/MS_*
    environment: stg
    reason: renewed with the next release
    owner: platform team
    ticket: OPS-123
    created: 2026-01-15
    expires: 2026-03-31
"""


def _place(tmp_path: Path, waivers: str, policy: str = SHIPPED) -> Path:
    (tmp_path / "p.yaml").write_text(policy)
    (tmp_path / "waivers.yaml").write_text(waivers)
    return tmp_path


def test_a_waiver_is_granted(tmp_path: Path) -> None:
    assert load(_place(tmp_path, GOOD), vocabulary(), "dir").waivers == (
        Waiver(
            code="KV-004",
            subject="kv-mz-cloud-stg/MS_*",
            environment="stg",
            reason="renewed with the next release",
            owner="platform team",
            ticket="OPS-123",
            created=date(2026, 1, 15),
            expires=date(2026, 3, 31),
            covers_inconclusive=False,
            where="dir/waivers.yaml:3",
        ),
    )


def test_a_waiver_may_be_pinned_to_what_was_observed(tmp_path: Path) -> None:
    pinned = GOOD + '    observed: ["group 77aa", "2"]\n'
    (waiver,) = load(_place(tmp_path, pinned), vocabulary(), "dir").waivers
    assert waiver.observed == ("group 77aa", "2")


def test_the_example_in_the_shipped_file_is_a_waiver(tmp_path: Path) -> None:
    text = files()["waivers.yaml"].replace("waivers: []", "waivers:").replace("\n# - ", "\n  - ")
    head, item, tail = text.partition("  - code")
    load(_place(tmp_path, head + item + tail.replace("\n#   ", "\n    ")), vocabulary())


REFUSED: dict[str, tuple[tuple[str, str], str]] = {
    "no expiry": (
        ("    expires: 2026-03-31\n", ""),
        "3: waivers[0].expires: expected a date (YYYY-MM-DD), found no such key",
    ),
    "of what is not there": (
        ("kv-mz-cloud-stg/MS_*", "kv-mz-cloud-stg/MC_CLIENT_SECRET"),
        "4: waivers[0].subject: expected something that KV-004 is asked about in stg, found"
        ' "kv-mz-cloud-stg/MC_CLIENT_SECRET" (did you mean kv-mz-cloud-stg/MS_CLIENT_SECRET?)',
    ),
    "of another environment's": (
        ("kv-mz-cloud-stg/MS_*", "kv-mz-cloud-prd/*"),
        '4: waivers[0].subject: expected something that KV-004 is asked about in stg, found "kv-mz-cloud-prd/*"',
    ),
    "of a part too few": (
        ("kv-mz-cloud-stg/MS_*", "kv-mz-cloud-stg*"),
        '4: waivers[0].subject: expected something that KV-004 is asked about in stg, found "kv-mz-cloud-stg*"',
    ),
    "no reason": (
        ("renewed with the next release", '" "'),
        '6: waivers[0].reason: expected text that is not empty, found " "',
    ),
    "pinned to nothing": (
        ("    expires: 2026-03-31\n", "    expires: 2026-03-31\n    observed: []\n"),
        "11: waivers[0].observed: expected a list of at least 1, found an empty list",
    ),
    "pinned to no text": (
        ("    expires: 2026-03-31\n", '    expires: 2026-03-31\n    observed: [" "]\n'),
        '11: waivers[0].observed[0]: expected text that is not empty, found " "',
    ),
    "pinned, and to what is not seen": (
        ("    expires: 2026-03-31\n", "    expires: 2026-03-31\n    observed: [a]\n    covers_inconclusive: true\n"),
        "12: waivers[0].covers_inconclusive: expected false, found true, though only what is in observed is accepted",
    ),
    "not a date": (
        ("2026-03-31", "2026-02-30"),
        '10: waivers[0].expires: expected a date (YYYY-MM-DD), found "2026-02-30"',
    ),
    "a time": (
        ("2026-03-31", "2026-03-31T10:00:00Z"),
        '10: waivers[0].expires: expected a date (YYYY-MM-DD), found "2026-03-31T10:00:00Z"',
    ),
    "a number": (
        ("2026-03-31", "20260331"),
        "10: waivers[0].expires: expected a date (YYYY-MM-DD), found the number 20260331 (put it in quotes)",
    ),
    "unknown field": (
        ("ticket:", "tickets:"),
        "8: waivers[0].tickets: expected one of code, subject, environment, reason, owner, ticket, created, expires, "
        'covers_inconclusive or observed, found "tickets" (did you mean ticket?)',
    ),
    "everything": (
        ("kv-mz-cloud-stg/MS_*", '"*"'),
        '4: waivers[0].subject: expected a subject, not wildcards alone, found "*"',
    ),
    "everything of everything": (
        ("kv-mz-cloud-stg/MS_*", '"*/*"'),
        '4: waivers[0].subject: expected a subject, not wildcards alone, found "*/*"',
    ),
    "not a code": (
        ("KV-004", "kv4"),
        '3: waivers[0].code: expected a rule code such as AB-123, found "kv4"',
    ),
    "too long": (
        ("2026-03-31", "2026-07-15"),
        "10: waivers[0].expires: expected at most 180 days from 2026-01-15 (created), found 181 (2026-07-15)",
    ),
    "ends before it begins": (
        ("2026-03-31", "2026-01-14"),
        "10: waivers[0].expires: expected a day not before 2026-01-15 (created), found 2026-01-14",
    ),
    "unknown environment": (
        ("environment: stg", "environment: qa"),
        '5: waivers[0].environment: expected one of dev, stg, prd, found "qa"',
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_waiver_that_is_refused(tmp_path: Path, case: str) -> None:
    (old, new), complaint = REFUSED[case]
    assert old in GOOD
    said = complaints(_place(tmp_path, GOOD.replace(old, new)), "dir")
    assert said == [f"dir/waivers.yaml:{complaint}"]


def test_the_policy_says_how_long_a_waiver_may_last(tmp_path: Path) -> None:
    waivers = GOOD.replace("2026-03-31", "2026-07-15")
    assert load(_place(tmp_path, waivers, SHIPPED + "\nwaivers: {max_days: 181}\n"), vocabulary()).waivers


CATALOGUE = """version: 1
requirements:
  - id: DOC-01
    text: a
    section: b
    answered_by: [KV-001]
  - id: DOC-02
    text: a
    section: b
    manual: look
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "DOC-02",
            "DOC-01",
            "7: requirements[1].id: expected each id once, found DOC-01 again (first in dir/requirements.yaml:3)",
        ),
        ("    manual: look\n", "", "7: requirements[1]: expected answered_by or manual, found neither"),
        ("DOC-02", "DOC2", '7: requirements[1].id: expected a requirement id such as ABC-12, found "DOC2"'),
        (
            "[KV-001]",
            "[KV1]",
            '6: requirements[0].answered_by[0]: expected a rule code such as AB-123, found "KV1"',
        ),
        (
            "    section: b\n    manual",
            "    manual",
            "7: requirements[1].section: expected text that is not empty, found no such key",
        ),
    ],
)
def test_a_catalogue_that_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    (tmp_path / "p.yaml").write_text(SHIPPED)
    (tmp_path / "requirements.yaml").write_text(CATALOGUE)
    assert [r.id for r in load(tmp_path, vocabulary()).requirements] == ["DOC-01", "DOC-02"]
    (tmp_path / "requirements.yaml").write_text(CATALOGUE.replace(old, new))
    assert complaints(tmp_path, "dir") == [f"dir/requirements.yaml:{complaint}"]
