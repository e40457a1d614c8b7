"""Reads alert rules of every kind, action groups and alert processing rules, in the shapes that Azure gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import Field, JsonValue

from mzaudit.azure.readers.wire_models import Id, Moment, Resource, Wire
from mzaudit.snapshot.alerts import ActionGroup, Alert, AlertCondition, ProcessingRule
from mzaudit.snapshot.text import shown
from mzaudit.snapshot.text.ids import key, name

# What alerts on these categories watch, wherever they are scoped, by the type of resource that such events name.
# https://learn.microsoft.com/azure/azure-monitor/essentials/activity-log-schema
_OF_CATEGORY = {
    "servicehealth": "microsoft.resourcehealth/events",
    "recommendation": "microsoft.advisor/recommendations",
    "autoscale": "microsoft.insights/autoscalesettings",
    "security": "microsoft.security/locations/alerts",
    "policy": "microsoft.resources/checkpolicycompliance",
}
_PROSE = frozenset({"description", "alertcontext"})
_ACTIVITY_LOG = "/activitylogalerts/"


class _GroupReference(Wire):
    action_group_id: Id | None = None
    group_id: Id | None = None
    id: Id | None = None


class _Groups(Wire):
    action_groups: list[Id | _GroupReference] | None = None
    group_ids: list[Id] | None = None


class _Clause(Wire):
    field: str | None = None
    equals: str | None = None
    contains_any: list[str] | None = None
    any_of: list[_Clause] | None = None


class _ActivityCondition(Wire):
    all_of: list[_Clause] | None = None


class _AlertMembers(Wire):
    """The four kinds of alert in one: a smart detector says `state`, `scope` and `actionGroups`."""

    enabled: bool | None = None
    state: str | None = None
    severity: int | str | None = None
    scopes: list[Id] | None = None
    scope: list[Id] | None = None
    target_resource_type: str | None = None
    target_resource_types: list[str] | None = None
    condition: _ActivityCondition | None = None
    actions: list[Id | _GroupReference] | _Groups | None = None
    action_groups: list[Id | _GroupReference] | _Groups | None = None


class AlertBody(Resource):
    """An alert rule of any kind."""

    properties: _AlertMembers


class ActionGroupBody(Resource):
    """An action group; each kind of receiver is a member of its own."""

    properties: dict[str, JsonValue]


class _Filter(Wire):
    field: str | None = None
    operator: str | None = None
    values: list[str] | None = None


class _Action(Wire):
    action_type: str | None = None
    action_group_ids: list[Id] | None = None


class _AlertSchedule(Wire):
    effective_from: Moment | None = None
    effective_until: Moment | None = None
    recurrences: list[dict[str, JsonValue]] | None = None


class _RuleMembers(Wire):
    enabled: bool | None = True  # what the API takes a silent rule for
    scopes: list[Id] | None = None
    conditions: list[_Filter] | None = None
    actions: list[_Action] | None = None
    schedule: _AlertSchedule | None = None


class ProcessingRuleBody(Resource):
    """An alert processing rule; Azure's name of the type is `actionRules`."""

    properties: _RuleMembers = Field()


def alert(body: AlertBody) -> Alert:
    """An alert rule. Raises ValueError for an activity log alert that leaves out a part of its condition: without it
    nobody can tell what the alert is narrowed to."""
    members = body.properties
    enabled = members.enabled
    if enabled is None and members.state is not None:
        enabled = members.state.casefold() == "enabled"
    if _ACTIVITY_LOG in key(body.id):
        if enabled is None:  # what the API takes a silent one for
            enabled = True
        if members.condition is None or not members.condition.all_of or not all(map(_told, members.condition.all_of)):
            raise ValueError("the condition is unknown")
    scopes, types = sorted({*(members.scopes or []), *(members.scope or [])}), set(members.target_resource_types or [])
    types |= {members.target_resource_type} if members.target_resource_type else set()
    types = {each.casefold() for each in types}
    for field, values in _narrowed(members.condition):
        if field == "resourceid":
            scopes = sorted(map(shown.part, values))
        elif field == "resourcegroup":
            scopes = sorted(_in_groups(scopes, [shown.part(name(value)) for value in values]))
        types = _of_both(types, _types(field, values))
    severity = members.severity
    return Alert(
        id=body.id,
        name=body.name,
        enabled=enabled,
        scopes=tuple(scopes),
        action_groups=tuple(sorted({*_groups(members.actions), *_groups(members.action_groups)})),
        types=tuple(sorted(types)),
        severity=f"Sev{severity}" if isinstance(severity, int) else severity,
    )


