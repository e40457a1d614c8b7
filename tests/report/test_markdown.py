"""The Markdown report: failures first, inside its budget, and nothing in it that anyone but us made markup of."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mzaudit.audit.results import Report, Status
from mzaudit.audit.verdict import Evidence
from mzaudit.policy.models import Severity
from mzaudit.report.markdown import chunks
from tests.report import golden_files
from tests.report.sample import HOSTILE, UNREADABLE, WALLED, compared, finding, hostile, night, report

OURS = {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}


def render(made: Report, *, budget: int = 60_000) -> str:
    return "".join(chunks(made, budget=budget))


def tokens(text: str) -> list[Token]:
    flat: list[Token] = []
    for token in MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text):
        flat += [token, *(token.children or ())]
    return flat


def test_golden() -> None:
    golden_files.check("night.md", render(night()))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_inert(text: str) -> None:
    rendered = render(hostile(text))
    assert len(rendered.encode()) <= 60_000
    found = tokens(rendered)
    assert not {token.type for token in found} & {
        "link_open",
        "image",
        "fence",
        "code_block",
        "em_open",
        "s_open",
        "hr",
    }
    tags = re.findall(r"<[^>]*>", "".join(t.content for t in found if t.type in ("html_inline", "html_block")))
    assert set(tags) <= OURS
    assert rendered.count("<details>") == rendered.count("</details>")
    outside = re.sub(r"<code>.*?</code>", "", rendered)
    calm = re.sub(r"<code>.*?</code>", "", render(hostile("calm")))
    added = set(outside.split()) - set(calm.split())
    assert not {word for word in added if re.search(r"[^A-Za-z0-9.,;:()'/+-]", word) or re.match(r":\w+:", word)}
    linked = re.compile(r"www\.|gh-\d|^[(']*[0-9a-f]{7,40}[)'.,;]*$", re.I)
    assert not {word for word in added if linked.search(word)}


def test_tables_keep_their_columns() -> None:
    for text in HOSTILE.values():
        rows = [line for line in render(hostile(text)).splitlines() if line.startswith("|")]
        assert {line.count("|") for line in rows} <= {3, 4, 7}


def shows(rendered: str, made: Report) -> int:
    plain = html.unescape(rendered)
    return sum(f.rule in plain and f.subject.name in plain for f in made.findings)


def _many(count: int) -> Report:
    severities = list(Severity)
    failing = [
        finding(
            "KV-003",
            f"vault/SECRET_{number:05}_",
            Status.FAIL,
            severity=severities[number % 4],
            note="not there",
            evidence=(Evidence("x", "exists", "absent"),),
            remediation="set it",
        )
        for number in range(count)
    ]
    passing = [finding("KV-004", f"vault/FINE_{number:05}_", Status.PASS) for number in range(count)]
    return report([*failing, *passing])


@pytest.mark.parametrize("budget", [3_000, 10_000, 60_000])
def test_the_budget_is_kept_from_the_least_severe_end(budget: int) -> None:
    made = _many(400)
    rendered = render(made, budget=budget)
    assert len(rendered.encode()) <= budget
    plain = html.unescape(rendered)
    shown = [f for f in made.findings if f.subject.name in plain]
    hidden = [f for f in made.findings if f.subject.name not in plain]
    order = list(Severity)
    worst_hidden = min(order.index(f.severity) for f in hidden if f.status is Status.FAIL)
    assert all(order.index(f.severity) <= worst_hidden for f in shown)
    assert "| all | 400 | 400 | 0 | 0 | 0 |" in rendered
    said = sum(int(number) for number in re.findall(r"^(\d+) more here did not fit", rendered, re.MULTILINE))
    assert said == len(hidden)
    assert rendered.count("<details>") == rendered.count("</details>")


def test_what_fits_says_nothing_of_more() -> None:
    assert "did not fit" not in render(night())


def test_known_and_resolved_have_sections_of_their_own() -> None:
    rendered = render(compared(only_new=True))
    titles = re.findall(r"^## (.+)$", rendered, re.MULTILINE)
    assert titles[:3] == ["Violations (2)", "Known from the baseline (1)", "Below the gate (1)"]
    assert titles[-1] == "Resolved since the baseline (1)"
    assert "- baseline: unchanged, first seen on 2026-11-01, 22 days before this report" in rendered
    assert "**ONLY NEW**" in rendered
    assert "Known from" not in render(compared())


def test_one_huge_finding_keeps_its_title() -> None:
    facts = tuple(Evidence("a" * 400, "é" * 400, "|" * 400) for _ in range(20))
    rendered = render(report([finding("KV-003", "vault/NAME", Status.FAIL, note="n", evidence=facts)]))
    assert len(rendered.encode()) <= 60_000
    assert "- CRITICAL <code>KV-003</code>" in rendered


def test_the_head_says_what_must_be_known_first() -> None:
    made = report(
        [finding("KV-001", "a", Status.INCONCLUSIVE, gaps=(UNREADABLE,))], allow_incomplete=True, source="simulated"
    )
    rendered = render(made)
    assert rendered.startswith("# mzaudit: INCOMPLETE, allowed (exit 0)\n")
    assert rendered.index("**SIMULATED**") < rendered.index("**ALLOW-INCOMPLETE**") < rendered.index("| run |")


def test_the_order_of_sections() -> None:
    titles = re.findall(r"^(?:## |<summary>)([A-Z][a-z ]+)", render(night()), re.MULTILINE)
    assert [title.strip() for title in titles] == [
        "Violations",
        "Below the gate",
        "Inconclusive",
        "Waived",
        "Warnings",
        "Not applicable",
        "Passed",
    ]


def test_one_that_waits_for_two_cures_is_missing_once() -> None:
    waiting = [finding("SQL-007", f"db-{n}", Status.INCONCLUSIVE, gaps=(UNREADABLE, WALLED)) for n in range(30)]
    shown_none = render(report(waiting), budget=1_200)
    assert "30 more here did not fit" in shown_none
    assert "did not fit" not in render(report(waiting))


def test_the_cure_that_helps_most_comes_first() -> None:
    one = finding("SQL-006", "db", Status.INCONCLUSIVE, gaps=(UNREADABLE,))
    two = [finding("SQL-007", name, Status.INCONCLUSIVE, gaps=(WALLED,)) for name in ("a", "b")]
    rendered = render(report([one, *two]))
    assert rendered.index("2 findings waiting for") < rendered.index("1 finding waiting for")
