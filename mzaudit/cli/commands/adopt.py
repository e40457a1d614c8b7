"""`mzaudit adopt`: a policy drafted for an estate that is there already."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit.cli import options
from mzaudit.cli.collection import collect_scope, list_all
from mzaudit.cli.deadline import Deadline
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.simulation import simulated
from mzaudit.drill import ESTATES

if TYPE_CHECKING:
    from mzaudit.adoption.estate_draft import Draft
    from mzaudit.adoption.observed_apps import Inventory, Looks
    from mzaudit.azure.scope import Scope
    from mzaudit.policy.desired import Desired
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.simulator import Simulator
    from mzaudit.snapshot.estate import Snapshot

EPILOG = """\b
Examples:
  mzaudit adopt --env prd --subscription 00000000-0000-0000-0000-000000000000 > draft.yaml
  mzaudit adopt --env prd --group rg-shop-prd --group rg-shop-data-prd > draft.yaml
  mzaudit adopt --env prd --simulate drifted
  mzaudit policy validate draft.yaml

\b
Exit codes:
   0  the draft is printed, and all that it rests on was read
   2  usage, configuration or policy is wrong, or there is nothing to draft a policy for
   3  the draft is printed, but something could not be read: it says what
   4  no token for Azure Resource Manager, or an internal error
"""
_MOST_LOOKS = 8  # each is told where to look by the draft of the one before; three are usual


@click.command(
    cls=options.SectionedCommand, epilog=EPILOG, short_help="Draft a policy for an estate that is there already."
)
@options.option(options.JUDGED, "--env", required=True, metavar="ENV", help="What the environment is to be called.")
@options.option(
    options.JUDGED,
    "--group",
    "groups",
    multiple=True,
    metavar="NAME",
    help="Resource group that is adopted.  [default: those in whose names ENV stands, else all with apps, else all]",
)
@options.option(
    options.JUDGED,
    "--subscription",
    "subscriptions",
    multiple=True,
    metavar="ID",
    help="Subscription of the apps, else MZAUDIT_SUBSCRIPTION_ID; further ones hold what they share.",
)
@options.option(
    options.JUDGED,
    "--snapshot",
    type=click.Path(path_type=Path),
    help="Draft from a saved snapshot; knows only its names.",
)
@options.option(
    options.JUDGED, "--simulate", type=click.Choice(ESTATES), help="Draft from a simulated estate on this machine."
)
@options.policy("With --simulate, whose estate.  [default: policies/]")
@options.no_secret_values
@options.timeout("What was not read by then is not seen.")
@options.debug
def command(
    env: str,
    groups: tuple[str, ...],
    subscriptions: tuple[str, ...],
    snapshot: Path | None,
    simulate: str | None,
    policy: Path | None,
    no_secret_values: bool,
    deadline: Deadline,
    debug: bool,
) -> int:
    """Find the apps in existing resource groups and what they lead to, and print a policy for a person to review:
    services, vaults, images, databases, storage, other resources and where each is. Without apps, draft what else is
    there. Every line was seen or says that it is guessed. What differs from how mzaudit wants an estate to be, and what
    could not be seen, stands in the head. The draft passes `mzaudit policy validate`; it changes nothing in Azure."""
    from mzaudit import kinds
    from mzaudit.adoption.observed_apps import inventory_of
    from mzaudit.cli.load_files import read_snapshot
    from mzaudit.cli.resolve import environment_names, load_policy
    from mzaudit.cli.subscriptions import adopted_subscriptions

    deadline.begin("reading the files")
    (env,) = environment_names((env,))
    if snapshot is not None and simulate is not None:
        raise click.UsageError("--snapshot and --simulate exclude each other")
    if policy is not None and simulate is None:
        raise click.UsageError("--policy goes with --simulate: a draft rests on no policy")
    for group in groups:
        if not kinds.GROUP_NAME.pattern.fullmatch(group):
            raise click.UsageError(f"--group {group[:90]!r}: expected {kinds.GROUP_NAME.words}")
    if snapshot is not None:
        seen = read_snapshot(snapshot)
        home = seen.environments.get(env) or next(iter(seen.environments.values()))
        look: Callable[[Scope], Snapshot] = lambda _: seen  # noqa: E731 - there is nothing more to be asked
        return _print(env, home, groups, inventory_of(seen), look, f"the snapshot {snapshot}, which holds no more")
    loaded = load_policy(policy, shipped=True) if simulate is not None else None
    with nullcontext() if loaded is None else simulated(simulate, loaded) as simulator:
        given = adopted_subscriptions(subscriptions) if simulator is None else _simulated(simulator, loaded, env)
        deadline.begin("reading Azure")
        there = list_all(None, set(given), simulator, timeout=deadline.left, debug=debug)

        def look_again(scope: Scope) -> Snapshot:
            return collect_scope(
                scope, {None}, simulator, timeout=deadline.left, values=not no_secret_values, debug=debug
            )

        return _print(env, given[0], groups, there, look_again, f"the subscription {', '.join(given)}")


def _simulated(simulator: Simulator, loaded: Loaded | None, env: str) -> tuple[str, ...]:
    """The subscriptions of a simulated estate, the environment's first."""
    from mzaudit.cli.resolve import require_known
    from mzaudit.drill.simulated_estates import subscriptions_of

    if loaded is None:
        return simulator.estate.subscriptions
    require_known(loaded, (env,))
    return tuple(dict.fromkeys((subscriptions_of(loaded.policy)[env].casefold(), *simulator.estate.subscriptions)))


