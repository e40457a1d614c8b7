"""ENV-001: two environments differ only where the policy says they may."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mzaudit.engine import Evidence, Fail, Inconclusive, NotApplicable, Pass, Severity, Verdict, every, rule
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredEnvironment
from mzaudit.rules.parity._parity_commands import alike
from mzaudit.rules.parity._parity_facts import NAMES, facts, read
from mzaudit.rules.parity._parity_subjects import Comparable, Parity, each_parity
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Unobserved

if TYPE_CHECKING:
    from mzaudit.policy.models import AllowedDifference


@rule(
    "ENV-001",
    title="The environments do not differ",
    severity=Severity.MEDIUM,
    over=each_parity,
    guards=(
        Demand.NO_PASSWORDS,
        Demand.CONTAINERS,
        Demand.PLAN_MINIMUM,
        Demand.PLAN_RECOMMENDED,
        Demand.IDENTITY,
        Demand.VAULT_ROLE,
        Demand.REFERENCES,
        Demand.VAULT_ISOLATION,
        Demand.SECRETS,
        Demand.TELEMETRY,
        Demand.NO_CREDENTIALS,
        Demand.CONTAINER_ACCESS,
        Demand.ISOLATION,
        Demand.NOTHING_UNDOCUMENTED,
    ),
)
def environment_parity(want: Parity, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Where several environments are asked for (`check --env stg --env prd`), each is compared with the first of them in
    the policy's order. The facts compared are those that no other rule checks in every environment:

    | fact | of | what must be alike |
    |---|---|---|
    | `app-settings` | service | names of the settings that are not documented, and which are references |
    | `connection-strings` | service | names, types, and which are references |
    | `identity` | service | kinds of identity, and how many user-assigned ones |
    | `mounts` | service | names of mounted shares |
    | `plan` | service | the plan's SKU |
    | `roles` | service | roles of its identity beside those on what it may use, with the kind of resource of each |
    | `runtime` | service | docker, compose, site containers or a runtime stack |
    | `vault-network` | vault | public network access and default action |
    | `vault-secrets` | vault | names of secrets that are not documented |
    | `storage-keys` | environment | whether the storage accounts accept their keys |
    | `telemetry-keys` | environment | whether the component accepts its key alone |

    A difference is allowed if an entry of the policy's `parity` names the fact and both environments, with a reason.
    Where all environments of an entry were asked for, the difference must exist: an entry without one, or with a fact
    that is not in this table, fails at its own line of the policy. A resource that is missing in one of the
    environments is not compared; another rule reports it. Not applicable where one environment is asked for.

    ## Why it matters
    What was tested in one environment holds in the next only if the two are alike. An allowance that is not used hides
    the next difference.

    ## Remediation
    Align the environments, or state the difference and its reason in the policy.

    ## References
    - https://learn.microsoft.com/azure/well-architected/operational-excellence/infrastructure-as-code-design
    """
    if want.claimed is not None:
        return _occurs(want, want.claimed, seen)
    if not want.pairs:
        return NotApplicable("It is the only environment asked for, or the one that the others are compared with.")
    ((there, here),) = want.pairs
    allowed = {difference.what: difference for difference in want.allowed}
    return every(
        facts(here),
        lambda what: _judge(there, here, what, seen, allowed.get(what)),
        empty=f"It is missing in {there.env} or in {here.env}; the rule that misses it says so.",
    )


def _judge(
    there: Comparable, here: Comparable, what: str, seen: Snapshot, allowed: AllowedDifference | None
) -> Verdict:
    verdict = _compare(there, here, what, seen)
    if allowed is None or not isinstance(verdict, Fail):
        return verdict
    return Pass(tuple(replace(fact, note=f"allowed to differ: {allowed.reason}") for fact in verdict.evidence))


def _compare(there: Comparable, here: Comparable, what: str, seen: Snapshot) -> Verdict:
    before, now = read(there, what, seen), read(here, what, seen)
    if before is None or now is None:
        return NotApplicable("missing in one of the environments")
    if set(before) == set(now):
        return Pass((Evidence(_at(here, what), f"as in {there.env}", f"as in {there.env}"),))
    less, more = sorted(set(before) - set(now)), sorted(set(now) - set(before))
    only = [f"only in {env}: {', '.join(words)}" for env, words in ((there.env, less), (here.env, more)) if words]
    name = "The environment" if isinstance(here, DesiredEnvironment) else here.key
    return Fail(
        (Evidence(_at(here, what), tuple(less), tuple(more), f"what differs between {there.env} and {here.env}"),),
        f"{name}: {what} of {here.env} differ from {there.env}: {'; '.join(only)}.",
        f"Make {here.env} and {there.env} alike, or allow the difference in `{what}` in the policy with a reason.",
        alike(here, what, before, now, seen),
    )


def _occurs(want: Parity, claimed: AllowedDifference, seen: Snapshot) -> Verdict:
    gaps: list[Gap] = []
    for there, here in want.pairs:
        if claimed.what not in facts(here):
            continue
        try:
            found = _compare(there, here, claimed.what, seen)
        except Unobserved as unseen:
            gaps += unseen.gaps
            continue
        if isinstance(found, Fail):
            return Pass(found.evidence, f"The environments differ in {claimed.what}, as allowed: {claimed.reason}")
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    between = " and ".join(claimed.between)
    if claimed.what not in NAMES:
        note = f"The policy allows a difference in {claimed.what}, which is not compared."
    else:
        note = f"The policy allows {between} to differ in {claimed.what}, but they do not."
    return Fail(
        (Evidence(f"parity: {claimed.what}", f"a difference between {between}", "none"),),
        note,
        "Take the entry out of the policy's `parity`, or correct its `what`: " + ", ".join(sorted(NAMES)) + ".",
        None,
    )


def _at(thing: Comparable, what: str) -> str:
    return f"{thing.resource_group_id if isinstance(thing, DesiredEnvironment) else thing.id}: {what}"
