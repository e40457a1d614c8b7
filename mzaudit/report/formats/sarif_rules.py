"""The rules of a run as SARIF describes them, with their pages as help."""

from __future__ import annotations

from mzaudit.engine.results import Report, RuleNote
from mzaudit.policy.models import Severity
from mzaudit.report.escaping import log, plain, shorten

LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
# How GitHub tells critical (above 9.0), high (from 7.0), medium (from 4.0) and low apart.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
_TAGS = 20
_LONGEST = 1_024  # characters of a description, a GitHub limit


def descriptors(report: Report) -> list[dict[str, object]]:
    """A descriptor of every rule of the report, in its order, and of each that only a finding names."""
    told = {rule.code: rule for rule in report.rules}
    for one in report.findings:
        if one.rule not in told:
            told[one.rule] = RuleNote(one.rule, one.slug, one.title, one.severity, one.requirements, "")
    return [_descriptor(rule) for rule in told.values()]


def _descriptor(rule: RuleNote) -> dict[str, object]:
    title = _line(rule.title) or rule.code
    page = _page(rule.page) or title
    return {
        "id": rule.code,
        "name": shorten(plain(rule.slug), 200).strip() or "unnamed",  # a service refuses a rule without
        "shortDescription": {"text": f"Must hold: {title}"},  # services head an alert with it
        "fullDescription": {"text": _line(_first(rule.page)) or title},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": ["security", "azure", *map(_line, rule.requirements)][:_TAGS],
            "requirements": list(rule.requirements),
            "precision": "very-high",
            "security-severity": _SCORES[rule.severity],
        },
    }


def _first(page: str) -> str:
    """The first paragraph that is no heading, on one line."""
    paragraphs = (part for part in page.split("\n\n") if part.strip())
    lines = next(paragraphs, "").split("\n")
    return " ".join(line for line in lines if not line.startswith("#"))


def _page(text: str) -> str:
    text = text.strip()
    if text.isascii() and text.replace("\n", "").isprintable():  # as nearly all pages are
        return log(text)
    return "\n".join(log(plain(line)) for line in text.split("\n"))


def _line(text: str) -> str:
    return shorten(log(plain(text)).strip(), _LONGEST - 60)
