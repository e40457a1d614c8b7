"""Whether an alert reaches somebody: through its action groups and the processing rules that lie over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mzaudit.access.permission_matching import any_of
from mzaudit.snapshot.alerts import Alert, AlertCondition, ProcessingRule
from mzaudit.snapshot.insights import Component
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.text import ids

# https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
_TOLD_BY_KIND: Final[Mapping[str, dict[str, tuple[str, ...]]]] = {
    "/metricalerts/": {"signaltype": ("Metric",), "monitorservice": ("Platform",)},
    "/scheduledqueryrules/": {"signaltype": ("Log",)},
}
_ANY_ZONE: Final = timedelta(hours=14)  # a rule's times are told in a time zone of its own


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether an alert reaches somebody, in three values, and through what or why not; `gaps` are why it is not
    known."""

    reaches: bool | None
    words: str
    gaps: tuple[Gap, ...] = ()


def reach(alert: Alert, component: Component, now: datetime) -> Delivery:
    """Whether an alert that watches a component is enabled and reaches somebody."""
    if alert.enabled is False:
        return Delivery(False, "disabled")
    over = sorted((r for r in component.processing.items if r.enabled is not False), key=lambda r: ids.key(r.id))
    held = [(rule, _applies(rule, alert, component, now)) for rule in over]
    silencing = [
        (rule, applies if rule.silences or applies is False else None)
        for rule, applies in held
        if rule.silences is not False and not rule.recurs
    ]
    silenced = any_of(applies for _, applies in silencing)
    if silenced:
        name = next(rule.name for rule, applies in silencing if applies)
        return Delivery(False, f"silenced by the alert processing rule {name}")
    ways: list[tuple[str, str, bool | None]] = [(group, "", True) for group in alert.action_groups]
    ways += [
        (group, f", added by {rule.name}", applies)
        for rule, applies in held
        for group in rule.adds
        if applies is not False
    ]
    if not ways:
        return Delivery(False, "has no action group")
    doubts = [_undecided(rule) for rule, applies in silencing if applies is None]
    doubts += [_untold(alert.id)] if alert.enabled is None else []
    gaps: list[Gap] = []
    why: list[str] = []
    for group, by, applies in ways:
        found = _notifies(group, component)
        if found.reaches is False:
            why.append(found.words)
        elif found.reaches and applies and not doubts:
            return Delivery(True, f"enabled, {found.words}{by}")
        else:
            gaps += doubts + list(found.gaps)
            gaps += [_undecided(rule) for rule, known in held if known is None and group in rule.adds and not applies]
    return Delivery(None, "not known", tuple(gaps)) if gaps else Delivery(False, ", ".join(dict.fromkeys(why)))


def _notifies(group_id: str, component: Component) -> Delivery:
    """Whether an action group is there, enabled, and has somebody to tell."""
    seen, name = component.action_group(group_id), ids.name(group_id)
    if isinstance(seen, Gap):
        return Delivery(None, f"action group {name}", (seen,))
    group = seen.value
    if group is None:
        return Delivery(False, f"its action group {name} does not exist")
    if group.enabled is False:
        return Delivery(False, f"its action group {group.name} is disabled")
    if group.receivers == 0:
        return Delivery(False, f"its action group {group.name} has no receivers")
    if group.enabled is None:
        return Delivery(None, f"action group {group.name}", (_untold(group.id),))
    return Delivery(True, f"calls the action group {group.name}")


def _applies(rule: ProcessingRule, alert: Alert, component: Component, now: datetime) -> bool | None:
    """Whether a processing rule is in force and takes alerts of this rule about this component."""
    answers = [
        None if rule.enabled is None else True,
        _past(rule.starts, now) if rule.starts is not None else True,
        _not(_past(rule.ends, now)) if rule.ends is not None else True,
        _covers(rule, _targets(alert, component)),
        *(_holds(each, alert, component) for each in rule.conditions),
    ]
    return False if False in answers else None if None in answers else True


def _covers(rule: ProcessingRule, targets: Iterable[str]) -> bool | None:
    """Whether a processing rule is on what the alert is about; None where it is on some of the possible targets."""
    covered = {any(ids.covers(scope, target) for scope in rule.scopes or ()) for target in targets}
    return None if rule.scopes is None or len(covered) != 1 else covered.pop()


def _targets(alert: Alert, component: Component) -> set[str]:
    """What an alert that fires may be about: the component, where the rule is on it or around it, else the workspace. A
    log alert is about its own scope, or about the resources by which it splits its results.

    https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-processing-rules
    """
    log = "/scheduledqueryrules/" in ids.key(alert.id)
    if any(ids.same(each, component.id) or (not log and ids.covers(each, component.id)) for each in alert.scopes):
        return {component.id}
    if log:
        return {component.id, *alert.scopes}
    properties = component.properties.value if isinstance(component.properties, Observed) else None
    workspace = properties.workspace if properties is not None else None
    return {workspace} if workspace else set(alert.scopes)


def _past(moment: datetime, now: datetime) -> bool | None:
    return None if abs(now - moment) < _ANY_ZONE else moment < now


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _holds(condition: AlertCondition, alert: Alert, component: Component) -> bool | None:
    """Whether a filter lets an alert pass; `None` for what only a fired alert tells."""
    facts: dict[str, tuple[str, ...]] = {
        "alertrulename": (alert.name,),
        "alertruleid": (alert.id,),
        "severity": (alert.severity or "",),
        "monitorcondition": ("Fired",),
    }
    if any(ids.same(each, component.id) for each in alert.scopes):
        group = component.id.partition("/providers/")[0]
        facts |= {
            "targetresource": (component.id,),
            "targetresourcetype": ("microsoft.insights/components",),
            "targetresourcegroup": (group, ids.name(group)),
        }
    facts |= next((told for kind, told in _TOLD_BY_KIND.items() if kind in ids.key(alert.id)), {})
    told = [each.casefold() for each in facts.get(condition.field, ()) if each]
    if not told:
        return None
    match condition.operator:
        case "equals":
            return any(fact in condition.values for fact in told)
        case "notequals":
            return all(fact not in condition.values for fact in told)
        case "contains":
            return any(value in fact for fact in told for value in condition.values)
        case "doesnotcontain":
            return not any(value in fact for fact in told for value in condition.values)
        case _:
            return None


def _undecided(rule: ProcessingRule) -> Gap:
    if rule.silences is None or rule.scopes is None:
        return Gap(GapReason.MALFORMED, f"GET {rule.id}", rule.id, detail="what it does, or over what, is unknown")
    detail = "its filters depend on the alert that fires: give the alert rule an action group of its own"
    return Gap(GapReason.UNDECIDED, f"GET {rule.id}", rule.id, detail=detail)


def _untold(resource_id: str) -> Gap:
    return Gap(GapReason.MALFORMED, f"GET {resource_id}", resource_id, detail="enabled or not is unknown")
