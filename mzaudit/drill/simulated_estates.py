"""The simulated estates of a policy, by the names that `--simulate` takes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mzaudit.drill import ESTATES
from mzaudit.drill.drifted_estate import drift
from mzaudit.drill.drill_case import DrillContext
from mzaudit.drill.large_policy import LARGE
from mzaudit.drill.mutations import SECRETS_USER
from mzaudit.drill.policy_estate import estate_of, plan_of
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.simulator import Estate, blind, empty
from mzaudit.simulator.estates.estate_plan import SUBSCRIPTION
from mzaudit.snapshot.text.ids import type_of

if TYPE_CHECKING:
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.policy.models import Policy

_SMALL_PAGE, _LARGE_PAGE = 3, 100  # small, so that every list of a run has several


def build(name: str, loaded: Loaded, midnight: datetime | None = None) -> Estate:
    """Build one of `ESTATES` or `large:N` (of an `enlarged` policy), else ValueError. What drifts is the first
    production environment, or the first if there is none. The dates of what is there count from `midnight`, by default
    today's in UTC."""
    environments = loaded.policy.environments
    first = next((env for env, spec in environments.items() if spec.production), next(iter(environments)))
    wanted = bound(loaded, first)
    match name:
        case "compliant":
            estate = estate_of(wanted, midnight, slots=True)
        case "drifted":
            estate = estate_of(wanted, midnight, slots=True)
            drift(estate, DrillContext.of(wanted))
        case "blind":
            estate = blind(plan_of(wanted))
        case "empty":
            estate = empty(plan_of(wanted))
        case _ if LARGE.fullmatch(name):
            return _large(wanted)
        case _:
            raise ValueError(f"no estate is named {name!r}; there are {', '.join(ESTATES)}")
    for one in (one for env in wanted.environments.values() for one in env.expected):
        estate.know(type_of(one.id))
    estate.page_size = _SMALL_PAGE
    return estate


def _large(wanted: Desired) -> Estate:
    """As documented. Nobody bends it, so that it can answer as fast as a service with an index."""
    estate = estate_of(wanted)
    estate.page_size = _LARGE_PAGE
    auditor = estate.auditor.oid
    estate.role_assignments[:] = [
        one
        for one in estate.role_assignments
        if one["properties"]["principalId"] != auditor or "/vaults/" not in str(one["properties"]["scope"])
    ]
    for subscription in estate.subscriptions:
        estate.assign(auditor, SECRETS_USER, f"/subscriptions/{subscription}")
    estate.fixed = True
    return estate


def bound(loaded: Loaded, env: str) -> Desired:
    """The policy bound to the subscriptions of its simulated estate, asked about one environment."""
    return bind(loaded.policy, loaded.where, (env,), subscriptions_of(loaded.policy))


def subscriptions_of(policy: Policy) -> dict[str, str]:
    """The subscription of each environment in a simulated estate: the policy's, else that of the first with one."""
    given = {env: spec.subscription for env, spec in policy.environments.items()}
    first = next((own for own in given.values() if own), SUBSCRIPTION)
    return {env: own or first for env, own in given.items()}
