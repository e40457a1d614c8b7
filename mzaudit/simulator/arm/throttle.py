"""Throttling as Azure does it: token buckets a caller, with the headers and the refusals of the services."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from mzaudit.simulator.arm import resource_manager
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, error
from mzaudit.simulator.services import entra, vault_data_plane

Bucket = tuple[float, float]
"""How many requests a full bucket holds, and how many a second come back."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits: reads and writes a subscription and caller in Resource Manager, requests a vault.

    The POSTs that list or ask are no writes: their provider counts them by itself, as `requests`. The documented
    limits are the defaults; that of `requests` is what recorded answers say is left, as if for an hour.
    """

    reads: Bucket = (250, 25)
    writes: Bucket = (200, 10)
    requests: Bucket = (12_000, 12_000 / 3600)
    vault: Bucket = (4000, 400)


_CALLERS = 66
"""Of how many callers' buckets a subscription's is: recorded answers say that 16,499 reads are left."""


def _kind(call: HttpRequest) -> str:
    if call.method in ("GET", "HEAD"):
        return "reads"
    lists = call.method == "POST" and call.path.casefold().endswith(("/list", "/microsoft.resourcegraph/resources"))
    return "requests" if lists else "writes"


def unthrottled(call: HttpRequest) -> dict[str, str]:
    """What Resource Manager says is left to a caller that is far from every limit, as recorded."""
    if call.host != resource_manager.HOST or call.bearer is None:
        return {}
    place = "subscription" if "subscriptions" in call.path.casefold().split("/")[:2] else "tenant"
    kind = _kind(call)
    if kind == "requests":
        return {f"x-ms-ratelimit-remaining-{place}-resource-requests": "11999"}
    return {f"x-ms-ratelimit-remaining-{place}-global-{kind}": "16499" if kind == "reads" else "11999"}


class Buckets:
    """The buckets of one simulator; `clock` counts seconds."""

    def __init__(self, limits: Throttle, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._held: dict[tuple[str, ...], tuple[float, float]] = {}

    def admit(self, call: HttpRequest) -> HttpResponse:
        """An answer of status 200 with the headers that say what is left, or the service's 429."""
        if call.host == resource_manager.HOST:
            return self._manager(call)
        if call.host.endswith(vault_data_plane.SUFFIX):
            return self._vault(call)
        return HttpResponse(200)

    def _manager(self, call: HttpRequest) -> HttpResponse:
        claims = entra.read(call.bearer) if call.bearer is not None else None
        if claims is None:  # turned away before anything is counted
            return HttpResponse(200)
        kind = _kind(call)
        in_subscription = len(call.segments) > 1 and call.segments[0].casefold() == "subscriptions"
        subscription = call.segments[1].casefold() if in_subscription else ""
        limit = {"reads": self._limits.reads, "writes": self._limits.writes, "requests": self._limits.requests}[kind]
        left, wait = self._take((subscription, claims.oid, kind), limit)
        if wait is None:
            place = "subscription" if in_subscription else "tenant"
            if kind == "requests":
                return HttpResponse(200, headers={f"x-ms-ratelimit-remaining-{place}-resource-requests": str(left)})
            # what is told is of the whole subscription, not of the caller's own bucket
            size, rate = limit
            whole, _ = self._take((subscription, kind), (size * _CALLERS, rate * _CALLERS))
            return HttpResponse(200, headers={f"x-ms-ratelimit-remaining-{place}-global-{kind}": str(whole)})
        text = (
            f"Number of '{kind.removesuffix('s')}' requests for subscription '{subscription}' actor '{claims.oid}' "
            f"exceeded. Please try again after '{wait}' seconds."
        )
        code = "ResourceRequestsThrottled" if kind == "requests" else "SubscriptionRequestsThrottled"
        return error(429, code, text, {"Retry-After": str(wait)})

    def _vault(self, call: HttpRequest) -> HttpResponse:
        _, wait = self._take((call.host,), self._limits.vault)
        if wait is None:
            return HttpResponse(200)
        text = "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached"
        return error(429, "Throttled", text, {"Retry-After": str(wait)})

    def _take(self, key: tuple[str, ...], limit: Bucket) -> tuple[int, int | None]:
        """What is left after taking one, and None; or zero and the whole seconds until there is one again."""
        size, rate = limit
        now = self._clock()
        held, since = self._held.get(key, (size, now))
        held = min(size, held + (now - since) * rate)
        self._held[key] = (max(held - 1, 0.0) if held >= 1 else held, now)
        if held >= 1:
            return int(held - 1), None
        return 0, max(1, math.ceil((1 - held) / rate)) if rate > 0 else 3600
