"""What we conclude, and the names that a rule's author needs. Pure: the same arguments give the same answer.

These names are kept: a package of a team's own rules may rest on them (docs/plugins.md), and a test lists them.
"""

from mzaudit.engine.az_cli import az
from mzaudit.engine.quantify import every
from mzaudit.engine.rule import Aspect, Rule, rule
from mzaudit.engine.subjects import (
    Selector,
    Subject,
    each_component,
    each_expected_fact,
    each_registry,
    each_resource,
    each_secret,
    each_service,
    each_storage,
    each_vault,
)
from mzaudit.engine.verdict import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Shown, Verdict
from mzaudit.policy.desired import Desired, DesiredEnvironment
from mzaudit.policy.enums import Severity
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Listing, Observed, find, need, whole

__all__ = [
    "Aspect",
    "Desired",
    "DesiredEnvironment",
    "Evidence",
    "Fail",
    "Fix",
    "Gap",
    "Inconclusive",
    "Listing",
    "NotApplicable",
    "Observed",
    "Pass",
    "Rule",
    "Selector",
    "Severity",
    "Shown",
    "Snapshot",
    "Subject",
    "Verdict",
    "az",
    "each_component",
    "each_expected_fact",
    "each_registry",
    "each_resource",
    "each_secret",
    "each_service",
    "each_storage",
    "each_vault",
    "every",
    "find",
    "need",
    "rule",
    "whole",
]
