"""A simulated estate in a process of its own: `python -m bench.serve ESTATE LATENCY LIMITS` prints the variables that
lead clients to it, then for each line on stdin what the services have counted since the last."""

from __future__ import annotations

import json
import sys

from mzaudit.cli.resolve import load_policy
from mzaudit.cli.simulation import documented
from mzaudit.drill.simulated_estates import build
from mzaudit.simulator import Counts, Throttle, serve

LIMITS = {
    "none": None,
    "azure": Throttle(),
    "sixth": Throttle(
        reads=(250 / 6, 25 / 6),
        writes=(200 / 6, 10 / 6),
        requests=(12_000 / 6, 12_000 / 3600 / 6),
        vault=(4000 / 6, 400 / 6),
    ),
}


def main(name: str, latency: str, limits: str) -> None:
    """Serve until stdin ends."""
    estate = build(name, documented(load_policy(None, shipped=True), name))
    estate.page_size = 100
    throttle = LIMITS[limits]
    with serve(estate, throttle=throttle, latency=float(latency)) as simulator:
        print(json.dumps(simulator.environ()), flush=True)
        before = simulator.counts
        seen = 0
        for _ in sys.stdin:
            now, requests = simulator.counts, simulator.requests
            counted = {each: getattr(now, each) - getattr(before, each) for each in Counts.__slots__}
            buckets: dict[str, int] = {}
            for request in requests[seen:]:
                parts = request.path.split("/")
                if request.host == "management.azure.com" and len(parts) > 2 and request.status != 429:
                    bucket = f"{parts[2]} {'reads' if request.method == 'GET' else 'requests'}"
                    buckets[bucket] = buckets.get(bucket, 0) + 1
            before, seen = now, len(requests)
            print(json.dumps({**counted, "floor": floor(buckets, throttle)}), flush=True)


def floor(buckets: dict[str, int], throttle: Throttle | None) -> float:
    """The seconds that the limits ask for, whoever makes these calls: the fullest bucket's."""
    if throttle is None:
        return 0.0
    limits = {"reads": throttle.reads, "requests": throttle.requests}
    return max(
        (
            max(0.0, (count - limits[name.split()[1]][0]) / limits[name.split()[1]][1])
            for name, count in buckets.items()
        ),
        default=0.0,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
