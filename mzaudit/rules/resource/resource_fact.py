"""RES-002: a resource is configured as the policy expects."""

from mzaudit.engine import Evidence, Fail, Inconclusive, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import FactOfBody, each_expected_fact
from mzaudit.facts.expectations import observed, outcomes
from mzaudit.rules.resource._resource_fix import fix_of
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason
from mzaudit.snapshot.text import ids


@rule(
    "RES-002",
    title="The resource is as documented",
    severity=Severity.MEDIUM,
    over=each_expected_fact,
    guards=(Demand.BODIES,),
    requires=("RES-001",),
    follows=("APP-001", "KV-001", "BLOB-001", "IMG-001", "OBS-001", "RES-001"),
)
def resource_fact(want: FactOfBody, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Each expectation of the policy (`expect:` of a resource, of a named thing, of a type, of the baseline) holds: what
    its JMESPath expression selects from Azure's answer satisfies each of its operators. Strings are compared without
    case, except values of tags; lists in any order. Where the answer has nothing there, only `present` and `absent`
    decide, and what is expected of tags, all of which Azure returns; everything else is inconclusive, because an
    omitted property may mean a default. State the default with `not_null(PATH, DEFAULT)`.

    ## Why it matters
    Somebody relies on the documented configuration: on encryption in transit, on a network that is closed, on a size,
    on an owner's tag.

    ## Remediation
    Set the property as documented, in the template that deploys the resource, or correct the policy where the document
    has changed.

    ## References
    - https://learn.microsoft.com/azure/templates/
    - https://learn.microsoft.com/cli/azure/use-azure-cli-successfully-query
    """
    expression, thing = want.fact.expression, want.resource
    fact = need(seen.fact(thing.id, expression))
    at = f"{thing.id}: {expression}"
    if fact is None:
        return NotApplicable(f"{thing.key} does not exist.", broken_link=True)
    judged = outcomes(expression, want.fact.condition, fact, thing.sizes)
    wrong = [each for each in judged if not each.holds and not each.undecided]
    if wrong:
        body = need(seen.resource(thing.id))
        return Fail(
            tuple(Evidence(at, each.expected, observed(fact)) for each in wrong),
            f"{ids.name(thing.id)} is not as documented at {expression}.",
            "Set it as documented, in the template that deploys the resource; or correct the policy.",
            fix_of(thing.id, body.api_version if body is not None else "", expression, want.fact.condition),
        )
    if unsure := tuple(each for each in judged if each.undecided):
        call = f"GET {thing.id}"
        return Inconclusive(
            tuple(Gap(GapReason.UNDECIDED, call, at, detail=why) for why in dict.fromkeys(e.undecided for e in unsure))
        )
    return Pass(tuple(Evidence(at, each.expected, observed(fact)) for each in judged))
