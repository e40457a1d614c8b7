"""`mzaudit collect`: the live state as a file."""

from __future__ import annotations

from pathlib import Path

import click

from mzaudit import exit_codes
from mzaudit.cli import collection
from mzaudit.cli import deadline as deadlines
from mzaudit.cli.deadline import Deadline
from mzaudit.cli.previous_reports import Writing

EPILOG = """\b
Examples:
  mzaudit collect --env prd -o snapshot.json
  mzaudit check --env prd --snapshot snapshot.json
"""


@click.command(cls=Writing, epilog=EPILOG, short_help="Read the live state into a snapshot file.")
@click.option(
    "--env",
    "environments",
    multiple=True,
    required=True,
    metavar="ENV",
    help="Environment; repeat for several, or all.",
)
@click.option("--policy", type=click.Path(path_type=Path), help="Policy file or directory.  [default: policies/]")
@click.option("--subscription", metavar="ID", help="Subscription; else MZAUDIT_SUBSCRIPTION_ID, else the policy's.")
@click.option(
    "--simulate",
    metavar=collection.METAVAR,
    callback=collection.estate,
    shell_complete=collection.estates,
    help="Read a simulated estate on this machine.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The snapshot file (mode 0600).")
@click.option(
    "--no-secret-values", is_flag=True, help="Read no secret value; rules that need one will be inconclusive."
)
@click.option("--wake-databases", is_flag=True, help="Read paused databases too; waking them is billed.")
@deadlines.option("What was not read by then is a gap.")
@click.option("--debug", is_flag=True, help="Log requests (never bodies) and show tracebacks.")
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
    from mzaudit.snapshot.store import chunks

    deadline.begin("reading the files")
    asked = environment_names(environments)
    loaded = collection.documented(load_policy(policy, shipped=simulate is not None), simulate)
    asked = chosen_environments(loaded, asked)
    with collection.simulated(simulate, loaded) as simulator:
        wanted = bind_policy(loaded, asked, collection.subscriptions(loaded, simulator, subscription, asked))
        deadline.begin("reading Azure")
        seen = collection.collect_state(
            wanted, simulator, timeout=deadline.left, values=not no_secret_values, debug=debug, wake=wake_databases
        )
    deadline.begin("writing")
    keep(output, lambda: chunks(seen))
    unread = [read for read in seen.reads if not read.answered]
    say(f"wrote {output}: {counted(len(seen.reads), 'call')}, {len(unread):,} not answered")
    return exit_codes.INCOMPLETE if unread else exit_codes.PASSED
