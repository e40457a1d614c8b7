"""Who changed last what fails: by which record, inside or outside a pipeline, and in words where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mzaudit import rules
from mzaudit.engine.change_attribution import asked, attribute, nameless
from mzaudit.engine.results import Attribution, Finding, Status
from mzaudit.engine.verdict import Evidence
from mzaudit.policy.models import PrincipalSpec, Severity
from mzaudit.publish.message import without_names
from mzaudit.report.details import changed
from mzaudit.snapshot.changes import Recorded, Records
from mzaudit.snapshot.observed import Gap, GapReason, Listing
from mzaudit.snapshot.text.ids import key
from tests.report.sample import finding, report

RULES = rules.load()
GROUP = "/subscriptions/s/resourceGroups/rg/providers"
SITE, VAULT = f"{GROUP}/Microsoft.Web/sites/app", f"{GROUP}/Microsoft.KeyVault/vaults/kv"
ASSIGNMENT = f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/a"
RELEASE = "00000000-0000-0000-0000-00000000000a"
PIPELINE = PrincipalSpec(object_id={"stg": "00000000-0000-0000-0000-00000000000b", "prd": RELEASE}, name="release")
OID = "00000000-0000-0000-0000-0000000000dd"
PERSON = "someone@monozu.example"
REFUSED = Gap(GapReason.FORBIDDEN, "GET log?$filter=x", "/subscriptions/s", "Microsoft.Insights/eventtypes/values/read")


def fails(rule: str, kind: str, resource: str, at: str = "", severity: Severity = Severity.HIGH) -> Finding:
    facts = (Evidence(at or resource, 1, 2),)
    made = finding(rule, "x", Status.FAIL, kind=kind, note="n", evidence=facts, severity=severity)
    return replace(made, subject=replace(made.subject, id=resource))


def record(day: int, caller: str, *ids: str, source: str = "Activity Log") -> Recorded:
    return Recorded(datetime(2026, 11, day, tzinfo=UTC), caller, ids, "x/write", source)


def told(
    one: Finding, records: Records, *, names: bool = False, known: tuple[PrincipalSpec, ...] = (PIPELINE,)
) -> Attribution:
    (found,) = attribute((one,), records, known, RULES, names=names)
    assert found.attribution is not None
    assert replace(found, attribution=None) == one
    return found.attribution


APP = fails("APP-005", "service", SITE)
SETTING = fails("SET-004", "service", SITE)
BY_PERSON, BY_PIPELINE = record(3, PERSON, PERSON, OID), record(2, RELEASE, RELEASE)
HISTORY = record(5, PERSON, PERSON, source="change history")


def log(*events: Recorded, resource: str = SITE, gap: Gap | None = None) -> dict[str, Listing[Recorded]]:
    return {key(resource): Listing(events, gap)}


CASES: dict[str, tuple[Finding, Records, tuple[object, ...]]] = {
    "by a person, outside": (
        APP,
        Records({}, log(BY_PERSON, BY_PIPELINE)),
        (3, f"a person (object id {OID})", False, "", "Activity Log", ""),
    ),
    "by a pipeline": (
        APP,
        Records({}, log(BY_PIPELINE)),
        (2, RELEASE, True, "release", "Activity Log", ""),
    ),
    "the history knows of a later one": (
        APP,
        Records({key(SITE): HISTORY}, log(BY_PERSON)),
        (5, "a person", False, "", "change history", ""),
    ),
    "the history says nothing of settings": (
        SETTING,
        Records({key(SITE): HISTORY}, log(BY_PIPELINE)),
        (2, RELEASE, True, "release", "Activity Log", "contains no app settings"),
    ),
    "by a display name": (
        APP,
        Records({}, log(record(4, "Some One", "some one", OID))),
        (4, f"a principal (object id {OID})", False, "", "Activity Log", ""),
    ),
    "by a display name without an id": (
        APP,
        Records({key(SITE): record(5, "Some One", "some one", source="change history")}, log()),
        (5, "a principal", False, "", "change history", ""),
    ),
    "by Azure itself": (
        APP,
        Records({key(SITE): record(5, "System", "system", source="change history")}, log()),
        (5, "System", False, "", "change history", ""),
    ),
    "nobody is named": (
        APP,
        Records({}, log(record(4, ""))),
        (4, "a principal that the record does not name", None, "", "Activity Log", ""),
    ),
    "there is no record": (APP, Records({}, log()), (None, "", None, "", "", "No change in the 14 days of")),
    "the log was refused": (
        APP,
        Records({}, log(gap=REFUSED)),
        (None, "", None, "", "", "Not read: forbidden: GET log (needs Microsoft.Insights/eventtypes/values/read)."),
    ),
    "the log was refused, the history was not": (
        APP,
        Records({key(SITE): HISTORY}, log(gap=REFUSED)),
        (5, "a person", False, "", "change history", "Not read: forbidden: GET log"),
    ),
    "the history was refused": (
        APP,
        Records(replace(REFUSED, permission=""), log(BY_PERSON)),
        (3, f"a person (object id {OID})", False, "", "Activity Log", "(needs the right to read the resources)"),
    ),
    "a secret": (
        fails("KV-004", "secret", f"{VAULT}/secrets/A"),
        Records({}, log(BY_PERSON, resource=VAULT)),
        (None, "", None, "", "", "Azure keeps no record of changes to secrets"),
    ),
    "the inside of a database": (
        fails("SQL-004", "service", SITE),
        Records({}, log(BY_PERSON)),
        (None, "", None, "", "", "Azure keeps no record of changes inside a database"),
    ),
    "a role assignment": (
        fails("RBAC-002", "vault", VAULT, ASSIGNMENT),
        Records({}, log(BY_PERSON, resource=ASSIGNMENT)),
        (3, f"a person (object id {OID})", False, "", "Activity Log", ""),
    ),
    "a part of a resource": (
        fails("BLOB-002", "container", f"{VAULT}/blobServices/default/containers/c"),
        Records({}, log(BY_PERSON, resource=VAULT)),
        (3, f"a person (object id {OID})", False, "", "Activity Log", ""),
    ),
    "what a group should not hold": (
        fails("RES-003", "resource-group", "/subscriptions/s/resourceGroups/rg", VAULT),
        Records({}, log(BY_PERSON, resource=VAULT)),
        (3, f"a person (object id {OID})", False, "", "Activity Log", ""),
    ),
    "one too many": (APP, Records({}, {}), (None, "", None, "", "", "Not asked: more than 50 resources fail.")),
    "no resource": (
        fails("ENV-001", "environment", "/subscriptions/s/resourceGroups/rg"),
        Records({}, {}),
        (None, "", None, "", "", "Azure keeps no record of what this is."),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_attribution(case: str) -> None:
    one, records, (day, by, inside, pipeline, source, note) = CASES[case]
    found = told(one, records)
    assert (found.at.day if found.at is not None else None) == day
    assert (found.by, found.inside, found.pipeline, found.record) == (by, inside, pipeline, source)
    assert str(note) in found.note
    assert bool(found.note) is bool(note)


def test_people_are_named_only_if_asked_for() -> None:
    records = Records({key(SITE): HISTORY}, log(BY_PERSON))
    assert PERSON not in str(told(APP, records))
    assert told(APP, records, names=True).by == PERSON


def test_without_a_known_pipeline_nobody_is_outside() -> None:
    found = told(APP, Records({}, log(BY_PERSON)), known=())
    assert (found.inside, found.note) == (None, "The policy names no pipeline.")


SECOND = f"{GROUP}/Microsoft.Sql/servers/sql/databases/db-copy"


def several() -> Finding:
    """A group that holds two resources that it should not, and more than there are rows for."""
    one = fails("RES-003", "resource-group", "/subscriptions/s/resourceGroups/rg", VAULT)
    facts = (*one.evidence, Evidence(SECOND, 1, 2), Evidence(one.subject.id, 1, "7 more"))
    return replace(one, evidence=facts)


def test_each_resource_that_a_group_should_not_hold_is_told() -> None:
    assert asked((several(),), RULES) == (VAULT, SECOND)
    records = Records({}, log(BY_PERSON, resource=VAULT) | log(resource=SECOND))
    found = told(several(), records)
    assert [(one.resource, one.at.day if one.at else None) for one in found.each] == [(VAULT, 3), (SECOND, None)]
    lines = [text for _, text in changed(replace(several(), attribution=found))]
    assert [line.partition(" ")[0] for line in lines] == ["kv", "db-copy:"]
    assert PERSON not in str(found)
    both = Records({}, log(BY_PERSON) | log(BY_PERSON, resource=SECOND))
    assert str(told(several(), both, names=True)).count(PERSON) == 1, "the other was not asked about"


def test_a_message_names_nobody_in_any_of_them() -> None:
    records = Records({}, log(BY_PERSON, resource=VAULT) | log(BY_PERSON, resource=SECOND))
    made = replace(several(), attribution=told(several(), records, names=True))
    assert str(made).count(PERSON) == 2
    assert PERSON not in str(without_names(report((made,))))


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.FAIL])
def test_only_failures_are_attributed(status: Status) -> None:
    other = replace(APP, status=status)
    assert asked((other,), RULES) == ()
    assert attribute((other,), Records({}, log(BY_PERSON)), (), RULES, names=True) == (other,)


def test_the_worst_are_asked_first_each_once_and_nothing_of_which_there_is_no_record() -> None:
    low = fails("APP-004", "service", VAULT, severity=Severity.LOW)
    secret = fails("KV-003", "secret", f"{VAULT}/secrets/A")
    assert asked((low, SETTING, APP, secret), RULES) == (SITE, VAULT)


NAMELESS = {
    "somebody@monozu.example": "a person",
    "Some One": "a principal",
    f"Some One (object id {OID})": "a principal",
    f"a person (object id {OID})": f"a person (object id {OID})",
    "a principal": "a principal",
    "a principal that the record does not name": "a principal that the record does not name",
    OID: OID,
    "System": "System",
    "": "",
}


@pytest.mark.parametrize("by", NAMELESS)
def test_a_name_is_left_out(by: str) -> None:
    assert nameless(by) == NAMELESS[by]
