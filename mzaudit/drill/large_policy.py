"""A policy of many environments: a policy's own environment, many times over."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mzaudit.simulator.estates.estate_plan import stable_guid

if TYPE_CHECKING:
    from mzaudit.policy.loader.load import Loaded

LARGE: Final = re.compile(r"large:([1-9][0-9]{0,4})")
_ENVIRONMENTS = 84  # a subscription, about


def enlarged(loaded: Loaded, apps: int) -> Loaded:
    """The policy with at least so many apps, in environments `e001`, `e002`, … over two or more subscriptions; what it
    shares is in the first of them."""
    from mzaudit.policy.bind import group_of
    from mzaudit.policy.models import EnvironmentSpec, PlaceSpec

    count = -(-apps // len(loaded.policy.services))
    subscriptions = [stable_guid("subscription", str(number)) for number in range(max(2, -(-count // _ENVIRONMENTS)))]
    environments = {
        f"e{number:0{max(3, len(str(count)))}d}": EnvironmentSpec(
            production=False, subscription=subscriptions[(number - 1) % len(subscriptions)]
        )
        for number in range(1, count + 1)
    }
    places = {
        key: PlaceSpec(group=group, subscription=None if "{" in str(group) else subscriptions[0])
        for key, group in ((key, group_of(place)) for key, place in loaded.policy.places.items())
    }
    changed = {"environments": environments, "places": places}
    return replace(loaded, policy=loaded.policy.model_copy(update=changed))
