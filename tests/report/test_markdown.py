"""The Markdown report: failures first, inside its budget, and nothing in it that anyone but us made markup of."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from itertools import product

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mzaudit.engine.results import FurtherAccess, Report, Status, Topology
from mzaudit.engine.verdict import Evidence
from mzaudit.policy.models import Severity
from mzaudit.report import render as by_name
from mzaudit.report.dialect import AZURE_PULL_REQUEST, AZURE_SUMMARY, GITHUB, Dialect
from mzaudit.report.escaping import log, plain
from mzaudit.report.formats.markdown import chunks
from tests.report import golden_files
from tests.report.sample import HOSTILE, UNREADABLE, WALLED, compared, finding, hostile, night, report
from tests.report.test_neutral import assert_inert_log

OURS = {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}


DIALECTS = {"github": GITHUB, "azure pull request": AZURE_PULL_REQUEST, "azure summary": AZURE_SUMMARY}
FORMATS = {"markdown": "github", "markdown-ado": "azure pull request", "markdown-summary": "azure summary"}
PICTURE = re.compile(r"^```mermaid\n(.*?)\n```\n", re.MULTILINE | re.DOTALL)


def render(made: Report, *, dialect: Dialect = GITHUB, budget: int | None = None) -> str:
    return "".join(chunks(made, dialect=dialect, budget=budget))


def tokens(text: str) -> list[Token]:
    flat: list[Token] = []
    for token in MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text):
        flat += [token, *(token.children or ())]
    return flat


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name: str) -> None:
    text = by_name(name, night())
    assert text == render(night(), dialect=DIALECTS[FORMATS[name]])
    golden_files.check(f"night{name.removeprefix('markdown')}.md", text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("dialect", [GITHUB, AZURE_PULL_REQUEST], ids=["github", "azure pull request"])
def test_hostile_text_is_inert(text: str, dialect: Dialect) -> None:
    rendered = PICTURE.sub("", render(hostile(text), dialect=dialect))
    assert dialect.size(rendered) <= dialect.budget
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
    calm = re.sub(r"<code>.*?</code>", "", PICTURE.sub("", render(hostile("calm"), dialect=dialect)))
    added = set(outside.split()) - set(calm.split())
    assert not {word for word in added if re.search(r"[^A-Za-z0-9.,;:()'/+-]", word) or re.match(r":\w+:", word)}
    linked = re.compile(r"www\.|gh-\d|^[(']*[0-9a-f]{7,40}[)'.,;]*$", re.I)
    assert not {word for word in added if linked.search(word)}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_inert_without_html(text: str) -> None:
    rendered = render(hostile(text), dialect=AZURE_SUMMARY)
    found = tokens(rendered)
    kinds = {token.type for token in found}
    assert not kinds & {"link_open", "image", "fence", "code_block", "em_open", "strong_open", "s_open", "hr"}
    assert not kinds & {"html_block", "html_inline", "text_special"}
    assert_inert_log(rendered)
    for status in Status:
        shown = log(plain(f"{text}{status}"))[:400]
        assert any(t.type == "code_inline" and t.content.startswith(shown) for t in found), status


def test_tables_keep_their_columns() -> None:
    for text, dialect in product(HOSTILE.values(), DIALECTS.values()):
        made = replace(hostile(text), findings=tuple(replace(f, rule=f"{text}-1") for f in hostile(text).findings))
        kinds = " ".join(token.type for token in tokens(render(made, dialect=dialect)))
        rows = re.findall(r"tr_open (.*?) tr_close", kinds)
        assert {len(re.findall("t[dh]_open", row)) for row in rows} <= {2, 3, 6}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_picture_holds_text_only(text: str) -> None:
    (picture,) = PICTURE.findall(render(hostile(text)))
    label = r'"(?:[!?~✓✗]|[!?~✗] [a-z ]+:) (?:[A-Za-z0-9 ./-]|#\d+;)*"'
    for line in picture.splitlines()[1:]:
        bare = re.sub(label, "LABEL", line)
        assert re.fullmatch(r"[A-Za-z0-9 :,#\[\](){}|>=.-]*(?:stroke-width:3px)?", bare), line


def test_a_picture_tells_every_node_and_arrow() -> None:
    (picture,) = PICTURE.findall(render(night()))
    lines = picture.splitlines()
    assert sum(":::" in line for line in lines) == len(night().topology.nodes)
    assert sum("-->|" in line for line in lines) == len(night().topology.arrows)
    for name, dialect in DIALECTS.items():
        assert ("mermaid" in render(night(), dialect=dialect)) is (name == "github")


def test_a_picture_that_would_crowd_the_findings_out_is_left_out() -> None:
    node = night().topology.nodes[0]
    many = tuple(replace(node, id=f"{node.id}{number}") for number in range(1_000))
    rendered = render(replace(night(), topology=Topology(many, ())))
    assert "mermaid" not in rendered
    assert "## Violations" in rendered


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
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_the_budget_is_kept_from_the_least_severe_end(budget: int, dialect: Dialect) -> None:
    made = _many(400)
    rendered = render(made, budget=budget, dialect=dialect)
    assert dialect.size(rendered) <= budget
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


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_a_place_is_never_given_more_than_it_takes(dialect: Dialect) -> None:
    rendered = render(_many(4_000), dialect=dialect)
    assert dialect.budget - 2_000 < dialect.size(rendered) <= dialect.budget
    assert "| all | 4,000 | 4,000 | 0 | 0 | 0 |" in rendered


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
        "Picture of the estate",
        "Violations",
        "Below the gate",
        "Inconclusive",
        "Waived",
        "Warnings",
        "Further role assignments",
        "Not applicable",
        "Passed",
    ]


def test_assignments_that_could_not_be_read_are_not_counted_as_seen() -> None:
    unread = render(replace(report(()), further_access=FurtherAccess((), (UNREADABLE,))))
    assert "<summary>Role assignments not read (1)</summary>" in unread
    assert "| who | role | on |" not in unread
    nothing = render(replace(report(()), further_access=FurtherAccess((), ())))
    assert "ole assignments" not in nothing


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
