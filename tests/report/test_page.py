"""A rule's page says what the rule is, what it answers and depends on, and what it accepts."""

from __future__ import annotations

from dataclasses import replace

from markdown_it import MarkdownIt

from mzaudit.report.rule_page import page
from mzaudit.rules.keyvault.secret_present import secret_present

RULE = replace(secret_present, doc="What it decides.", explained_by=("KV-002",))


def test_the_whole_page() -> None:
    cases = (("the secret is there", "pass"), ("absent | deleted", "fail"))
    assert page(RULE, cases, ("DOC-16", "DOC-17")) == (
        "# KV-003: The documented secret is in the vault\n"
        "\n"
        "| | |\n"
        "| --- | --- |\n"
        "| slug | `secret-present` |\n"
        "| severity | critical (a policy may set another) |\n"
        "| answers | DOC-16, DOC-17 |\n"
        "\n"
        "Asked only where these hold: [KV-001](KV-001.md).\n"
        "\n"
        "Explained by, if one of them failed: [KV-002](KV-002.md).\n"
        "\n"
        "What it decides.\n"
        "\n"
        "## Cases\n"
        "\n"
        "| seen | outcome |\n"
        "| --- | --- |\n"
        "| the secret is there | pass |\n"
        "| absent \\| deleted | fail |\n"
    )


def test_a_terminal_shows_codes_and_no_links() -> None:
    said = page(RULE, linked=False)
    assert "Asked only where these hold: KV-001.\n" in said
    assert "Explained by, if one of them failed: KV-002.\n" in said


def test_without_links_and_cases_nothing_is_said_of_them() -> None:
    made = page(replace(RULE, requires=(), explained_by=()))
    assert "Asked only" not in made
    assert "Explained by" not in made
    assert "Cases" not in made


def test_the_rule_s_own_sections_are_headings() -> None:
    tokens = MarkdownIt("commonmark").parse(page(secret_present))
    assert next(token.tag for token in tokens if token.type == "heading_open") == "h1"
    assert "h2" in {token.tag for token in tokens}
