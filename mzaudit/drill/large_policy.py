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
    shares is in the first of them.

    Raises `InputError` for a policy that cannot be: one that names things, or facts, environment by environment.
    """
    from mzaudit.errors import InputError
    from mzaudit.policy.loader.diagnostics import spelled
    from mzaudit.policy.models import EnvironmentSpec, PlaceSpec
    from mzaudit.policy.rule_vocabulary import Vocabulary
    from mzaudit.policy.semantics import contradictions
    from mzaudit.policy.spec_values import group_of
    from mzaudit.snapshot.text.secret_members import is_secret_member

    words = Vocabulary((), (), is_secret_member, lambda *_: (), lambda *_: False)

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
    policy = loaded.policy.model_copy(update=changed)
    plain = policy.model_copy(update={"parity": (), "rules": {}})  # what they say of environments is not asked here
    for steps, expected, found in contradictions(plain, words):
        raise InputError(
            f"{loaded.where(*steps)}: {spelled(steps)}: in an estate of so many environments expected {expected}, found"
            f" {found}"
        )
    return replace(loaded, policy=policy)
