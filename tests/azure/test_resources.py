"""Resources of any type, read through the real SDK: what is asked, what is kept, and every odd answer a named gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from mzaudit.azure import Scope
from mzaudit.azure.scope import BodyScope
from mzaudit.cli.resolve import load_policy
from mzaudit.drill.simulated_estates import build
from mzaudit.simulator import Alter, Fault, Html, StatusFault, serve
from mzaudit.simulator.estates.simulated_estate import Estate, canary
from mzaudit.simulator.fault_injection import Action, Recode
from mzaudit.simulator.http_messages import Json
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.resources import FactKind, ResourceFact
from mzaudit.snapshot.saved import store
from tests.azure.estates import Names, take

KIND = "Microsoft.Cache/redis"
CACHE = r"GET /subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Cache/redis/redis-prd$"
PROVIDER = r"GET /subscriptions/[^/]+/providers/Microsoft\.Cache$"
X = "properties.x"


def cache(names: Names) -> str:
    return f"{names.group}/providers/{KIND}/redis-prd"


def seen(
    body: Json | None = None,
    faults: Sequence[Fault] = (),
    *,
    expressions: tuple[str, ...] = (X,),
    version: str = "",
    change: Callable[[Estate], object] = lambda estate: None,
    resource: Callable[[Names], str] = cache,
) -> tuple[Snapshot, str, list[str]]:
    """What a run sees of a cache with that body beside the usual members; its id; the requests of Resource Manager."""
    estate = build("compliant", load_policy(None, shipped=True))
    names = Names(estate.subscriptions[0])
    estate.know(KIND)
    if body is not None:
        whole = {"id": cache(names), "name": "redis-prd", "type": KIND, "location": "West Europe", "properties": {}}
        estate.add(whole | body)
    change(estate)
    with serve(estate, faults) as sim:
        scope = Scope({"prd": estate.subscriptions[0]}, bodies=(BodyScope(resource(names), version, expressions),))
        found = take(sim, scope=scope)
        asked = [
            f"{one.method} {one.path}" for one in sim.requests if "/providers/Microsoft.Authorization/" not in one.path
        ]
    return found, resource(names), asked


def test_a_resource_costs_one_read_and_its_provider_one() -> None:
    found, id_, asked = seen({"properties": {"x": "1.2", "y": "2"}})
    held = found.resource(id_)
    assert isinstance(held, Observed)
    assert held.value is not None
    assert held.value.api_version == "2024-11-01", "the newest stable one, though a preview is newer"
    assert held.value.facts == {X: ResourceFact(FactKind.VALUE, "1.2")}, "nothing that was not asked for"
    assert sum("Microsoft.Cache" in one for one in asked) == 2


def test_a_given_version_asks_no_provider() -> None:
    found, id_, asked = seen({"properties": {"x": 1}}, version="2023-08-01")
    assert found.fact(id_, X) == Observed(ResourceFact(FactKind.VALUE, 1))
    assert [one for one in asked if one.endswith("/providers/Microsoft.Cache")] == []


def test_a_version_that_is_refused_is_the_policys_to_correct() -> None:
    found, id_, _ = seen({"properties": {"x": 1}}, version="1999-01-01")
    gap = found.resource(id_)
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.UNDECIDED
    assert "1999-01-01, which the policy gives: correct its api_version" in gap.detail


def test_a_404_is_a_fact() -> None:
    found, id_, _ = seen()
    assert found.resource(id_) == Observed(None)
    assert found.fact(id_, X) == Observed(None)


@pytest.mark.parametrize("at", ["group", "cloud_vault"])
def test_a_missing_lock_is_a_fact(at: str) -> None:
    found, id_, _ = seen(
        change=lambda estate: estate.know("Microsoft.Authorization/locks"),
        resource=lambda names: f"{getattr(names, at)}/providers/Microsoft.Authorization/locks/keep",
    )
    assert found.resource(id_) == Observed(None)
    assert [read.outcome for read in found.reads if read.call.endswith("/locks/keep")] == ["absent"]


def test_an_expression_that_was_not_asked_is_not_collected() -> None:
    found, id_, _ = seen({"properties": {"x": 1, "y": 2}})
    fact = found.fact(id_, "properties.y")
    assert isinstance(fact, Gap)
    assert fact.reason is GapReason.NOT_COLLECTED


def nan(body: bytes) -> bytes:
    return body.replace(b'"x": 1', b'"x": NaN').replace(b'"x":1', b'"x":NaN')


ODD: dict[str, tuple[str, Action, GapReason, str]] = {
    "refused": (CACHE, StatusFault(403), GapReason.FORBIDDEN, ""),
    "a version that is refused": (
        CACHE,
        StatusFault(400, {"error": {"code": "NoRegisteredProviderFound", "message": "no"}}),
        GapReason.UNDECIDED,
        "NoRegisteredProviderFound: the provider does not offer Microsoft.Cache/redis there in api-version 2024-11-01",
    ),
    "a type that the cloud lacks": (
        CACHE,
        StatusFault(404, {"error": {"code": "InvalidResourceType", "message": "no"}}),
        GapReason.UNDECIDED,
        "InvalidResourceType: the provider does not offer",
    ),
    "a word that App Service alone uses": (
        CACHE,
        StatusFault(404, {"error": {"code": "NotFound", "message": "no"}}),
        GapReason.MALFORMED,
        "NotFound",
    ),
    "a page of a proxy": (CACHE, Html(404), GapReason.MALFORMED, ""),
    "no provider of that name": (
        PROVIDER,
        StatusFault(404, {"error": {"code": "InvalidResourceNamespace", "message": "no"}}),
        GapReason.UNDECIDED,
        "no provider Microsoft.Cache",
    ),
    "a provider that tells of no such type": (
        PROVIDER,
        Alter(lambda body: body | {"resourceTypes": []}),
        GapReason.UNDECIDED,
        "announces no type Microsoft.Cache/redis",
    ),
    "a provider without versions": (
        PROVIDER,
        Alter(lambda body: body | {"resourceTypes": [{"resourceType": "redis", "apiVersions": None}]}),
        GapReason.UNDECIDED,
        "announces no type",
    ),
    "a provider that is not to be read": (PROVIDER, StatusFault(403), GapReason.FORBIDDEN, ""),
    "a provider that tells nonsense": (PROVIDER, Alter(lambda body: {"a": 1}), GapReason.MALFORMED, ""),
    "another resource's body": (
        CACHE,
        Alter(lambda body: body | {"id": str(body["id"]).replace("redis-prd", "redis-dev"), "name": "redis-dev"}),
        GapReason.MALFORMED,
        "another resource",
    ),
    "a number that is none": (CACHE, Recode(nan), GapReason.MALFORMED, ""),
    "a body of 20 MB": (
        CACHE,
        Alter(lambda body: body | {"more": "x" * 20_000_000}),
        GapReason.MALFORMED,
        "",
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_answer_is_a_named_gap(case: str) -> None:
    match, action, reason, words = ODD[case]
    found, id_, _ = seen({"properties": {"x": 1}}, [Fault(match, action)])
    gap = found.fact(id_, X)
    assert isinstance(gap, Gap)
    assert gap.reason is reason, gap
    assert words in gap.detail
    assert gap.permission.endswith("/read")


def test_a_provider_that_is_not_registered_is_a_named_gap() -> None:
    found, id_, _ = seen({}, change=lambda estate: estate.unregistered.add("microsoft.cache"))
    gap = found.resource(id_)
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.NOT_REGISTERED


def test_two_megabytes_are_read() -> None:
    rules = [{"name": f"rule {number}", "start": "10.0.0.0", "end": "10.0.0.255"} for number in range(30_000)]
    found, id_, _ = seen({"properties": {"rules": rules}}, expressions=("length(properties.rules)",))
    assert found.fact(id_, "length(properties.rules)") == Observed(ResourceFact(FactKind.VALUE, 30_000))


def test_a_collection_is_asked_as_a_whole() -> None:
    expression = "length(value)"
    found, id_, _ = seen(
        expressions=(expression,),
        resource=lambda names: f"{names.cloud_vault}/providers/Microsoft.Insights/diagnosticSettings",
    )
    assert found.fact(id_, expression) == Observed(ResourceFact(FactKind.VALUE, 0))


def test_a_collection_with_further_pages_decides_nothing() -> None:
    more = Alter(lambda body: body | {"nextLink": "https://management.azure.com/next"})
    found, id_, _ = seen(
        faults=[Fault("diagnosticSettings$", more)],
        expressions=("length(value)",),
        resource=lambda names: f"{names.cloud_vault}/providers/Microsoft.Insights/diagnosticSettings",
    )
    gap = found.fact(id_, "length(value)")
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.PARTIAL


SECRETS: dict[str, Json] = {
    "by its name": {"primaryKey": "SECRET"},
    "by its ending": {"adminLoginPassword": "SECRET"},
    "of a secure type": {
        "parameters": {"admin": {"type": "SecureString", "value": "SECRET", "defaultValue": "SECRET"}}
    },
    "beside a name": {"env": [{"name": "TOKEN", "value": "SECRET"}]},
    "by its shape": {"x": "Endpoint=sb://a.example/;SharedAccessKey=SECRET"},
    "in a list": {"x": ["AccountKey=SECRET"]},
    "in a query": {"x": "https://a.example/hook?code=SECRET"},
    "in a login": {"x": "https://user:SECRET@a.example/"},
    "as a member's name": {"x": {"AccountKey=SECRET;": 1}},
}
PROBES = (
    *("properties.parameters.admin.value", "properties.parameters.admin.defaultValue", "properties.parameters.*.value"),
    *("@", "properties", "properties.x", "properties.*", "properties.x[0]", "properties.primaryKey", "properties.env"),
    *("properties.adminLoginPassword", "properties.env[].value", "properties.env[0].value | [0]", "keys(properties.x)"),
    *("to_string(properties)", "to_string(properties.x)", "length(properties.primaryKey)", "sort(properties.x)"),
    *(
        "properties.primaryKey || 'none'",
        "contains(properties.x, 'cnry')",
        "starts_with(properties.primaryKey, 'cnry')",
    ),
    *("properties.env[?starts_with(value, 'cnry')].name | [0]", "max(properties.*)", "not_null(properties.x, 'none')"),
    *("properties.env[?value=='cnry'].name", "reverse(properties.x)", "values(properties)", "to_number(properties.x)"),
)


@pytest.mark.parametrize("case", SECRETS)
def test_no_expression_brings_a_secret_out(case: str) -> None:
    secret = canary(case.replace(" ", "-"))

    def planted(node: object) -> object:
        match node:
            case str():
                return node.replace("SECRET", secret)
            case dict():
                return {planted(name): planted(value) for name, value in node.items()}
            case list():
                return [planted(each) for each in node]
            case _:
                return node

    found, id_, _ = seen({"properties": planted(SECRETS[case])}, expressions=PROBES)
    assert isinstance(found.resource(id_), Observed)
    text = store.dump(found)
    assert secret not in text
    assert secret[:12] not in text.replace("'cnry", ""), "nor a part of it"
    # whoever guesses learns nothing: no comparison with a secret is answered
    for probe in ("contains(properties.x, 'cnry')", "starts_with(properties.primaryKey, 'cnry')"):
        fact = found.fact(id_, probe)
        assert not (isinstance(fact, Observed) and fact.value is not None and fact.value.value is True)


def test_two_hundred_resources_cost_two_hundred_reads_and_one_of_their_provider() -> None:
    estate = build("compliant", load_policy(None, shipped=True))
    names = Names(estate.subscriptions[0])
    estate.know(KIND)
    ids = [f"{names.group}/providers/{KIND}/redis-{number}" for number in range(200)]
    for id_ in ids:
        estate.add({"id": id_, "name": id_.rpartition("/")[2], "type": KIND, "properties": {"x": 1}})
    with serve(estate) as sim:
        bodies = tuple(BodyScope(id_, expressions=(X, "name")) for id_ in ids)
        found = take(sim, scope=Scope({"prd": estate.subscriptions[0]}, bodies=bodies))
        asked = [one for one in sim.requests if "/providers/Microsoft.Cache" in one.path]
    assert len(asked) == 201
    assert all(found.fact(id_, X) == Observed(ResourceFact(FactKind.VALUE, 1)) for id_ in ids)