def _narrowed(condition: _ActivityCondition | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What an activity log alert is narrowed to: a field, and the values of which it must have one."""
    for clause in (condition.all_of or []) if condition is not None else []:
        found: dict[str, list[str]] = {}
        for each in clause.any_of or [clause]:
            values = [*([each.equals] if each.equals is not None else []), *(each.contains_any or [])]
            found.setdefault((each.field or "").casefold(), []).extend(values)
        if len(found) == 1:
            field, values = next(iter(found.items()))
            yield field, tuple(values)


def _types(field: str, values: Iterable[str]) -> set[str]:
    """The types of resources that a clause narrows an alert to, or their namespaces; none where it does not. An
    operation begins with the type of what it is done to: `Microsoft.Network/networkSecurityGroups/write`."""
    told = {value.casefold() for value in values}
    match field:
        case "resourcetype" | "resourceprovider":
            return {shown.part(each) for each in told}
        case "operationname":
            return {shown.part("/".join(each.split("/")[:2])) for each in told}
        case "category" if told <= _OF_CATEGORY.keys():
            return {_OF_CATEGORY[each] for each in told}
        case _:
            return set()


def _of_both(types: set[str], more: set[str]) -> set[str]:
    """What two clauses narrow to together; the later alone where nothing is of both, which no event is."""
    if not types or not more:
        return types or more
    both = {one for one in types for other in more if one == other or one.startswith(f"{other}/")}
    return both | {one for one in more for other in types if one.startswith(f"{other}/")} or more


def _in_groups(scopes: Iterable[str], groups: Iterable[str]) -> set[str]:
    """What is left of scopes in resource groups of these names."""
    named = {f"/resourcegroups/{group}".casefold(): group for group in groups}
    found = {each for each in scopes if any(f"{key(each)}/".find(f"{group}/") > 0 for group in named)}
    whole = [each for each in scopes if "/resourcegroups/" not in key(each)]
    return found | {f"{each.rstrip('/')}/resourceGroups/{group}" for each in whole for group in named.values()}


def _told(clause: _Clause) -> bool:
    if clause.any_of:
        return all(map(_told, clause.any_of))
    return bool(clause.field) and (clause.equals is not None or bool(clause.contains_any))


def _groups(told: list[str | _GroupReference] | _Groups | None) -> Iterator[str]:
    """The ids of action groups, however a kind of alert lists them."""
    if isinstance(told, _Groups):
        yield from told.group_ids or []
    for each in (told.action_groups or []) if isinstance(told, _Groups) else told or []:
        found = each if isinstance(each, str) else each.action_group_id or each.group_id or each.id
        if not found:
            raise ValueError("an action without the id of its group")
        yield found


def action_group(body: ActionGroupBody) -> ActionGroup:
    """An action group."""
    enabled = body.properties.get("enabled", True)  # as above
    if not isinstance(enabled, bool | None):
        raise ValueError("enabled is not a boolean")
    listed = [value for name, value in body.properties.items() if name.casefold().endswith("receivers")]
    receivers = [each for kind in listed if isinstance(kind, list) for each in kind]
    return ActionGroup(body.id, body.name, enabled, sum(not _is_disabled(each) for each in receivers))


def _is_disabled(receiver: JsonValue) -> bool:
    return isinstance(receiver, dict) and str(receiver.get("status")).casefold() == "disabled"


def processing_rule(body: ProcessingRuleBody) -> ProcessingRule:
    """An alert processing rule."""
    members, schedule = body.properties, body.properties.schedule or _AlertSchedule()
    added = {group for action in members.actions or [] for group in action.action_group_ids or []}
    return ProcessingRule(
        id=body.id,
        name=body.name,
        enabled=members.enabled,
        scopes=None if members.scopes is None else tuple(sorted(members.scopes)),
        adds=tuple(sorted(added)),
        silences=_silences(members.actions),
        conditions=tuple(map(_condition, members.conditions or [])),
        recurs=bool(schedule.recurrences),
        starts=schedule.effective_from,
        ends=schedule.effective_until,
    )


def _condition(told: _Filter) -> AlertCondition:
    """A filter. One that compares more than names is kept without its values, and without an operator: it decides
    nothing."""
    field = shown.word((told.field or "").casefold())
    values = [value.casefold() for value in told.values or []]
    parts = [shown.part(value) for value in values]
    if field in _PROSE or parts != values:
        return AlertCondition(field, shown.NOTHING, ())
    return AlertCondition(field, shown.word((told.operator or "").casefold()), tuple(sorted(parts)))


def _silences(actions: list[_Action] | None) -> bool | None:
    """Whether one of the actions removes all action groups; not known where one is of a kind that is not documented."""
    told = [_Action()] if actions is None else actions
    kinds = [None if each.action_type is None else each.action_type.casefold() for each in told]
    if "removeallactiongroups" in kinds:
        return True
    return False if all(kind == "addactiongroups" for kind in kinds) else None