def _print(
    env: str,
    subscription: str,
    groups: tuple[str, ...],
    there: Inventory,
    look: Callable[[Scope], Snapshot],
    source: str,
) -> int:
    """Print the draft with what it does not say, and say whether anything was unseen."""
    from mzaudit import exit_codes
    from mzaudit.adoption import draft_notes, draft_tree
    from mzaudit.adoption.observed_apps import Looks
    from mzaudit.cli import output
    from mzaudit.cli.evaluation import judge
    from mzaudit.engine.gate import partly_unseen
    from mzaudit.policy.models import Severity

    looks, draft, loaded, wanted = _settled(Looks(env, subscription, there, groups, ()), look, source)
    report = judge(loaded, wanted, looks.newest, fail_on=Severity.LOW)
    head = draft_notes.head(draft, looks, source, report.findings)
    output.show(draft_tree.text(draft.policy, head, draft_notes.tail(draft, there)))
    unseen = bool(draft_notes.unlisted_gaps(looks)) or any(map(partly_unseen, report.findings))
    return exit_codes.INCOMPLETE if unseen else exit_codes.PASSED


def _settled(looks: Looks, look: Callable[[Scope], Snapshot], source: str) -> tuple[Looks, Draft, Loaded, Desired]:
    """Draft, look at what the draft names, and again until the draft asks for no more: the looks and the draft of the
    last, loaded and bound. Raises `InputError` where there is nothing to draft."""
    from mzaudit import kinds
    from mzaudit.adoption.data_draft import servers_of
    from mzaudit.adoption.estate_draft import draft_estate
    from mzaudit.azure.scope import Scope, ServerScope, VaultScope
    from mzaudit.cli.resolve import bind_policy
    from mzaudit.errors import InputError

    environments = {looks.env: looks.subscription}
    apps, inventories = looks.within(kinds.SITE.type), looks.adopted_groups
    if not inventories:
        raise InputError(_nothing(looks, source))
    scope = Scope(
        environments=environments,
        sites=apps,
        vaults=() if apps else tuple(VaultScope(each) for each in looks.within(kinds.VAULT.type)),
        servers=tuple(ServerScope(each) for each in servers_of(looks)),
        resource_groups=inventories,
        inventories=inventories,
    )
    for _ in range(_MOST_LOOKS):
        looks = looks.after(look(scope))
        draft = draft_estate(looks)
        if not draft.documented:
            raise InputError(_nothing(looks, source))
        loaded = _loaded(draft)
        wanted = bind_policy(loaded, (looks.env,), environments)
        scope, before = replace(scope_of(wanted), inventories=inventories), scope
        if scope == before:
            break
    return looks, draft, loaded, wanted


def _nothing(looks: Looks, source: str) -> str:
    """Why there is no draft."""
    from mzaudit.adoption.draft_notes import unlisted_gaps
    from mzaudit.report.details import call

    where = f" in {', '.join(looks.groups)}" if looks.groups else ""
    for gap in unlisted_gaps(looks):
        return f"nothing was seen{where} to draft a policy for, but not all could be listed: {call(gap)}"
    return f"{source} holds nothing{where}: there is nothing to draft a policy for"


def _loaded(draft: Draft) -> Loaded:
    """The draft as every command loads a policy: what is printed is known to be valid, and its lines are its own."""
    from mzaudit.adoption import draft_tree
    from mzaudit.policy.loader.load import load
    from mzaudit.rules import vocabulary

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.yaml"
        path.write_text(draft_tree.text(draft.policy, (), ()), encoding="utf-8")
        return load(path, vocabulary(), "draft.yaml")
