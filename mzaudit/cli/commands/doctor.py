"""`mzaudit doctor`: what the auditing identity needs, has and lacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit import exit_codes
from mzaudit.cli import options
from mzaudit.cli.collection import collect_state
from mzaudit.cli.deadline import Deadline
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.simulation import documented, simulated
from mzaudit.cli.subscriptions import subscriptions_of

if TYPE_CHECKING:
    from mzaudit.policy.loader.load import Loaded

EPILOG = """\b
Examples:
  mzaudit doctor --env prd
  mzaudit doctor --role
  mzaudit doctor --role --format bicep > roles.bicep
  mzaudit doctor --sql > users.sql
  mzaudit doctor --role reader > reader.json && az role definition create --role-definition @reader.json

\b
Exit codes:
   0  everything that is needed can be read (or --role, --sql: they are printed)
   2  usage, configuration or policy is wrong
   3  something that is needed cannot be read
   4  no token for Azure Resource Manager, or an internal error
"""

ROLES = ("all", "reader", "settings", "values")
AUDITOR = "NAME_OF_THE_AUDITING_IDENTITY"


@click.command(
    cls=options.SectionedCommand, epilog=EPILOG, short_help="Say which permissions the caller has, lacks and needs."
)
@options.environments("Environment; repeat for several.")
@options.policy()
@options.subscription
@options.simulate("Examine")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    is_flag=False,
    flag_value="all",
    help="Print the role definitions instead, all or one; asks Azure nothing.",
)
@click.option(
    "--format", "form", type=click.Choice(["json", "bicep"]), default="json", show_default=True, help="For --role."
)
@click.option(
    "--sql",
    metavar="[NAME]",
    is_flag=False,
    flag_value=AUDITOR,
    help="Print the T-SQL that makes the auditing identity (of that display name) and the services users instead; asks "
    "Azure nothing.",
)
@options.no_secret_values
@options.wake_databases
@options.timeout("What was not read by then counts as not read.")
@options.debug
def command(
    environments: tuple[str, ...],
    policy: Path | None,
    subscription: str | None,
    simulate: str | None,
    role: str | None,
    form: str,
    sql: str | None,
    no_secret_values: bool,
    wake_databases: bool,
    deadline: Deadline,
    debug: bool,
) -> int:
    """Read everything as a run would, and say for each scope which permissions the caller has and lacks, which rules
    each lack leaves undecided, what the network refuses, and the commands that grant the least that is needed."""
    from mzaudit.cli.resolve import chosen_environments, environment_names, load_policy

    deadline.begin("reading the files")
    asked = environment_names(environments)
    offline = role is not None or sql is not None
    if role is not None and sql is not None:
        raise click.UsageError("--role and --sql exclude each other")
    if sql is not None and not sql.strip():
        raise click.UsageError("--sql: expected a display name, or none at all")
    loaded = documented(load_policy(policy, shipped=simulate is not None or offline), simulate)
    if offline:
        asked = asked or tuple(loaded.policy.environments)
    if not asked:
        raise click.UsageError("Missing option '--env'.")
    asked = chosen_environments(loaded, asked)
    if sql is not None:
        return statements(loaded, asked, sql)
    if role is not None:
        return roles(loaded, asked, subscription, role, form, values=not no_secret_values)
    values = not no_secret_values
    return preflight(loaded, asked, subscription, simulate, deadline, values=values, wake=wake_databases, debug=debug)


def roles(
    loaded: Loaded, asked: tuple[str, ...], subscription: str | None, wanted: str, form: str, *, values: bool
) -> int:
    """Print the role definitions, assignable where the policy's environments need them."""
    from mzaudit.azure.required_permissions import Role
    from mzaudit.cli.resolve import bind_policy
    from mzaudit.cli.streams import show
    from mzaudit.doctor.custom_roles import as_bicep, as_json
    from mzaudit.doctor.role_grants import assignable, further, needed

    scope = scope_of(bind_policy(loaded, asked, subscriptions_of(loaded, asked, given=subscription)))
    grants = needed(scope, values=values or wanted == "values")
    drawn = {
        role: assignable(role, [each.scope for each in grants if each.role is role])
        for role in dict.fromkeys(each.role for each in grants)
        if wanted in ("all", Role(role).name.casefold())
    }
    more = further(scope)
    show(as_json(drawn, more) if form == "json" else as_bicep(drawn, more))
    return exit_codes.PASSED


def statements(loaded: Loaded, asked: tuple[str, ...], auditor: str) -> int:
    """Print the T-SQL for every database of the policy's environments."""
    from mzaudit.cli.resolve import bind_policy
    from mzaudit.cli.streams import show
    from mzaudit.doctor.sql_script import script

    anywhere = dict.fromkeys(loaded.policy.environments, "")  # no statement holds a subscription
    show(script(bind_policy(loaded, asked, anywhere), auditor))
    return exit_codes.PASSED


def preflight(
    loaded: Loaded,
    asked: tuple[str, ...],
    subscription: str | None,
    simulate: str | None,
    deadline: Deadline,
    *,
    values: bool,
    wake: bool,
    debug: bool,
) -> int:
    """Read, judge, and say what stood in the way."""
    from mzaudit.cli.evaluation import judge
    from mzaudit.cli.resolve import bind_policy
    from mzaudit.cli.streams import show
    from mzaudit.doctor.doctor_text import text
    from mzaudit.doctor.examination import examine
    from mzaudit.policy.models import Severity

    with simulated(simulate, loaded) as simulator:
        wanted = bind_policy(loaded, asked, subscriptions_of(loaded, asked, given=subscription, simulator=simulator))
        deadline.begin("reading Azure")
        seen = collect_state(wanted, simulator, timeout=deadline.left, values=values, debug=debug, wake=wake)
    deadline.begin("judging and writing")
    found = examine(seen, judge(loaded, wanted, seen, fail_on=Severity.MEDIUM).findings)
    show(text(found, seen.caller, wanted, AUDITOR))
    return exit_codes.PASSED if found.complete else exit_codes.INCOMPLETE
