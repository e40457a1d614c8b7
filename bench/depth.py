"""`python -m bench.depth`: how long the longest chain of requests is that a look at one estate makes, by cause."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bench.watched import watched
from mzaudit.azure import collect
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.cli.sign_in import credentials_and_connection
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.drill.simulated_estates import build
from mzaudit.simulator import Waves, serve

ENV = "prd"


def main() -> None:
    """Look, and print it."""
    waves, loaded = Waves(), load_policy(None, shipped=True)
    estate = build("compliant", loaded)
    estate.page_size = 100
    with serve(estate, waves=waves) as simulator, watched(waves) as loop, asyncio.Runner(loop_factory=loop) as runner:
        login, connection = credentials_and_connection({None}, simulator, debug=False)
        runner.run(
            collect(
                scope_of(bind_policy(loaded, (ENV,), subscriptions_of(loaded, (ENV,), simulator=simulator))),
                login,
                connection,
                taken=datetime.now(UTC),
                tool_version="0",
                source="simulated",
                timeout=600,
                values=True,
            )
        )
        print(simulator.counts.depth)


if __name__ == "__main__":
    main()
