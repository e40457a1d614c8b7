"""`mzaudit adopt`: a policy drafted for an estate that is there already."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit.cli import collection
from mzaudit.cli import deadline as deadlines
from mzaudit.cli.deadline import Deadline

if TYPE_CHECKING:
    from mzaudit.engine.adoption_matching import Inventory, NameMatch
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.policy.models import Policy
    from mzaudit.snapshot.estate import Snapshot

EPILOG = """\b
Examples:
  mzaudit adopt --env prd --subscription 00000000-0000-0000-0000-000000000000 > draft.yaml
  mzaudit adopt --env prd --snapshot snapshot.json > draft.yaml
  mzaudit adopt --env prd --simulate drifted
  mzaudit policy validate draft.yaml

\b
Exit codes:
   0  the draft is printed, and all that it rests on was read
   2  usage, configuration or policy is wrong
   3  the draft is printed, but something could not be read: it says what
   4  no token for Azure Resource Manager could be had, or an internal error
"""


@click.command(epilog=EPILOG, short_help="Draft a policy for an estate that is there already.")
@click.option("--env", required=True, metavar="ENV", help="The environment to adopt.")
@click.option("--policy", type=click.Path(path_type=Path), help="The policy to start from.  [default: the shipped one]")
@click.option("--subscription", metavar="ID", help="Subscription; else MZAUDIT_SUBSCRIPTION_ID, else the policy's.")
@click.option("--snapshot", type=click.Path(path_type=Path), help="Draft from a saved snapshot; knows only its names.")
@click.option(
    "--simulate", type=click.Choice(collection.ESTATES), help="Draft from a simulated estate on this machine."
)
@click.option("--no-secret-values", is_flag=True, help="Read no secret value; what rests on one is not seen.")
@deadlines.option("What was not read by then is not seen.")
@click.option("--debug", is_flag=True, help="Log requests (never bodies) and show tracebacks.")
def command(
    env: str,
    policy: Path | None,
    subscription: str | None,
    snapshot: Path | None,
    simulate: str | None,
    no_secret_values: bool,
    deadline: Deadline,
    debug: bool,
) -> int:
    """Look for what the document names in an existing subscription, and print a policy for a person to review: the
    names bound to what is there, what matches the document, what differs, and what could not be seen, as comments. A
    name that was guessed is marked REVIEW. The draft passes `mzaudit policy validate`; it changes nothing in Azure."""
    from mzaudit.cli.load_files import read_snapshot, subscriptions_of
    from mzaudit.cli.resolve import bind_policy, environment_names, load_policy, require_known, subscriptions
    from mzaudit.engine.adoption_matching import inventory_of
    from mzaudit.policy.bind import subscription_of
    from mzaudit.policy.shipped_policy import shipped

    deadline.begin("reading the files")
    (env,) = environment_names((env,))
    if snapshot is not None and simulate is not None:
        raise click.UsageError("--snapshot and --simulate exclude each other")
    loaded = load_policy(policy or shipped(), shipped=True)
    require_known(loaded, (env,))
    if snapshot is not None:
        seen = read_snapshot(snapshot)
        given = subscriptions_of(seen, snapshot, loaded, (env,))[env]
        return drafted(loaded, env, given, inventory_of(seen), seen, f"the snapshot {snapshot}, which holds no more")
    with collection.simulated(simulate, loaded) as simulator:
        chosen = simulator.subscription_id if simulator is not None else subscription
        given = subscriptions(loaded, chosen, (env,))[env]
        tenant = loaded.policy.environments[env].tenant
        places = {subscription_of(place, env) for place in loaded.policy.places.values()}
        deadline.begin("reading Azure")
        there = collection.list_all(
            tenant,
            {given, *(place for place in places if place is not None)},
            simulator,
            timeout=deadline.left,
            debug=debug,
        )
        names, _ = adopted(loaded.policy, env, given, there)
        wanted = bind_policy(_loaded(names), (env,), {env: given})
        seen = collection.collect_state(
            wanted, simulator, timeout=deadline.left, values=not no_secret_values, debug=debug
        )
        deadline.begin("judging and writing")
        return drafted(loaded, env, given, there, seen, f"the subscription {given}")


def adopted(policy: Policy, env: str, subscription: str, there: Inventory) -> tuple[Policy, tuple[NameMatch, ...]]:
    """The policy of that environment alone, with the names that were found, and how each was."""
    from mzaudit.engine.adoption_matching import bind_names, groups_of
    from mzaudit.policy.bind import filled, group_of
    from mzaudit.policy.models import Policy
    from mzaudit.policy.narrow import narrowed

    bound = bind_names(policy, env, there)
    tree = narrowed(policy, env)
    for one in bound:
        parent = functools.reduce(lambda node, step: node[step], one.path[:-1], tree)
        parent[one.path[-1]] = one.template
    for key, place in policy.places.items():
        counts, group = groups_of(bound, key), filled(group_of(place), env)
        if counts and "{" not in group and group.casefold() not in {each.casefold() for each in counts}:
            found, written = counts.most_common(1)[0][0], tree["places"][key]
            tree["places"][key] = written | {"group": found} if isinstance(written, dict) else found
    tree["environments"][env]["subscription"] = subscription
    return Policy.model_validate_json(json.dumps(tree)), bound


def drafted(loaded: Loaded, env: str, subscription: str, there: Inventory, seen: Snapshot, source: str) -> int:
    """Judge what was seen by the draft, print the draft with what that showed, and say whether anything was unseen."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.evaluation import judge
    from mzaudit.cli.resolve import bind_policy
    from mzaudit.engine.adoption_matching import beyond
    from mzaudit.engine.gate import partly_unseen
    from mzaudit.policy.bind import filled, group_of
    from mzaudit.policy.enums import counted
    from mzaudit.policy.models import Severity
    from mzaudit.report import policy_draft
    from mzaudit.report.gap_advice import short
    from mzaudit.report.summary import moment

    names, found = adopted(loaded.policy, env, subscription, there)
    held = _loaded(names)
    wanted = bind_policy(held, (env,), {env: subscription})
    report = judge(held, wanted, seen, fail_on=Severity.LOW)
    comments = policy_draft.bindings(found, env)
    for key, place in loaded.policy.places.items():
        written, drawn = (filled(group_of(one), env) for one in (place, names.places[key]))
        if drawn != written:
            comments[("places", key)] = [f"REVIEW: most of what was found is here; the document says {written}"]
    for vault in wanted.environments[env].vaults:
        documented = {secret.stored.casefold() for secret in vault.secrets}
        stored = (item.name for item in seen.vault(vault.id).secrets.items)
        extra = [name for name in stored if name.casefold() not in documented]
        if extra:
            comments[("vaults", vault.key, "secrets")] = [f"also stored there, not documented: {', '.join(extra)}"]
    unseen = [listing.gap for listing in there.values() if listing.gap is not None]
    head = (
        "yaml-language-server: $schema=policy.schema.json",
        f"Drafted by mzaudit adopt from {source}, read {moment(seen.taken)}"
        + (" (SIMULATED)." if "simulated" in seen.source else "."),
        "Nobody has reviewed it yet: look at every line marked REVIEW, and decide of each difference whether the",
        "estate is to change or the document. Then take this head away.",
        f"{counted(report.summary.passed, 'finding')} {'is' if report.summary.passed == 1 else 'are'} as documented.",
        *policy_draft.differences(report.findings),
    )
    rest = beyond(found, there)
    tail = (
        ("Also in the subscription, and no part of this policy:", *(f"  {short(each)}" for each in rest))
        if rest
        else ()
    )
    output.show(policy_draft.text(names, head, comments, tail))
    incomplete = bool(unseen) or any(map(partly_unseen, report.findings))
    return exit_codes.INCOMPLETE if incomplete else exit_codes.PASSED


def _loaded(policy: Policy) -> Loaded:
    """The draft as every command loads a policy: what is printed is known to be valid, and its lines are its own."""
    from mzaudit.policy.loader.load import load
    from mzaudit.report import policy_draft
    from mzaudit.rules import vocabulary

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.yaml"
        path.write_text(policy_draft.text(policy, (), {}, ()), encoding="utf-8")
        return load(path, vocabulary(), "draft.yaml")
