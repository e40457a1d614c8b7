"""What we conclude, and the names that a rule's author needs. Pure: the same arguments give the same answer."""

from mzaudit.engine.quantify import every
from mzaudit.engine.rule import Aspect, Rule, rule
from mzaudit.engine.verdict import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Shown, Verdict
from mzaudit.policy.enums import Severity
from mzaudit.snapshot.observed import find, need, whole

__all__ = [
    "Aspect",
    "Evidence",
    "Fail",
    "Fix",
    "Inconclusive",
    "NotApplicable",
    "Pass",
    "Rule",
    "Severity",
    "Shown",
    "Verdict",
    "every",
    "find",
    "need",
    "rule",
    "whole",
]
