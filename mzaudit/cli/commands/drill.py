"""`mzaudit drill`: the proof of a policy."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit import __version__, exit_codes
from mzaudit.cli import options
from mzaudit.cli.collection import run_async
from mzaudit.cli.debug_log import configure_logging
from mzaudit.cli.progress import progress_line
from mzaudit.cli.read_scope import scope_of

if TYPE_CHECKING:
    from mzaudit.drill.drill_run import DrillOutcome
    from mzaudit.engine.results import Finding
    from mzaudit.engine.rule import AnyRule
    from mzaudit.policy.desired import Desired
    from mzaudit.simulator import Simulator

EPILOG = """\b
Examples:
  mzaudit drill
  mzaudit drill --env prd --only vaults.cloud
  mzaudit drill --policy policies/ --jobs 4

\b
Exit codes:
   0  every deviation was caught, and no variation raised a false alarm
   1  a deviation slipped through, or a variation raised a false alarm
   2  usage, configuration or policy is wrong: file, line, what was expected
"""
# Where a call takes no time, a further connection costs more than the wait that it saves.
_AT_ONCE = 4


@click.command(epilog=EPILOG, short_help="Prove a policy: mutate the estate it describes, and look again.")
@options.policy()
@options.environments("Environment.  [default: every production environment]")
@click.option("--only", metavar="TEXT", help="Drill only what has this text in its place or description.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Worker processes.  [default: one for each processor]")
def command(policy: Path | None, environments: tuple[str, ...], only: str | None, jobs: int | None) -> int:
    """Build the estate that the policy describes, offline, and prove that the rules guard it: every single deviation
    that can be seen has to be caught by a rule that answers for it, and no harmless variation may raise an alarm.

    Each case is an audit of its own: a whole drill of the shipped policy is about a thousand of them, and takes
    minutes; --only takes a part of it.
    """
    from mzaudit import rules
    from mzaudit.cli import output
    from mzaudit.cli.resolve import environment_names, load_policy, require_known
    from mzaudit.drill import drill_text
    from mzaudit.drill.drill_run import DrillPlan, cases_of, ground_of, run
    from mzaudit.engine.rule import guarding
    from mzaudit.errors import InputError
    from mzaudit.policy.enums import counted

    loaded = load_policy(policy, shipped=True)
    production = tuple(env for env, spec in loaded.policy.environments.items() if spec.production)
    asked = environment_names(environments) or production or tuple(loaded.policy.environments)[:1]
    require_known(loaded, asked)
    code = exit_codes.PASSED
    for env in asked:
        plan = DrillPlan(loaded, env, audit, guarding(rules.load()))
        ground = ground_of(plan)
        cases = cases_of(ground)
        numbers = [n for n, case in enumerate(cases) if only is None or only.casefold() in case.name.casefold()]
        if not numbers:
            raise InputError(f"--only {str(only)[:60]!r}: none of {counted(len(cases), 'case')} has that in its name")
        outcomes: list[DrillOutcome] = []
        with progress_line() as progress:
            for outcome in run(plan, numbers, jobs or os.cpu_count() or 1):
                outcomes.append(outcome)
                if callable(progress):
                    progress(f"{env}: {len(outcomes)} of {counted(len(numbers), 'case')}")
        output.show(drill_text.render(outcomes, env, ground.left_out))
        if drill_text.slipped(outcomes) or drill_text.false_alarms(outcomes):
            code = exit_codes.VIOLATION
    return code


def audit(
    wanted: Desired, simulator: Simulator, without: Sequence[str] = (), *, wire: bool = False
) -> tuple[Finding, ...]:
    """Collect, by the SDK's own pipelines, and judge by every rule but those `without`. The simulator answers in this
    process, and what an earlier case made of the same answer is used again; or it answers over the `wire`, which says
    the same and takes several times as long."""
    from mzaudit.azure import Connection, choose, collect
    from mzaudit.engine.evaluate import evaluate

    configure_logging(debug=False)
    environment = simulator.environ()
    connection = replace(Connection.from_environment(environment), at_once=_AT_ONCE)
    if not wire:
        connection = replace(connection, session=simulator.session, memory=simulator.memory)
    seen = run_async(
        collect(
            scope_of(wanted),
            choose(environment, connection),
            connection,
            taken=datetime.now(UTC).replace(microsecond=0),
            tool_version=__version__,
            source="simulated",
            timeout=60,
            values=True,
        )
    )
    return evaluate(wanted, seen, [rule for rule in _rules() if rule.code not in without])


@functools.cache
def _rules() -> tuple[AnyRule, ...]:
    from mzaudit import rules

    return rules.load()
