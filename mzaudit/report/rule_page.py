"""A rule's page in Markdown: what `explain` prints and what the documentation holds."""

from __future__ import annotations

from collections.abc import Sequence

from mzaudit.engine.rule import AnyRule


def page(
    rule: AnyRule, cases: Sequence[tuple[str, str]] = (), answers: Sequence[str] = (), *, linked: bool = True
) -> str:
    """The page; `cases` are (what was seen, the outcome), in the order of the rule's case table; `answers` the
    ids of the requirements that a catalogue has it answer. `linked`: other rules are links to the pages beside it."""
    codes = _links if linked else ", ".join
    depends = f"Asked only where these hold: {codes(rule.requires)}.\n\n" if rule.requires else ""
    explained = f"Explained by, if one of them failed: {codes(rule.explained_by)}.\n\n" if rule.explained_by else ""
    facts = (
        "| | |\n| --- | --- |\n"
        f"| slug | `{rule.slug}` |\n"
        f"| severity | {rule.severity} (a policy may set another) |\n"
        + (f"| answers | {', '.join(answers)} |\n" if answers else "")
    )
    table = "".join(f"| {_cell(seen)} | {_cell(outcome)} |\n" for seen, outcome in cases)
    decided = f"\n## Cases\n\n| seen | outcome |\n| --- | --- |\n{table}" if cases else ""
    return f"# {rule.code}: {rule.title}\n\n{facts}\n{depends}{explained}{rule.doc.strip()}\n{decided}"


def _links(codes: Sequence[str]) -> str:
    return ", ".join(f"[{code}]({code}.md)" for code in codes)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
