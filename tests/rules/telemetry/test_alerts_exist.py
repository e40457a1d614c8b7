"""OBS-004, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.telemetry.alerts_exist import alerts_exist
from mzaudit.snapshot.alerts import ActionGroup, Alert, AlertCondition, ProcessingRule
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.text.shown import Shown
from tests.built_estate import TAKEN, Bend, ask, component, component_properties, gap, said, wanted

ID = wanted().environments["prd"].components[0].id
GROUP = ID.partition("/providers/")[0]
PROVIDER = f"{GROUP}/providers/Microsoft.Insights"
ON_CALL = f"{PROVIDER}/actionGroups/on-call"
ELSEWHERE = f"{PROVIDER.replace('/subscriptions/', '/subscriptions/9')}/actionGroups/central"
REACHED = ActionGroup(ON_CALL, "on-call", True, 1)

Seen = Observed[ActionGroup | None] | Gap


def alert(name: str = "failures", enabled: bool | None = True, groups: tuple[str, ...] = (ON_CALL,)) -> Alert:
    return Alert(f"{PROVIDER}/metricAlerts/{name}", name, enabled, (ID,), groups, severity="Sev1")


def alerts(*items: Alert, cut: Gap | None = None) -> Bend:
    return component(alerts=Listing(items, cut))


def group(seen: Seen, at: str = ON_CALL) -> Bend:
    return component(action_groups={key(at): seen})


def group_with(**fields: bool | int | None) -> Bend:
    return group(Observed(replace(REACHED, **fields)))  # type: ignore[arg-type]  # the fields of an action group


def rules(*items: ProcessingRule, cut: Gap | None = None) -> Bend:
    return component(processing=Listing(items, cut))


ADDS = ProcessingRule(f"{GROUP}/actionRules/notify", "notify", True, (GROUP,), (ON_CALL,), False)
SILENCES = replace(ADDS, name="mute", adds=(), silences=True)
DAY = timedelta(days=1)


def when(field: str, operator: str, *values: str) -> ProcessingRule:
    return replace(ADDS, conditions=(AlertCondition(Shown(field), Shown(operator), tuple(map(Shown, values))),))


def muting(field: str, operator: str, *values: str) -> ProcessingRule:
    return replace(SILENCES, conditions=when(field, operator, *values).conditions)


LOGS_GROUP = "/subscriptions/0/resourceGroups/rg-logs"
WORKSPACE = f"{LOGS_GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
LOG_ALERT = f"{PROVIDER}/scheduledQueryRules/failures"
LOGS = alerts(replace(alert(), id=LOG_ALERT, scopes=(WORKSPACE,)))
CALLS_NOBODY = alerts(alert(groups=()))
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "an enabled alert that reaches somebody": ((), Pass, ""),
    "beside a disabled one": ((alerts(alert("a", enabled=False), alert("b")),), Pass, ""),
    "list cut short behind it": ((alerts(alert(), cut=gap()),), Pass, ""),
    "its action group in another case": ((alerts(alert(groups=(ON_CALL.upper(),))),), Pass, ""),
    "its second action group": ((alerts(alert(groups=(ELSEWHERE, ON_CALL))),), Pass, ""),
    "disabled": ((alerts(alert(enabled=False)),), Fail, "is enabled and notifies a receiver: failures (disabled)"),
    "has no action group": ((CALLS_NOBODY,), Fail, "failures (has no action group)"),
    "none": ((alerts(),), Fail, "No alert in its subscription watches appi-monozu-prd"),
    "enabled or not is unknown": ((alerts(alert(enabled=None)),), Inconclusive, "enabled or not is unknown"),
    "enabled or not is unknown, but it calls nobody": ((alerts(alert(enabled=None, groups=())),), Fail, "failures"),
    "none in a list cut short": ((alerts(cut=gap()),), Inconclusive, "forbidden"),
    "disabled, in a list cut short": ((alerts(alert(enabled=False), cut=gap()),), Inconclusive, "forbidden"),
    "its action group is disabled": ((group_with(enabled=False),), Fail, "its action group on-call is disabled"),
    "its action group has no receivers": (
        (group_with(receivers=0),),
        Fail,
        "its action group on-call has no receivers",
    ),
    "its action group is gone": ((group(Observed(None)),), Fail, "its action group on-call does not exist"),
    "its action group refused": ((group(gap()),), Inconclusive, "forbidden"),
    "its action group silent on being enabled": (
        (group_with(enabled=None),),
        Inconclusive,
        "enabled or not is unknown",
    ),
    "its action group in another subscription": (
        (alerts(alert(groups=(ELSEWHERE,))), group(Observed(replace(REACHED, id=ELSEWHERE)), ELSEWHERE)),
        Pass,
        "",
    ),
    "its action group in another subscription refused": (
        (alerts(alert(groups=(ELSEWHERE,))), group(gap(), ELSEWHERE)),
        Inconclusive,
        "forbidden",
    ),
    "a processing rule adds the action group": ((CALLS_NOBODY, rules(ADDS)), Pass, ""),
    "a disabled processing rule": ((CALLS_NOBODY, rules(replace(ADDS, enabled=False))), Fail, "has no action group"),
    "a processing rule that adds a disabled group": (
        (CALLS_NOBODY, rules(ADDS), group_with(enabled=False)),
        Fail,
        "on-call is disabled",
    ),
    "a processing rule at set times": ((CALLS_NOBODY, rules(replace(ADDS, recurs=True))), Pass, ""),
    "a processing rule of the past": (
        (CALLS_NOBODY, rules(replace(ADDS, ends=TAKEN - DAY))),
        Fail,
        "has no action group",
    ),
    "a processing rule with an end, by a clock that is wrong": (
        (rules(replace(SILENCES, ends=TAKEN + DAY)), lambda seen: replace(seen, skew=6)),
        Inconclusive,
        "clock",
    ),
    "one without, by a clock that is wrong": ((rules(ADDS), lambda seen: replace(seen, skew=6)), Pass, ""),
    "a processing rule of the future": (
        (CALLS_NOBODY, rules(replace(ADDS, starts=TAKEN + DAY))),
        Fail,
        "has no action group",
    ),
    "a processing rule that may have ended": (
        (CALLS_NOBODY, rules(replace(ADDS, ends=TAKEN))),
        Inconclusive,
        "that fires",
    ),
    "a filter that the alert passes": ((CALLS_NOBODY, rules(when("severity", "equals", "sev0", "sev1"))), Pass, ""),
    "a filter that it does not pass": (
        (CALLS_NOBODY, rules(when("severity", "equals", "sev4"))),
        Fail,
        "has no action group",
    ),
    "a filter by the rule's name": ((CALLS_NOBODY, rules(when("alertrulename", "contains", "fail"))), Pass, ""),
    "a filter by another name": ((CALLS_NOBODY, rules(when("alertrulename", "doesnotcontain", "fail"))), Fail, ""),
    "a filter on fired alerts": ((CALLS_NOBODY, rules(when("monitorcondition", "equals", "fired"))), Pass, ""),
    "a filter by what only a fired alert tells": (
        (CALLS_NOBODY, rules(when("alertcontext", "contains", "x"))),
        Inconclusive,
        "depend on the alert that fires",
    ),
    "silenced": ((rules(SILENCES),), Fail, "failures (silenced by the alert processing rule mute)"),
    "silenced though a rule adds a group": ((CALLS_NOBODY, rules(ADDS, SILENCES)), Fail, "silenced"),
    "silenced at set times": ((rules(replace(SILENCES, recurs=True)),), Pass, ""),
    "silenced until yesterday": ((rules(replace(SILENCES, ends=TAKEN - DAY)),), Pass, ""),
    "others are silenced": (
        (alerts(alert()), rules(replace(SILENCES, conditions=when("severity", "equals", "sev4").conditions))),
        Pass,
        "",
    ),
    "others are silenced, by their type": (
        (rules(muting("targetresourcetype", "equals", "microsoft.compute/virtualmachines")),),
        Pass,
        "",
    ),
    "silenced by its type": (
        (rules(muting("targetresourcetype", "equals", "microsoft.insights/components")),),
        Fail,
        "silenced",
    ),
    "others are silenced, by their group": (
        (rules(muting("targetresourcegroup", "equals", "/subscriptions/x/resourcegroups/rg-other")),),
        Pass,
        "",
    ),
    "silenced by its group's name": (
        (rules(muting("targetresourcegroup", "equals", GROUP.rpartition("/")[2].casefold())),),
        Fail,
        "silenced",
    ),
    "all but its group are silenced": (
        (rules(muting("targetresourcegroup", "notequals", GROUP.casefold())),),
        Pass,
        "",
    ),
    "others are silenced, by the kind of signal": ((rules(muting("signaltype", "equals", "log")),), Pass, ""),
    "others are silenced, by the service": ((rules(muting("monitorservice", "equals", "azure backup")),), Pass, ""),
    "silenced by the kind of signal": ((rules(muting("signaltype", "equals", "metric")),), Fail, "silenced"),
    "silenced by type, in a rule on more than the component": (
        (
            alerts(replace(alert(), scopes=(GROUP,))),
            rules(muting("targetresourcetype", "equals", "microsoft.insights/components")),
        ),
        Inconclusive,
        "that fires",
    ),
    "may be silenced": (
        (rules(replace(SILENCES, conditions=when("description", "contains", "x").conditions)),),
        Inconclusive,
        "that fires",
    ),
    "silenced on its group alone, a log alert on a workspace elsewhere": (
        (LOGS, rules(SILENCES)),
        Inconclusive,
        "that fires",
    ),
    "silenced on the workspace's group alone, a log alert on it": (
        (LOGS, rules(replace(SILENCES, scopes=(LOGS_GROUP,)))),
        Inconclusive,
        "that fires",
    ),
    "silenced on both, a log alert on a workspace": (
        (LOGS, rules(replace(SILENCES, scopes=(GROUP, LOGS_GROUP)))),
        Fail,
        "silenced",
    ),
    "silenced on its group alone, a metric alert on a workspace elsewhere": (
        (
            alerts(replace(alert(), scopes=(WORKSPACE,))),
            component_properties(workspace=WORKSPACE),
            rules(SILENCES),
        ),
        Pass,
        "",
    ),
    "silenced on the workspace, a metric alert around it": (
        (
            alerts(replace(alert(), scopes=(LOGS_GROUP,))),
            component_properties(workspace=WORKSPACE),
            rules(replace(SILENCES, scopes=(WORKSPACE,))),
        ),
        Fail,
        "silenced",
    ),
    "silenced on another component, a log alert on this one": (
        (
            alerts(replace(alert(), id=LOG_ALERT)),
            rules(replace(SILENCES, scopes=(f"{ID}-other",))),
        ),
        Pass,
        "",
    ),
    "processing rules refused": ((rules(cut=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_alerts_exist(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(alerts_exist, "appi-monozu-prd", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


CURES = {
    "disabled": (alert(enabled=False), "az resource update", "properties.enabled=true"),
    "a smart detector disabled": (
        replace(alert(enabled=False), id=f"{GROUP}/providers/Microsoft.AlertsManagement/smartDetectorAlertRules/a"),
        "az resource update",
        "properties.state=Enabled",
    ),
    "has no action group": (alert(groups=()), "az monitor alert-processing-rule create", "AddActionGroups"),
}


@pytest.mark.parametrize("case", CURES)
def test_the_cure_fits_the_cause(case: str) -> None:
    item, command, words = CURES[case]
    verdict = ask(alerts_exist, "appi-monozu-prd", alerts(item))
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    (told,) = verdict.fix.commands
    assert told.startswith(command)
    assert words in told
