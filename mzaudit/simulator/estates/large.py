"""A large estate: the documented environment many times over, in several subscriptions."""

from __future__ import annotations

import re

from mzaudit.simulator.estates.compliant import compliant
from mzaudit.simulator.estates.estate_plan import Blueprint, documented_environment, stable_guid
from mzaudit.simulator.estates.simulated_estate import Estate

NAME = re.compile(r"large:([1-9][0-9]{0,4})")
_APPS = 3
_ENVIRONMENTS = 84  # a subscription, about
_PAGE = 100


def planned(apps: int) -> Blueprint:
    """At least so many apps, in environments `e001`, `e002`, … with their vaults, over two or more subscriptions, each
    with a registry of its own."""
    count = -(-apps // _APPS)
    subscriptions = [stable_guid("subscription", str(number)) for number in range(max(2, -(-count // _ENVIRONMENTS)))]
    names = [f"e{number:0{max(3, len(str(count)))}d}" for number in range(1, count + 1)]
    return Blueprint(
        environments=tuple(
            documented_environment(name, plan_sku="B2", subscription=subscriptions[number % len(subscriptions)])
            for number, name in enumerate(names)
        ),
        shared_subscription_id=None,
    )


def large(apps: int) -> Estate:
    """That estate, as documented. Nobody bends it, so that it can answer as fast as a service with an index."""
    estate = compliant(planned(apps))
    estate.page_size = _PAGE
    auditor = estate.auditor.oid
    estate.role_assignments[:] = [
        one
        for one in estate.role_assignments
        if one["properties"]["principalId"] != auditor or "/vaults/" not in str(one["properties"]["scope"])
    ]
    for subscription in estate.subscriptions:
        estate.assign(auditor, "Key Vault Secrets User", f"/subscriptions/{subscription}")
    estate.fixed = True
    return estate
