"""The subscription of each environment of a policy: resolved here, before anything is read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mzaudit.cli.resolve import stated
from mzaudit.errors import InputError

if TYPE_CHECKING:
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.simulator import Simulator
    from mzaudit.snapshot.estate import Snapshot

_VARIABLE = "MZAUDIT_SUBSCRIPTION_ID"
_SUBSCRIPTION = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def subscriptions_of(
    loaded: Loaded,
    asked: Sequence[str],
    *,
    given: str | None = None,
    simulator: Simulator | None = None,
    snapshot: tuple[Path, Snapshot] | None = None,
    partly: bool = False,
) -> dict[str, str]:
    """One for every environment of the policy: those that a snapshot was taken from, those of a simulated estate,
    whatever else is set, or else those of a run, for which `given` is the command line's. `partly` says that parts of
    the snapshot are missing."""
    if snapshot is not None:
        return _of_snapshot(loaded, asked, *snapshot, partly=partly)
    if simulator is None:
        return _of_run(loaded, asked, given)
    from mzaudit.drill import simulated_estates

    return simulated_estates.subscriptions_of(loaded.policy)


def adopted_subscriptions(given: Sequence[str]) -> tuple[str, ...]:
    """The subscriptions to adopt from: the flags', else the variable's; each once."""
    said = _said(given)
    if not said:
        raise InputError(f"no subscription is known to adopt from: give --subscription ID, or set {_VARIABLE}")
    return tuple(dict.fromkeys(said))


def _said(given: Sequence[str]) -> tuple[str, ...]:
    """What the flags say, else the variable, if it says anything."""
    said = tuple(given) or tuple(filter(None, (os.environ.get(_VARIABLE),)))
    for each in said:
        if not _SUBSCRIPTION.fullmatch(each):
            # a secret may have been put into the variable, and is not repeated
            whose = f"--subscription {each[:60]!r}" if given else _VARIABLE
            raise InputError(f"{whose}: expected a subscription id (a GUID)")
    return said


def _of_run(loaded: Loaded, environments: Sequence[str], given: str | None) -> dict[str, str]:
    """A subscription for every environment asked for: the flag's, else the variable's, else the policy's; one without
    uses the run's, which is that of the first environment asked for. The others stay where the policy says they are."""
    run = next(iter(_said((given,) if given else ())), None)
    written = {env: spec.subscription for env, spec in loaded.policy.environments.items()}
    first = run or next((written[env] for env in environments if written[env]), None)
    if first is None:
        raise InputError(
            f"{stated(loaded, 'environments', environments[0])}: no subscription is known for {environments[0]}: give "
            f"--subscription ID, set {_VARIABLE}, or write `subscription:` there"
        )
    return {env: (run if env in environments else None) or own or first for env, own in written.items()}


def _of_snapshot(loaded: Loaded, asked: Sequence[str], path: Path, seen: Snapshot, *, partly: bool) -> dict[str, str]:
    """Those that the snapshot was taken from; one that was not asked for uses the first's, and so, of a snapshot of
    which parts are missing, does one that they would have told."""
    for env in asked:
        if env not in seen.environments and not (partly and seen.environments):
            held = ", ".join(seen.environments) or "none"
            raise InputError(f"{path}: environments: expected {env}, found {held}: this snapshot was taken of another")
    written = {env: spec.subscription for env, spec in loaded.policy.environments.items()}
    first = next(seen.environments[env] for env in (*asked, *seen.environments) if env in seen.environments)
    return {env: seen.environments.get(env) or own or first for env, own in written.items()}
