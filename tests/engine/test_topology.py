"""The picture: what is drawn, and that its marks say no more than the findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mzaudit import rules
from mzaudit.diagram.element_status import agrees, marked
from mzaudit.diagram.topology import topology
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Arrow, ElementStatus, Finding, Node, NodeKind, Status, SubjectName, Topology
from mzaudit.engine.verdict import Evidence
from mzaudit.policy.desired import DesiredAccess, DesiredIdentity, DesiredPrincipal
from mzaudit.policy.models import Severity
from mzaudit.policy.resources.expected_body import ExpectedBody
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed
from mzaudit.snapshot.web import Identity
from tests.bent_estates import ESTATES
from tests.blindfold import blind, one_less
from tests.built_estate import (
    ACR_PULL,
    BLOB_READER,
    SECRETS_USER,
    Bend,
    account_facets,
    bent,
    client,
    component,
    database,
    entra_user,
    gap,
    granted,
    plan,
    principal,
    registry,
    revoked,
    server,
    service,
    setting,
    signs_in,
    site,
    site_config,
    site_properties,
    vault,
    vault_facets,
    wanted,
)
from tests.written import reference_to

RULES = rules.load()
PRD = wanted().environments["prd"]
CLOUD, MANAGE, INGEST = service("cloud"), service("manage"), service("ingest")
DB = database("cloud")
STRANGER = "57a9657a-0000-0000-0000-000000000001"
GONE: Observed[None] = Observed(None)


def judged(seen: Snapshot, *asked: str) -> tuple[Topology, tuple[Finding, ...]]:
    bound = wanted(*asked)
    findings = evaluate(bound, seen, RULES)
    return topology(bound, seen, findings, RULES), findings


def parts(picture: Topology) -> dict[str, Node | Arrow]:
    """Nodes by id, arrows by their ends and label, the environment left out."""
    arrows = {f"{_short(a.source)} {a.label} {_short(a.target)}": a for a in picture.arrows}
    return {_short(node.id): node for node in picture.nodes} | arrows


def _short(node_id: str) -> str:
    return node_id.partition("/")[2]


def test_the_documented_estate() -> None:
    picture, findings = judged(bent())
    marks = {name: part.mark for name, part in parts(picture).items()}
    decided = {finding.fingerprint for finding in findings}
    undecided = {name for name, part in parts(picture).items() if not decided & set(part.findings)}
    assert {name for name, mark in marks.items() if mark is not ElementStatus.PASSED} == undecided
    assert [name for name in marks if "cloud" in name] == [
        "vault/kv-mz-cloud-prd",
        "database/db-monozu-cloud-prd",
        "app/app-monozu-cloud-prd",
        "identity/app-monozu-cloud-prd",
        "app/app-monozu-cloud-prd runs on plan/asp-monozu-prd",
        "app/app-monozu-cloud-prd has identity/app-monozu-cloud-prd",
        "app/app-monozu-cloud-prd pulls its image from registry/acrmonozu",
        "identity/app-monozu-cloud-prd reads secrets of vault/kv-mz-cloud-prd",
        "identity/app-monozu-cloud-prd uses database/db-monozu-cloud-prd",
        "identity/app-monozu-cloud-prd reads blobs/stmonozuprd/snaps",
        "app/app-monozu-cloud-prd exports to telemetry/appi-monozu-prd",
        "identity/app-monozu-ingest-prd uses database/db-monozu-cloud-prd",
    ]
    assert {node.within for node in picture.nodes if node.kind is NodeKind.DATABASE} == {"prd/server/sql-monozu-prd"}


CASES: dict[str, tuple[tuple[Bend, ...], str, ElementStatus, str]] = {
    "an app is gone": ((site(CLOUD, properties=GONE),), "app/app-monozu-cloud-prd", ElementStatus.MISSING, "APP-001"),
    "so is its identity": ((site(CLOUD, properties=GONE),), "identity/app-monozu-cloud-prd", ElementStatus.MISSING, ""),
    "and what it reaches": (
        (site(CLOUD, properties=GONE),),
        "identity/app-monozu-cloud-prd uses database/db-monozu-cloud-prd",
        ElementStatus.MISSING,
        "",
    ),
    "no identity": (
        (site_properties(MANAGE, identity=Identity((), None, None)),),
        "identity/app-monozu-manage-prd",
        ElementStatus.MISSING,
        "APP-005",
    ),
    "another identity resolves the references": (
        (
            site_properties(MANAGE, key_vault_reference_identity="/subscriptions/x/identities/y"),
            site_config(MANAGE, key_vault_reference_identity="/subscriptions/x/identities/y"),
        ),
        "identity/app-monozu-manage-prd",
        ElementStatus.VIOLATED,
        "APP-005",
    ),
    "a vault is gone": (
        (vault_facets(vault("cloud"), properties=GONE),),
        "vault/kv-mz-cloud-prd",
        ElementStatus.MISSING,
        "KV-001",
    ),
    "a vault was not seen": (
        (vault_facets(vault("cloud"), properties=gap()),),
        "vault/kv-mz-cloud-prd",
        ElementStatus.NOT_SEEN,
        "KV-001",
    ),
    "the registry is gone": (
        (registry(CLOUD, properties=GONE),),
        "registry/acrmonozu",
        ElementStatus.MISSING,
        "IMG-001",
    ),
    "the account of the blobs is gone": (
        (account_facets(properties=GONE),),
        "blobs/stmonozuprd/snaps",
        ElementStatus.MISSING,
        "BLOB-001",
    ),
    "the component is gone": (
        (component(properties=GONE),),
        "telemetry/appi-monozu-prd",
        ElementStatus.MISSING,
        "OBS-001",
    ),
    "the server is gone": (
        (server(exists=Observed(False)),),
        "server/sql-monozu-prd",
        ElementStatus.MISSING,
        "SQL-001",
    ),
    "and its databases": (
        (server(exists=Observed(False)),),
        "database/db-monozu-manage-prd",
        ElementStatus.MISSING,
        "SQL-001",
    ),
    "the plan is too small": ((plan(CLOUD, "B1"),), "plan/asp-monozu-prd", ElementStatus.VIOLATED, "APP-003"),
    "the plan was not seen": (
        (site(INGEST, properties=gap()),),
        "plan/plan of app-monozu-ingest-prd",
        ElementStatus.NOT_SEEN,
        "APP-003",
    ),
    "nor that of an app that is gone": (
        (site(INGEST, properties=GONE),),
        "plan/plan of app-monozu-ingest-prd",
        ElementStatus.NOT_SEEN,
        "APP-003",
    ),
    "no role on the vault": (
        (revoked(principal(CLOUD), SECRETS_USER),),
        "identity/app-monozu-cloud-prd reads secrets of vault/kv-mz-cloud-prd",
        ElementStatus.MISSING,
        "RBAC-001",
    ),
    "the role, but from above": (
        (revoked(principal(CLOUD), SECRETS_USER), granted(principal(CLOUD), SECRETS_USER, PRD.resource_group_id)),
        "identity/app-monozu-cloud-prd reads secrets of vault/kv-mz-cloud-prd",
        ElementStatus.VIOLATED,
        "RBAC-001",
    ),
    "no right to pull": (
        (revoked(principal(CLOUD), ACR_PULL),),
        "app/app-monozu-cloud-prd pulls its image from registry/acrmonozu",
        ElementStatus.MISSING,
        "IMG-007",
    ),
    "no role on the blobs": (
        (revoked(principal(CLOUD), BLOB_READER),),
        "identity/app-monozu-cloud-prd reads blobs/stmonozuprd/snaps",
        ElementStatus.MISSING,
        "RBAC-004",
    ),
    "a service reads another's vault": (
        (granted(principal(MANAGE), SECRETS_USER, vault("cloud").id),),
        "identity/app-monozu-manage-prd reaches vault/kv-mz-cloud-prd",
        ElementStatus.EXTRA,
        "RBAC-002",
    ),
    "a service of another environment does": (
        (granted(principal(service("cloud", "stg")), SECRETS_USER, vault("cloud").id),),
        "stranger/the identity of cloud of stg reaches vault/kv-mz-cloud-prd",
        ElementStatus.EXTRA,
        "RBAC-002",
    ),
    "a stranger reads a secret": (
        (granted(STRANGER, SECRETS_USER, f"{vault('cloud').id}/secrets/SECRET-KEY"),),
        f"stranger/ServicePrincipal {STRANGER} reaches vault/kv-mz-cloud-prd",
        ElementStatus.EXTRA,
        "RBAC-003",
    ),
    "a service reaches the blobs": (
        (granted(principal(INGEST), BLOB_READER, PRD.storage[0].account_id),),
        "identity/app-monozu-ingest-prd reaches blobs/stmonozuprd/snaps",
        ElementStatus.EXTRA,
        "RBAC-005",
    ),
    "a role on the registry that nobody documents": (
        (granted(principal(INGEST), BLOB_READER, PRD.registries[0].id),),
        "identity/app-monozu-ingest-prd reaches registry/acrmonozu",
        ElementStatus.EXTRA,
        "RBAC-006",
    ),
    "a service is a user of another's database": (
        (signs_in(DB, entra_user("m", client(MANAGE))),),
        "identity/app-monozu-manage-prd reaches database/db-monozu-cloud-prd",
        ElementStatus.EXTRA,
        "SQL-005",
    ),
    "a service of another environment is one": (
        (signs_in(DB, entra_user("m", client(service("cloud", "stg")))),),
        "stranger/the identity of cloud of stg reaches database/db-monozu-cloud-prd",
        ElementStatus.EXTRA,
        "SQL-005",
    ),
    "a reference to another's vault": (
        (setting(INGEST, "LEGACY", reference_to("KV-MZ-CLOUD-PRD", "LEGACY", None)),),
        "app/app-monozu-ingest-prd refers to vault/kv-mz-cloud-prd",
        ElementStatus.EXTRA,
        "SET-006",
    ),
    "a reference to a vault of elsewhere": (
        (setting(INGEST, "LEGACY", reference_to("kv-other", "LEGACY", None)),),
        "vault/kv-other",
        ElementStatus.EXTRA,
        "SET-006",
    ),
}


@pytest.mark.parametrize(("bends", "part", "mark", "rule"), CASES.values(), ids=CASES.keys())
def test_one_difference(bends: tuple[Bend, ...], part: str, mark: ElementStatus, rule: str) -> None:
    picture, findings = judged(bent(*bends))
    drawn = parts(picture)
    assert part in drawn, sorted(drawn)
    assert drawn[part].mark is mark
    prints = {f.fingerprint for f in findings if f.rule == rule}
    assert not rule or prints & set(drawn[part].findings)
    compliant = parts(judged(bent())[0])
    assert part not in compliant or compliant[part].mark is not mark


def test_a_grant_further_up_is_no_arrow_but_marks_the_identity() -> None:
    picture, _ = judged(bent(granted(principal(INGEST), ACR_PULL, PRD.resource_group_id)))
    assert [arrow for arrow in picture.arrows if arrow.mark is ElementStatus.EXTRA] == []
    assert parts(picture)["identity/app-monozu-ingest-prd"].mark is ElementStatus.VIOLATED


@pytest.mark.parametrize("name", ESTATES)
def test_every_finding_that_applies_has_its_place(name: str) -> None:
    picture, findings = judged(ESTATES[name](), "prd", "stg")
    placed = {one for node in picture.nodes for one in node.findings}
    placed |= {one for arrow in picture.arrows for one in arrow.findings}
    unplaced = {
        (f.rule, f.subject.kind)
        for f in findings
        if f.fingerprint not in placed and (f.status is not Status.NOT_APPLICABLE or f.cause)
    }
    assert unplaced <= {("ENV-001", "environment"), ("ENV-001", "allowed-difference")}


def test_a_plan_that_the_policy_does_not_ask_for_is_not_drawn() -> None:
    asks_nothing = replace(CLOUD.plans, minimum={}, refused=(), recommended=None)
    env = replace(PRD, services=tuple(replace(one, plans=asks_nothing) for one in PRD.services))
    policy = replace(wanted(), environments={**wanted().environments, "prd": env}, asked=("prd",))
    seen = bent()
    picture = topology(policy, seen, evaluate(policy, seen, RULES), RULES)
    assert not [node for node in picture.nodes if node.kind is NodeKind.PLAN]
    assert ElementStatus.NOT_SEEN not in {*(one.mark for one in picture.nodes), *(one.mark for one in picture.arrows)}


def test_an_app_without_an_identity_is_drawn_without_one() -> None:
    bare = replace(INGEST, acts_as="none", access=(), storage=(), databases=(), image=None)
    policy = wanted()
    env = replace(PRD, services=tuple(bare if one is INGEST or one.key == bare.key else one for one in PRD.services))
    policy = replace(policy, environments={**policy.environments, "prd": env}, asked=("prd",))
    seen = bent(site_properties(INGEST, identity=Identity((), None, None)))
    picture = topology(policy, seen, evaluate(policy, seen, RULES), RULES)
    drawn = {(node.kind, node.name) for node in picture.nodes}
    assert (NodeKind.APP, INGEST.app) in drawn
    assert (NodeKind.IDENTITY, INGEST.app) not in drawn
    assert (NodeKind.IDENTITY, CLOUD.app) in drawn
    assert {arrow.label for arrow in picture.arrows if arrow.source.endswith(f"/{INGEST.app}")} <= {
        "runs on",
        "exports to",
    }


OPS = DesiredIdentity("prd", "ops", "id-ops", f"{PRD.resource_group_id}/providers/x/y/id-ops", "p.yaml:1")
BUS = f"{PRD.resource_group_id}/providers/Microsoft.ServiceBus/namespaces/sb-prd"
SENDS = DesiredAccess("Sender", "bus", BUS, "p.yaml:2")
RELEASE = DesiredPrincipal(
    "0a0a0a0a-0000-4000-8000-000000000001",
    "release/pipeline",
    True,
    (DesiredAccess("AcrPush", "main", CLOUD.registry.id, "p.yaml:3"),),
)

OTHER = replace(RELEASE, object_id=STRANGER, name="release")  # the other's name begins with its own


def test_a_shared_identity_is_drawn_once_with_all_that_it_holds() -> None:
    sharing = {
        one.key: replace(one, acts_as="user", identity=OPS, access=(SENDS,), vaults=CLOUD.vaults)
        for one in (CLOUD, MANAGE)
    }
    bus = ExpectedBody("prd", "bus", BUS, BUS, "", (), True, {}, "p.yaml:4")
    part = replace(bus, key="queue", id=f"{BUS}/queues/q")
    env = replace(
        PRD,
        services=tuple(sharing.get(one.key, one) for one in PRD.services),
        expected=(bus, part),
        principals=(RELEASE, replace(RELEASE, name="reads nothing", access=()), OTHER),
    )
    policy = replace(wanted(), environments={**wanted().environments, "prd": env}, asked=("prd",))
    seen = bent()
    findings = evaluate(policy, seen, RULES)
    drawn = parts(topology(policy, seen, findings, RULES))
    assert [each for each in drawn if each.startswith(("identity/id-ops", "principal", "resource"))] == [
        "resource/sb-prd",
        "identity/id-ops",
        "principal/release/pipeline",
        "principal/release",
        "identity/id-ops reads secrets of vault/kv-mz-cloud-prd",
        "identity/id-ops uses database/db-monozu-cloud-prd",
        "identity/id-ops reads blobs/stmonozuprd/snaps",
        "identity/id-ops uses database/db-monozu-manage-prd",
        "identity/id-ops holds Sender on resource/sb-prd",
        "principal/release/pipeline holds AcrPush on registry/acrmonozu",
        "principal/release holds AcrPush on registry/acrmonozu",
    ]
    assert {f"app/{one.app} has identity/id-ops" for one in sharing.values()} <= drawn.keys()
    held = {f.fingerprint: f for f in findings}
    about = {name: {(held[one].rule, held[one].subject.name) for one in part.findings} for name, part in drawn.items()}
    both = {("RBAC-008", f"{one}/bus/Sender") for one in sharing}
    assert both <= about["identity/id-ops holds Sender on resource/sb-prd"]
    assert both <= about["identity/id-ops"]
    assert {("RES-001", "bus"), ("RES-001", "queue")} <= about["resource/sb-prd"]
    assert about["principal/release/pipeline"] == {("RBAC-009", "release/pipeline/main/AcrPush")}
    assert about["principal/release"] == {("RBAC-009", "release/main/AcrPush")}
    assert drawn["principal/release/pipeline holds AcrPush on registry/acrmonozu"].mark is ElementStatus.MISSING


@pytest.mark.parametrize("name", ESTATES)
def test_seeing_nothing_marks_nothing(name: str) -> None:
    picture, _ = judged(blind(ESTATES[name]()))
    assert {part.mark for part in parts(picture).values()} == {ElementStatus.NOT_SEEN}


BROKEN = {ElementStatus.VIOLATED, ElementStatus.MISSING}


@pytest.mark.parametrize("name", ESTATES)
def test_seeing_less_never_marks_better(name: str) -> None:
    whole = parts(judged(ESTATES[name]())[0])
    wrong = [
        f"{path}: {called} was {whole[called].mark if called in whole else 'not drawn'}, became {part.mark}"
        for path, less in list(one_less(ESTATES[name]()))[::5]
        for called, part in parts(judged(less)[0]).items()
        if part.mark is not ElementStatus.NOT_SEEN
        and not (called in whole and (whole[called].mark is part.mark or {whole[called].mark, part.mark} <= BROKEN))
    ]
    assert wrong == []


def test_what_no_rule_of_this_report_decides_is_not_seen() -> None:
    bound = wanted()
    only = tuple(f for f in evaluate(bound, bent(), RULES) if f.rule == "KV-003")
    marks = {name: part.mark for name, part in parts(topology(bound, bent(), only, RULES)).items()}
    assert {name for name, mark in marks.items() if mark is ElementStatus.PASSED} == {
        "vault/kv-mz-cloud-prd",
        "vault/kv-mz-manage-prd",
    }
    assert set(marks.values()) == {ElementStatus.PASSED, ElementStatus.NOT_SEEN}


USERS: dict[str, tuple[Status, str, ElementStatus]] = {
    "the user is there": (Status.PASS, "5d1c", ElementStatus.PASSED),
    "there is none": (Status.FAIL, "none", ElementStatus.MISSING),
    "it is a former identity's": (Status.FAIL, "5d1c", ElementStatus.VIOLATED),
    "nobody could look": (Status.INCONCLUSIVE, "none", ElementStatus.NOT_SEEN),
}


@pytest.mark.parametrize(("status", "observed", "mark"), USERS.values(), ids=USERS.keys())
def test_a_database_user_marks_its_arrow(status: Status, observed: str, mark: ElementStatus) -> None:
    bound, server = wanted(), PRD.servers[0]
    at = f"{server.id}/databases/{server.databases[0].name}"
    findings = tuple(f for f in evaluate(bound, bent(), RULES) if not f.rule.startswith("SQL-003"))
    subject = SubjectName("database-user", f"cloud/{server.databases[0].name}", at)
    evidence = (Evidence(f"{at}/users", "a user of the identity", observed),)
    user = replace(findings[0], rule="SQL-003", subject=subject, status=status, evidence=evidence, fingerprint="f" * 32)
    drawn = parts(topology(bound, bent(), (user,), RULES))
    assert drawn["identity/app-monozu-cloud-prd uses database/db-monozu-cloud-prd"].mark is mark


def _first(picture: Topology, **changes: object) -> Topology:
    return replace(picture, nodes=(replace(picture.nodes[0], **changes), *picture.nodes[1:]))  # type: ignore[arg-type] # each case changes one field


UNTRUE: dict[str, Callable[[Topology], Topology]] = {
    "a mark that does not follow": lambda picture: _first(picture, mark=ElementStatus.VIOLATED),
    "a fingerprint of no finding": lambda picture: _first(picture, findings=("0" * 32,)),
    "an arrow from nowhere": lambda picture: replace(
        picture, arrows=(replace(picture.arrows[0], source="prd/app/none"), *picture.arrows[1:])
    ),
    "an arrow into another environment": lambda picture: replace(
        picture, arrows=(replace(picture.arrows[0], env="stg"), *picture.arrows[1:])
    ),
    "findings taken away": lambda picture: _first(picture, findings=()),
}


@pytest.mark.parametrize("change", UNTRUE.values(), ids=UNTRUE.keys())
def test_a_changed_picture_is_told(change: Callable[[Topology], Topology]) -> None:
    picture, findings = judged(bent())
    assert agrees(picture, findings)
    assert not agrees(change(picture), findings)


STATUSES: dict[str, tuple[tuple[Status, ...], ElementStatus]] = {
    "all pass": ((Status.PASS, Status.PASS), ElementStatus.PASSED),
    "one fails": ((Status.PASS, Status.FAIL, Status.INCONCLUSIVE), ElementStatus.VIOLATED),
    "one is open": ((Status.PASS, Status.WAIVED, Status.INCONCLUSIVE), ElementStatus.NOT_SEEN),
    "one is waived": ((Status.PASS, Status.WAIVED), ElementStatus.WAIVED),
    "none applies": ((Status.NOT_APPLICABLE,), ElementStatus.NOT_SEEN),
    "one does not apply": ((Status.PASS, Status.NOT_APPLICABLE), ElementStatus.PASSED),
    "nothing": ((), ElementStatus.NOT_SEEN),
}


@pytest.mark.parametrize(("statuses", "mark"), STATUSES.values(), ids=STATUSES.keys())
def test_marks_follow_from_statuses(statuses: tuple[Status, ...], mark: ElementStatus) -> None:
    _, findings = judged(bent())
    some = tuple(replace(f, status=status, cause=None) for f, status in zip(findings, statuses, strict=False))
    node = Node("n", "prd", NodeKind.APP, "n", "x", "", ElementStatus.NOT_SEEN, tuple(f.fingerprint for f in some))
    assert marked(Topology((node,)), some).nodes[0].mark is mark


def test_a_cause_decides_for_what_follows_from_it() -> None:
    _, findings = judged(bent())
    cause = replace(findings[0], status=Status.WAIVED, severity=Severity.LOW)
    follower = replace(findings[1], status=Status.NOT_APPLICABLE, cause=cause.as_cause)
    node = Node("n", "prd", NodeKind.APP, "n", "x", "", ElementStatus.NOT_SEEN, (follower.fingerprint,))
    assert marked(Topology((node,)), (cause, follower)).nodes[0].mark is ElementStatus.WAIVED
    assert marked(Topology((node,)), (follower,)).nodes[0].mark is ElementStatus.VIOLATED
