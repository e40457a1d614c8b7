"""What the policy makes of a rule: off, or of another severity, for an environment or a thing, with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mzaudit.engine.results import Finding, OverrideNote, SubjectName
from mzaudit.policy.desired import Desired, DesiredOverride
from mzaudit.policy.enums import Severity
from mzaudit.snapshot.text.ids import covers

_OF_SERVICES = ("service", "setting", "database-user")  # kinds of subjects whose names begin with a service's key
_ORDER = tuple(Severity)


def override_of(wanted: Desired, code: str, env: str, subject: SubjectName) -> OverrideNote | None:
    """The first that the policy says of that rule about that subject; None where it says nothing."""
    said = (one for one in wanted.overrides.get(code, ()) if env in one.things and _is_for(one, env, subject))
    return next((OverrideNote(one.severity, one.reason, one.where) for one in said), None)


def _is_for(stated: DesiredOverride, env: str, subject: SubjectName) -> bool:
    ids = stated.things[env]
    if ids is None or any(covers(each, subject.id) for each in ids):
        return True
    return subject.kind in _OF_SERVICES and subject.name.partition("/")[0] in stated.services


def weaker(one: Severity, other: Severity) -> Severity:
    """The less severe of two."""
    return max(one, other, key=_ORDER.index)


def idle(wanted: Desired, findings: Iterable[Finding]) -> Iterator[str]:
    """A warning for each override that is for an environment of this run, and changes nothing there."""
    given = tuple(findings)
    used = {finding.override.where for finding in given if finding.override is not None}
    asked = {finding.rule for finding in given}
    for code, stated in ((code, one) for code, each in wanted.overrides.items() for one in each):
        if code in asked and stated.where not in used and stated.things.keys() & set(wanted.asked):
            yield f"{stated.where}: what the policy says of {code} is for nothing that the rule asks about"
