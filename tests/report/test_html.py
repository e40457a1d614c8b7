"""The page as text: complete, closed in itself, its links and its words; how it looks is `test_html_browser.py`'s."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import lxml.html
import pytest
from lxml.html import HtmlElement

from mzaudit.engine import gate
from mzaudit.engine.results import Attribution, Cause, ElementStatus, Finding, FurtherAccess, Report, Status
from mzaudit.report.details import changed
from mzaudit.report.formats import html
from mzaudit.report.requirement_matrix import matrix
from mzaudit.report.trend import LONGEST, Point, chart, point, trend
from tests.report.sample import FURTHER, REQUIREMENTS, compared, finding, judged, night, report

REPORTS = {
    "night": night(),
    "compliant": judged("compliant"),
    "access wrong": judged("access wrong"),
    "runs wrong, two environments": judged("runs wrong", "stg", "prd"),
    "blind": judged("blind"),
    "empty": report(()),
    "compared": compared(),
    "compared, only new": compared(only_new=True),
}


def page(made: Report, history: Sequence[Point] = ()) -> HtmlElement:
    root = lxml.html.document_fromstring("".join(html.chunks(made, history)))
    assert isinstance(root, HtmlElement)
    return root


def words(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


@pytest.mark.parametrize("name", REPORTS)
def test_every_link_leads_somewhere_in_the_page_and_every_id_is_one(name: str) -> None:
    root = page(REPORTS[name])
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in root.xpath("//@href")} <= set(ids)
    assert {one for value in root.xpath("//@aria-labelledby") for one in value.split()} <= set(ids)


def test_further_role_assignments_are_a_table_where_the_policy_asks_for_them() -> None:
    rows = page(night()).xpath("//section[@id='further']//tbody/tr")
    assert [[words(cell) for cell in row] for row in rows] == [
        [
            "Group 77aa0000-0000-0000-0000-00000000a91f",
            "Key Vault Secrets Officer, under a condition",
            "rg-monozu-prd/vaults/kv-mz-cloud-prd",
        ],
        [
            "release pipeline (ServicePrincipal 77bb0000-0000-0000-0000-00000000a91f)",
            "Contributor",
            "/subscriptions/00000000-0000-0000-0000-000000000001",
        ],
    ]
    assert "Not all of it was seen: forbidden" in words(page(night()).xpath("//section[@id='further']")[0])
    assert page(report(())).xpath("//*[@id='further'] | //a[@href='#further']") == []


@pytest.mark.parametrize("named", [None, 0, 501])
def test_further_role_assignments_say_that_none_was_seen_only_where_all_was(named: int | None) -> None:
    one = FURTHER.assignments[0]
    access = FurtherAccess((one,) * (named or 0), FURTHER.gaps if named is None else ())
    said = words(page(replace(night(), further_access=access)).xpath("//section[@id='further']")[0])
    assert ("No other role assignment was seen." in said) is (named == 0)
    assert ("1 assignment more in the JSON report" in said) is (named == 501)


@pytest.mark.parametrize("name", REPORTS)
def test_every_finding_has_its_place(name: str) -> None:
    ids = set(page(REPORTS[name]).xpath("//@id"))
    assert [f.rule for f in REPORTS[name].findings if f"f-{f.fingerprint}" not in ids] == []


@pytest.mark.parametrize("name", REPORTS)
def test_every_part_of_the_picture_is_a_link_and_stands_in_words(name: str) -> None:
    root, made = page(REPORTS[name]), REPORTS[name]
    links = root.xpath("//*[local-name()='svg' and @class='picture']//*[local-name()='a']")
    assert len(links) == len(made.topology.nodes) + len(made.topology.arrows)
    assert all(link.get("aria-label") for link in links)
    assert len(root.xpath("//*[starts-with(@id, 'part-')]")) == len(links)


def test_pieces_are_whole_lines_and_the_page_is_not_large() -> None:
    pieces = list(html.chunks(REPORTS["runs wrong, two environments"]))
    assert all(piece.endswith("\n") for piece in pieces)
    assert len("".join(pieces).encode()) < 300_000


@pytest.mark.parametrize("name", REPORTS)
def test_the_head_says_the_verdict(name: str) -> None:
    root, made = page(REPORTS[name]), REPORTS[name]
    said = words(root.find("body/header"))
    expected = {"passed": "Gate passed", "failed": "Gate failed", "incomplete": "Incomplete"}[made.summary.gate]
    assert expected in said
    assert expected.upper() in (root.findtext("head/title") or "")
    numbers = [words(tile).split()[0] for tile in root.xpath("//ul[@class='tiles']/li")]
    summary, known = made.summary, len(gate.known(made))
    counts = (
        len(gate.breaking(made)),
        *([known] if known else []),
        len(gate.below(made)),
        summary.inconclusive,
        summary.waived,
        summary.passed,
        summary.not_applicable,
    )
    assert numbers == [f"{count:,}" for count in counts]


def test_caveats_stand_in_the_head() -> None:
    made = replace(night(), run=replace(night().run, source="simulated", allow_incomplete=True))
    said = words(page(made).find("body/header"))
    assert "SIMULATED" in said
    assert "ALLOW-INCOMPLETE" in said


def test_a_violation_is_told_whole() -> None:
    root = page(night())
    made = next(f for f in night().findings if f.rule == "KV-003")
    article = root.get_element_by_id(f"f-{made.fingerprint}")
    said = words(article)
    for expected in ("critical", "KV-003", made.subject.name, made.note, "exists", "absent", made.remediation):
        assert expected in said
    assert made.fix is not None
    assert [words(one) for one in article.xpath(".//pre")] == list(made.fix.commands)
    assert article.xpath(".//caption")
    assert "SET-002" in said, "what follows from it stands below it"


def test_an_inconclusive_one_names_its_call_and_its_cure() -> None:
    said = words(page(night()).get_element_by_id("inconclusive"))
    assert "CONNECT sql-monozu-prd.database.windows.net:1433" in said
    assert "Run from an address that the network rules on sql-monozu-prd admit" in said
    assert "Microsoft.KeyVault/vaults/secrets/getSecret/action" in said


def test_waivers_are_told_with_their_end() -> None:
    root = page(night())
    assert "until 2026-12-31 by team-cloud, MZ-41" in words(root.get_element_by_id("waived"))
    assert "EXPIRED on 2026-11-01" in words(root.get_element_by_id("violations"))
    assert "the waiver of KV-008 covers nothing" in words(root.get_element_by_id("run"))


def test_what_the_baseline_had_is_told() -> None:
    root = page(compared(only_new=True))
    known = words(root.get_element_by_id("known"))
    assert "SET-004" in known
    assert "Unchanged, first seen on 2026-11-01, 22 days before this report." in known
    assert "New in this form; it failed otherwise before" in words(root.get_element_by_id("violations"))
    assert "APP-001" in words(root.get_element_by_id("resolved"))
    assert "ONLY NEW" in words(root.find("body/header"))


def test_who_changed_it_last_is_told() -> None:
    made = night()
    told = Attribution(night().run.started, "ci-deploy", True, "deploy", "sites/write", "Activity Log", "")
    found = tuple(replace(f, attribution=told) if f.rule == "KV-003" else f for f in made.findings)
    article = page(replace(made, findings=found)).get_element_by_id("violations")
    [(_, said)] = changed(next(f for f in found if f.rule == "KV-003"))
    assert said[1:] in words(article)


def test_marks_are_told_by_shape_and_by_word() -> None:
    root = page(judged("access wrong"))
    for link in root.xpath("//*[contains(concat(' ', @class), ' node ') or contains(concat(' ', @class), ' arrow ')]"):
        mark = link.get("class").split("m-")[1]
        assert [one.get("href") for one in link.iter("use")] == [f"#i-{mark}"]
        assert html_words(mark) in link.get("aria-label")
    assert {one.get("id") for one in root.iter("symbol")} == {f"i-{mark}" for mark in ElementStatus} | {"i-none"}


def html_words(mark: str) -> str:
    return {"not-seen": "not seen", "extra": "not documented"}.get(mark, mark)


def _asked(status: Status, rule: str = "KV-003", env: str = "prd", cause: Cause | None = None) -> Finding:
    return finding(rule, f"kv/{rule}", status, env=env, cause=cause)


CELLS: dict[str, tuple[tuple[Finding, ...], ElementStatus, list[str]]] = {
    "all pass": ((_asked(Status.PASS), _asked(Status.PASS, "KV-004")), ElementStatus.PASSED, []),
    "a rule gave no answer": ((_asked(Status.PASS),), ElementStatus.NOT_SEEN, []),
    "one fails": ((_asked(Status.FAIL), _asked(Status.PASS, "KV-004")), ElementStatus.VIOLATED, ["KV-003"]),
    "one is open": (
        (_asked(Status.INCONCLUSIVE), _asked(Status.PASS, "KV-004")),
        ElementStatus.NOT_SEEN,
        ["KV-003"],
    ),
    "one is waived": ((_asked(Status.WAIVED), _asked(Status.PASS, "KV-004")), ElementStatus.WAIVED, ["KV-003"]),
    "one is explained": (
        (_asked(Status.FAIL), _asked(Status.NOT_APPLICABLE, "KV-004", cause=Cause("KV-003", "kv/KV-003"))),
        ElementStatus.VIOLATED,
        ["KV-003"],
    ),
    "nothing": ((), ElementStatus.NOT_SEEN, []),
    "another environment's": (
        (_asked(Status.PASS, env="stg"), _asked(Status.PASS, "KV-004", "stg")),
        ElementStatus.NOT_SEEN,
        [],
    ),
}


@pytest.mark.parametrize(("findings", "mark", "rules"), CELLS.values(), ids=CELLS.keys())
def test_a_requirement_is_as_well_answered_as_its_findings(
    findings: tuple[Finding, ...], mark: ElementStatus, rules: list[str]
) -> None:
    [cell] = matrix(REQUIREMENTS, report(findings))[0].cells
    assert cell.mark is mark
    assert [one.rule for one in cell.open] == rules


def test_the_matrix_has_a_column_for_each_environment() -> None:
    root = page(judged("runs wrong", "stg", "prd"))
    [table] = root.xpath("//table[contains(@class, 'matrix')]")
    assert [words(head) for head in table.xpath("thead//th")] == ["requirement", "stg", "prd"]
    assert len(table.xpath("tbody/tr")) == len(judged("compliant").requirements) == 27


def test_environments_that_have_no_room_beside_each_other_are_told_together() -> None:
    """The worst first, by name and with a link to what keeps each from passing."""
    envs = tuple(f"env{number}" for number in range(13))
    found = [
        _asked(Status.FAIL if env in ("env3", "env4") and rule == "KV-003" else Status.PASS, rule, env)
        for env in envs
        for rule in ("KV-003", "KV-004")
    ]
    made = report(found, env=envs)
    [cell] = page(made).get_element_by_id(f"r-{REQUIREMENTS[0].id}").xpath("td")
    assert [words(part) for part in cell.xpath("p")] == ["2 violated env3 env4", "11 passed"]
    failed = {f"#f-{one.fingerprint}" for one in made.findings if one.status is Status.FAIL}
    assert {link.get("href") for link in cell.xpath(".//a")} == failed


def _past(days: int, gating: int = 1) -> Point:
    return Point(night().run.started - timedelta(days=days), "failed", gating, 1, 2, 3, 4)


def test_the_trend_is_of_earlier_runs_and_this_one() -> None:
    later = replace(_past(1), started=datetime(2030, 1, 1, tzinfo=UTC))
    points = trend(night(), [_past(1), _past(3), _past(1), later])
    assert [one.started.day for one in points] == [20, 22, 23]
    assert points[-1] == point(night())
    assert len(trend(night(), [_past(day) for day in range(1, 200)])) == LONGEST


def test_the_trend_is_drawn_and_told() -> None:
    section = page(night(), [_past(2, 7), _past(1)]).get_element_by_id("trend")
    assert [words(row.findall("td")[1]) for row in section.xpath(".//tbody/tr")] == [
        str(len(gate.breaking(night()))),
        "1",
        "7",
    ]
    assert len(section.xpath(".//*[local-name()='rect' and @class='t-gating']")) == 3
    assert "No earlier report of prd was given" in words(page(night()).get_element_by_id("trend"))


def test_bars_are_as_high_as_their_numbers() -> None:
    drawn = chart((_past(2, 10), _past(1, 5)))
    assert drawn.most == 13
    heights = [[height for _, _, height in bar.parts] for bar in drawn.bars]
    assert heights[0][0] == pytest.approx(heights[1][0] * 2, abs=0.2)
    for bar in drawn.bars:
        assert all(0 <= top <= drawn.height - height + 0.2 for _, top, height in bar.parts)


def test_too_large_an_estate_is_told_in_words() -> None:
    made = judged("compliant")
    many = tuple(replace(made.topology.nodes[0], id=f"n{number}") for number in range(200))
    root = page(replace(made, topology=replace(made.topology, nodes=many, arrows=())))
    assert not root.xpath("//*[local-name()='svg' and @class='picture']")
    assert "200 parts are too many to draw" in words(root.get_element_by_id("picture"))
    assert len(root.xpath("//*[starts-with(@id, 'part-')]")) == 200


def test_no_line_of_the_style_starts_a_command() -> None:
    [style] = page(night()).iter("style")
    assert not re.search(r"^\s*::|##", style.text or "", re.MULTILINE)
