"""`mzaudit collect`: the live state as a file."""

from __future__ import annotations

from pathlib import Path

import click

from mzaudit import exit_codes
from mzaudit.cli import options
from mzaudit.cli.collection import collect_state
from mzaudit.cli.deadline import Deadline
from mzaudit.cli.previous_reports import Writing
from mzaudit.cli.simulation import documented, simulated
from mzaudit.cli.subscriptions import subscriptions_of

EPILOG = """\b
Examples:
  mzaudit collect --env prd -o snapshot.json
  mzaudit check --env prd --snapshot snapshot.json
"""


@click.command(cls=Writing, epilog=EPILOG, short_help="Read the live state into a snapshot file.")
@options.environments(required=True)
@options.policy()
@options.subscription
@options.simulate("Read")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The snapshot file (mode 0600).")
@options.no_secret_values
@options.wake_databases
@options.timeout("What was not read by then is a gap.")
@options.debug
def command(
    environments: tuple[str, ...],
    policy: Path | None,
    subscription: str | None,
    simulate: str | None,
    output: Path,
    no_secret_values: bool,
    wake_databases: bool,
    deadline: Deadline,
    debug: bool,
) -> int:
    """Read everything that the rules need, and write it to a file that holds no secret: of secrets and setting values
    only classes and equality. Exits 0 when everything was read, 3 when something could not be."""
    from mzaudit.cli.output import keep
    from mzaudit.cli.resolve import bind_policy, chosen_environments, environment_names, load_policy
    from mzaudit.cli.streams import say
    from mzaudit.policy.enums import counted
    from mzaudit.snapshot.saved.store import chunks

    deadline.begin("reading the files")
    asked = environment_names(environments)
    loaded = documented(load_policy(policy, shipped=simulate is not None), simulate)
    asked = chosen_environments(loaded, asked)
    with simulated(simulate, loaded) as simulator:
        wanted = bind_policy(loaded, asked, subscriptions_of(loaded, asked, given=subscription, simulator=simulator))
        deadline.begin("reading Azure")
        seen = collect_state(
            wanted, simulator, timeout=deadline.left, values=not no_secret_values, debug=debug, wake=wake_databases
        )
    deadline.begin("writing")
    keep(output, lambda: chunks(seen))
    unread = [read for read in seen.reads if not read.answered]
    say(f"wrote {output}: {counted(len(seen.reads), 'call')}, {len(unread):,} not answered")
    return exit_codes.INCOMPLETE if unread else exit_codes.PASSED
