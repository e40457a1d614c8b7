"""Azure Monitor's alerts as seen: the rules, the action groups that they call, the processing rules in between."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.snapshot.moment import Moment
from mzaudit.snapshot.text.shown import Shown


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert rule of any kind: what it watches, and the ids of the action groups that it calls.

    `types` are the resource types (casefolded) to which a rule on a group or a subscription is narrowed, none for all;
    `severity` is `Sev0` to `Sev4`.
    """

    id: str
    name: str
    enabled: bool | None
    scopes: tuple[str, ...]
    action_groups: tuple[str, ...]
    types: tuple[str, ...] = ()
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class ActionGroup:
    """An action group; `receivers` counts those that are not disabled, of every kind."""

    id: str
    name: str
    enabled: bool | None
    receivers: int


@dataclass(frozen=True, slots=True)
class AlertCondition:
    """One filter of a processing rule, casefolded: `alertrulename` `contains` any of `values`. Without an operator it
    is not known what it takes."""

    field: Shown
    operator: Shown
    values: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class ProcessingRule:
    """An alert processing rule: the action groups that it adds to alerts on its scopes, or that it silences them.

    All `conditions` must hold. It is in force from `starts` to `ends`, told in the rule's own time zone and kept here
    as if it were UTC; `recurs` says that it is so only at set times. None for `scopes` or `silences` is not told.
    """

    id: str
    name: str
    enabled: bool | None
    scopes: tuple[str, ...] | None
    adds: tuple[str, ...]
    silences: bool | None
    conditions: tuple[AlertCondition, ...] = ()
    recurs: bool = False
    starts: Moment | None = None
    ends: Moment | None = None
