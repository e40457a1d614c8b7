"""How many calls a run will take, known before it starts, and how far it has come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from mzaudit.azure.bulk_lists import PLANS, SITES
from mzaudit.azure.client.call import Call
from mzaudit.azure.client.session import Session
from mzaudit.azure.readers.insights_reader import LISTS_OF_A_SUBSCRIPTION
from mzaudit.azure.scope import Scope
from mzaudit.snapshot.text.ids import key, segment

_OF_AN_APP = 7  # configuration, three lists of settings, references, containers, identity
_OF_A_SUBSCRIPTION = 5  # assignments, definitions, denies, schedules, the caller's own permissions
_EVERY, _OVER = 0.5, 10.0  # seconds between two looks, and over how many the rate is taken


def planned(scope: Scope, lists: Mapping[str, Call], groups: Iterable[str], *, values: bool) -> int:
    """About how many calls: what is found on the way (slots, further pages, secrets that are missing) comes on top."""

    def alone(ids: Iterable[str], kind: str) -> int:
        return sum(not _listed(each, kind, lists) for each in ids)

    whole = {key(each) for each in scope.sites}
    others = [each for each in scope.identities_of if key(each) not in whole]
    homes = {_group(each) for each in scope.sites}
    count = len({str(call) for call in lists.values()})
    count += _OF_A_SUBSCRIPTION * len({segment(each, "subscriptions") for each in groups}) + len(set(groups))
    count += _OF_AN_APP * len(scope.sites) + 2 * alone(scope.sites, SITES) + alone(others, SITES)
    count += len(scope.sites) + len(others)  # what is assigned to each identity
    count += alone((f"{each}/providers/{PLANS}/plan" for each in homes), PLANS)
    count += len(scope.vaults) + alone((each.id for each in scope.vaults), "Microsoft.KeyVault/vaults")
    count += sum(len(each.values) for each in scope.vaults) if values else 0
    count += sum(2 + 2 * len(each.repositories) for each in scope.registries)
    count += 3 * len(scope.servers) + alone((each.id for each in scope.servers), "Microsoft.Sql/servers")
    count += alone((each.id for each in scope.accounts), "Microsoft.Storage/storageAccounts")
    count += sum(len(each.containers) for each in scope.accounts)
    count += alone(scope.components, "Microsoft.Insights/components")
    watched = {segment(each, "subscriptions") for each in scope.components}
    return count + LISTS_OF_A_SUBSCRIPTION * len(watched)


async def tell(progress: Callable[[str], None], session: Session, expected: int) -> None:
    """Say now and then how many calls are done, how many a second, and how long the rest takes at that rate."""
    clock = asyncio.get_running_loop().time
    seen: deque[tuple[float, int]] = deque([(clock(), session.answered)])
    while True:
        await asyncio.sleep(_EVERY)
        now = (clock(), session.answered)
        seen.append(now)
        while now[0] - seen[0][0] > _OVER and len(seen) > 2:
            seen.popleft()
        rate = (now[1] - seen[0][1]) / (now[0] - seen[0][0])
        progress(words(session.answered, max(expected, session.answered), rate))


def words(done: int, expected: int, rate: float) -> str:
    """One line: `120 of about 900 calls, 40 a second, about 20 s left`."""
    left = f", about {_duration((expected - done) / rate)} left" if rate > 0 and done < expected else ""
    return f"{done} of about {expected} calls, {rate:.0f} a second{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _listed(resource_id: str, kind: str, lists: Mapping[str, Call]) -> bool:
    subscription = f"/subscriptions/{segment(resource_id, 'subscriptions') or ''}"
    return any(key(f"{place}/providers/{kind}") in lists for place in (_group(resource_id), subscription))


def _group(resource_id: str) -> str:
    return "/".join(resource_id.split("/")[:5])
