"""The generated pages: `python -m docs.pages` writes docs/rules/, one page a rule and the table of all.

A page comes from the rule's own docstring, its data, and its tested cases, so that no fact is typed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from docs import example, operations, permissions, picture, policy, site
from mzaudit import rules
from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.engine.rule import AnyRule
from mzaudit.policy.json_schema import SCHEMAS, json_schema
from mzaudit.policy.loader.load import load
from mzaudit.policy.requirements import by_rule
from mzaudit.policy.shipped_policy import shipped
from mzaudit.publish import webhook_payload
from mzaudit.report.rule_page import page
from tests.test_rules_are_complete import cases

FOLDER = Path(__file__).parent / "rules"
WORDS = {Pass: "passes", Fail: "fails", Inconclusive: "inconclusive", NotApplicable: "does not apply"}


def pages() -> dict[str, str]:
    """Every page by file name."""
    every_rule = rules.load()
    answers = by_rule(load(shipped(), rules.vocabulary()).requirements)
    return {f"{rule.code}.md": page(rule, tested(rule), answers.get(rule.code, ())) for rule in every_rule} | {
        "README.md": table(every_rule, answers)
    }


def tested(rule: AnyRule) -> list[tuple[str, str]]:
    """The rule's cases, by name, with what each comes to."""
    return [
        (name, next(WORDS[value] for value in case if isinstance(value, type) and value in WORDS))
        for name, case in cases(rule).items()
    ]


def table(every_rule: tuple[AnyRule, ...], answers: Mapping[str, tuple[str, ...]]) -> str:
    """All rules in one table."""
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.slug} | {rule.severity} | {rule.title} "
        f"| {', '.join(answers.get(rule.code, ()))} |"
        for rule in every_rule
    ]
    head = ["# Rules", "", "| code | slug | severity | what must hold | answers |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def main() -> None:
    """Write the pages, the example, its picture and the schemas; delete the pages of rules that are gone."""
    permissions.main()
    operations.main()
    example.main()
    picture.main()
    site.main()
    policy.main()
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for stale in {path.name for path in FOLDER.glob("*.md")} - wanted.keys():
        (FOLDER / stale).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for name in SCHEMAS:
        (shipped() / name).write_text(json_schema(name), encoding="utf-8")
    (Path(__file__).parent / "webhook.schema.json").write_text(webhook_payload.schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
