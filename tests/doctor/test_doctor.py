"""`mzaudit doctor`: what it says of an estate, what it advises, and how it leaves."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlglot

import mzaudit.cli
from mzaudit.azure.required_permissions import NEEDS, Role
from mzaudit.simulator import Estate, Fault, StatusFault, grant_custom_role, serve
from mzaudit.simulator.sql.contents import Contents
from tests.doctor.conftest import Outcome
from tests.doctor.nights import restrict
from tests.documented_estate import build

Call = Callable[..., Outcome]
ROOT = Path(mzaudit.cli.__file__).parents[2]
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(("estate", "code"), [("compliant", 0), ("drifted", 0), ("empty", 0), ("blind", 3)])
def test_exit_codes(estate: str, code: int, mzaudit: Call) -> None:
    outcome = mzaudit("doctor", "--env", "prd", "--simulate", estate)
    assert outcome.code == code, outcome.out + outcome.err


MISUSES: dict[str, tuple[tuple[str, ...], str]] = {
    "no environment": ((), "Missing option '--env'"),
    "an unknown environment": (("--env", "prod"), "expected one of"),
    "no subscription": (("--env", "prd"), "no subscription is known"),
    "a role that is none": (("--role", "owner"), "Invalid value"),
}


@pytest.mark.parametrize("case", MISUSES)
def test_misuse(case: str, mzaudit: Call) -> None:
    args, words = MISUSES[case]
    outcome = mzaudit("doctor", *args)
    assert outcome.code == 2
    assert words in outcome.err


def test_no_login_is_abandoned(mzaudit: Call) -> None:
    with serve(build("compliant"), faults=[Fault("POST .*/token", StatusFault(401))]) as simulator:
        assert mzaudit("doctor", "--env", "prd", to=simulator).code == 4


def commands(said: str) -> list[dict[str, str]]:
    """The options of every `az` command that was advised, with the sub-command as `az`."""
    found = []
    for line in said.splitlines():
        if line.strip().startswith("az "):
            words = shlex.split(line)
            first = next(number for number, word in enumerate(words) if word.startswith("--"))
            options = dict(zip(words[first::2], words[first + 1 :: 2], strict=True))
            found.append({"az": " ".join(words[1:first]), **options})
    return found


def obey(estate: Estate, said: str) -> None:
    """Do in the estate what the advised commands would do in Azure."""
    guids: dict[str, str] = {}
    for command in commands(said):
        match command["az"]:
            case "role definition create":
                body = json.loads(command["--role-definition"])
                assert body["AssignableScopes"]
                assert (body["NotActions"], body["NotDataActions"]) == ([], [])
                guids[body["Name"]] = grant_custom_role(estate, body["Name"], body["Actions"], body["DataActions"])
            case "role assignment create":
                assert command["--assignee-object-id"] == estate.auditor.oid
                estate.assign(estate.auditor.oid, guids[command["--role"]], command["--scope"])
            case other:
                pytest.fail(other)


def _nothing(estate: Estate) -> None:
    auditor = estate.auditor.oid
    estate.role_assignments[:] = [a for a in estate.role_assignments if a["properties"]["principalId"] != auditor]


def _no_values(estate: Estate) -> None:
    restrict(estate)
    estate.revoke(estate.auditor.oid, _guid(estate, Role.VALUES))


def _no_settings(estate: Estate) -> None:
    restrict(estate)
    estate.revoke(estate.auditor.oid, _guid(estate, Role.SETTINGS))


def _no_tags(estate: Estate) -> None:
    properties = estate.named("Microsoft.ContainerRegistry/registries", "acrmonozu")["properties"]
    properties["roleAssignmentMode"] = "AbacRepositoryPermissions"


def _group_only(estate: Estate) -> None:
    restrict(estate)
    guid = _guid(estate, Role.READER)
    for subscription in estate.subscriptions:
        estate.revoke(estate.auditor.oid, guid, f"/subscriptions/{subscription}")
        estate.assign(estate.auditor.oid, guid, f"/subscriptions/{subscription}/resourceGroups/rg-monozu-prd")


def _guid(estate: Estate, role: Role) -> str:
    return next(guid for guid, body in estate.role_definitions.items() if body["properties"]["roleName"] == role)


CURES: dict[str, tuple[Callable[[Estate], None], set[Role]]] = {
    "no role at all": (_nothing, set(Role)),
    "no right to values": (_no_values, {Role.VALUES}),
    "no right to settings": (_no_settings, {Role.SETTINGS}),
    "Reader, which ABAC registries do not honour": (_no_tags, {Role.READER}),
    "rights in one resource group only": (_group_only, {Role.READER}),
}


@pytest.mark.parametrize("case", CURES)
def test_what_it_advises_is_the_cure(case: str, mzaudit: Call) -> None:
    break_, roles = CURES[case]
    estate = build("compliant")
    break_(estate)
    with serve(estate) as simulator:
        said = mzaudit("doctor", "--env", "prd", to=simulator)
        assert said.code == 3, said.out
        assert {command["--role"] for command in commands(said.out) if "--role" in command} == roles
        obey(estate, said.out)
        # a caller without any role is not even told of the subscription: what more it needs shows once it is
        for _ in range(2):
            again = mzaudit("doctor", "--env", "prd", to=simulator)
            if again.code == 0:
                break
            obey(estate, again.out)
        assert again.code == 0, again.out
        assert commands(again.out) == []


def test_network_obstacles_stand_apart_from_rights(mzaudit: Call) -> None:
    estate = build("compliant")
    estate.vault("kv-mz-cloud-prd")["properties"]["publicNetworkAccess"] = "Disabled"
    rules = {"defaultAction": "Deny", "ipRules": [], "bypass": "AzureServices", "virtualNetworkRules": []}
    estate.vault("kv-mz-manage-prd")["properties"]["networkAcls"] = rules
    with serve(estate) as simulator:
        outcome = mzaudit("doctor", "--env", "prd", to=simulator)
    assert outcome.code == 3
    network = outcome.out.partition("network (no role helps)")[2]
    assert re.search(r"private-only \S*/vaults/kv-mz-cloud-prd", network)
    assert re.search(r"firewall \S*/vaults/kv-mz-manage-prd", network)
    assert "undecided: KV-006" in network
    assert "LACKS" not in outcome.out
    assert commands(outcome.out) == []


def test_an_unregistered_provider_is_named_and_never_registered(mzaudit: Call) -> None:
    body = {"error": {"code": "MissingSubscriptionRegistration", "message": "The subscription is not registered."}}
    with serve(build("compliant"), faults=[Fault("GET .*/Microsoft.Sql/servers", StatusFault(409, body))]) as simulator:
        outcome = mzaudit("doctor", "--env", "prd", to=simulator)
        report = json.loads(mzaudit("check", "--env", "prd", "-o", "json", to=simulator).out)
        assert [request.path for request in simulator.requests if "register" in request.path.casefold()] == []
    assert outcome.code == 3
    assert "not-registered" in outcome.out.partition("other obstacles")[2]
    undecided = {f["rule"]: f for f in report["findings"] if f["status"] == "inconclusive"}
    assert set(undecided) == {f"SQL-{number:03}" for number in range(1, 9)}
    assert {gap["reason"] for finding in undecided.values() for gap in finding["gaps"]} == {"not-registered"}
    assert "can register it" in outcome.out


def test_it_says_what_each_lack_costs(mzaudit: Call) -> None:
    estate = build("compliant")
    _no_settings(estate)
    with serve(estate) as simulator:
        lines = mzaudit("doctor", "--env", "prd", to=simulator).out.splitlines()
    at = lines.index("  LACKS Microsoft.Web/sites/config/list/action")
    assert lines[at + 1] == "    undecided: IMG-007, OBS-003, SET-001, SET-004, SET-005, SET-006"


def test_lacks_that_no_rule_names_are_listed_with_the_reason(mzaudit: Call) -> None:
    estate = build("compliant")
    _nothing(estate)
    with serve(estate) as simulator:
        lines = mzaudit("doctor", "--env", "prd", to=simulator).out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  LACKS too: "))
    assert lines[at + 1].startswith("    undecided: none for these alone; a rule names the first lack it meets")


CLOUD, MANAGE = "db-monozu-cloud-prd", "db-monozu-manage-prd"
NAME = "[NAME_OF_THE_AUDITING_IDENTITY]"
BLIND = "undecided: SQL-003, SQL-004, SQL-005, SQL-006, SQL-007, SQL-008"
DEFINITIONS = f"GRANT VIEW DEFINITION TO {NAME};"
ROWS = f"GRANT SELECT ON [dbo].[flyway_schema_history] TO {NAME};"
FIX = "fix, as `mzaudit doctor --sql` prints it; the server's Entra administrator, or a member of db_owner can:"


def _revoke(estate: Estate, *permissions: str) -> None:
    held = estate.database(CLOUD).permissions
    held[:] = [one for one in held if one.grantee != "mzaudit" or one.permission not in permissions]


def _no_history(estate: Estate) -> None:
    contents = estate.database(CLOUD)
    contents.tables.remove(contents.table("dbo.flyway_schema_history"))
    _revoke(estate, "SELECT")


INSIDE: dict[str, tuple[Callable[[Estate], None], tuple[str, ...]]] = {
    "no user": (
        lambda estate: estate.database(CLOUD).drop_user("mzaudit"),
        (
            *("LACKS CONNECT", BLIND, "not known: VIEW DEFINITION, SELECT on the migration history", FIX),
            *(f"CREATE USER {NAME} FROM EXTERNAL PROVIDER;", DEFINITIONS, ROWS),
        ),
    ),
    "no definitions": (
        lambda estate: _revoke(estate, "VIEW DEFINITION"),
        (
            "holds 2: CONNECT, SELECT on the migration history",
            *("LACKS VIEW DEFINITION", BLIND, FIX, DEFINITIONS),
        ),
    ),
    "no right to the history": (
        lambda estate: _revoke(estate, "SELECT"),
        (
            "holds 2: CONNECT, VIEW DEFINITION",
            *("LACKS SELECT on the migration history", "undecided: SQL-008", FIX, ROWS),
        ),
    ),
    "neither": (
        lambda estate: _revoke(estate, "SELECT", "VIEW DEFINITION"),
        (
            *("holds 1: CONNECT", "LACKS VIEW DEFINITION", BLIND.removesuffix(", SQL-008")),
            *("LACKS SELECT on the migration history", "undecided: SQL-008", FIX, DEFINITIONS, ROWS),
        ),
    ),
    "no history": (
        _no_history,
        ("holds 2: CONNECT, VIEW DEFINITION", "not known: SELECT on the migration history"),
    ),
}


@pytest.mark.parametrize("case", INSIDE)
def test_what_is_missing_inside_a_database_is_told_apart(case: str, mzaudit: Call) -> None:
    mutate, expected = INSIDE[case]
    estate = build("compliant")
    mutate(estate)
    with serve(estate) as simulator:
        outcome = mzaudit("doctor", "--env", "prd", to=simulator)
    said = outcome.out.partition("inside the databases (no role of Azure's helps: statements in each do)\n")[2]
    cloud, manage = said.partition("\n\n")[0].split("  /subscriptions/")[1:]
    lines = [line.strip() for line in cloud.splitlines()]
    assert (lines[0].rsplit("/", 1)[-1], tuple(lines[1:])) == (CLOUD, expected)
    whole = "holds 3: CONNECT, VIEW DEFINITION, SELECT on the migration history"
    assert [line.strip() for line in manage.splitlines()][1:] == [whole]
    assert "other obstacles (" not in outcome.out
    assert outcome.code == (0 if case == "no history" else 3)
    assert commands(outcome.out) == []
    if "GRANT" in cloud or "CREATE" in cloud:
        script = mzaudit("doctor", "--sql", "--env", "prd").out
        statements = lines[lines.index(FIX) + 1 :]
        assert all(statement in script for statement in statements)


STATEMENT = re.compile(
    r"CREATE USER \[(?P<user>[^]]+)\] FROM EXTERNAL PROVIDER;"
    r"|GRANT VIEW DEFINITION TO \[(?P<seer>[^]]+)\];"
    r"|GRANT SELECT ON \[(?P<schema>[^]]+)\]\.\[(?P<table>[^]]+)\] TO \[(?P<reader>[^]]+)\];"
    r"|ALTER ROLE \[(?P<role>[^]]+)\] ADD MEMBER \[(?P<member>[^]]+)\];"
)


GUARD = re.compile(
    r"IF LOWER\(DB_NAME\(\)\) = LOWER\(N'(?P<database>[^']+)'\)"
    r" AND LOWER\(@@SERVERNAME\) = LOWER\(N'(?P<server>[^']+)'\)\n"
    r"BEGIN\n(?P<statements>(  .+\n)+)END\n"
    r"ELSE PRINT CONCAT\(N'(?P<told>[^']+)', DB_NAME\(\), N' on ', @@SERVERNAME\);\n"
)


def run_in(
    contents: Contents, identities: dict[str, str], script: str, database: str, server: str = "sql-monozu-prd"
) -> list[str]:
    """Do in a database what the script would do there, and tell what it would print; a name that the database or Entra
    does not know raises KeyError."""
    printed = []
    for part in script.split("\n\n")[1:]:
        guard = GUARD.fullmatch(part.strip("\n").partition("\n")[2] + "\n")
        assert guard is not None, part
        if (guard["database"].casefold(), guard["server"].casefold()) != (database.casefold(), server.casefold()):
            printed.append(f"{guard['told']}{database} on {server}")
            continue
        for line in guard["statements"].splitlines():
            if not line.startswith("  --"):
                _run(contents, identities, line.strip())
    return printed


def _run(contents: Contents, identities: dict[str, str], statement: str) -> None:
    parsed = STATEMENT.fullmatch(statement.partition(" --")[0])
    assert parsed is not None, statement
    words = parsed.groupdict()
    if words["user"]:
        contents.create_user(words["user"], identities[words["user"]])
    elif words["seer"]:
        contents.grant(contents.principal(words["seer"]).name, "VIEW DEFINITION")
    elif words["reader"]:
        table = contents.table(f"{words['schema']}.{words['table']}")
        name = contents.principal(words["reader"]).name
        contents.grant(name, "SELECT", "OBJECT_OR_COLUMN", f"{table.schema}.{table.name}")
    else:
        contents.add_member(contents.principal(words["role"]).name, contents.principal(words["member"]).name)


def test_its_statements_are_the_cure(mzaudit: Call) -> None:
    """In databases without any of these users, the printed script makes everything readable and every rule pass; run as
    it is in each, its parts for another do nothing but say so."""
    estate = build("compliant")
    identities: dict[str, str] = {}
    for contents in (estate.database(CLOUD), estate.database(MANAGE)):
        for user in [one for one in contents.principals if one.name.startswith(("mzaudit", "app-"))]:
            identities[user.name] = str(uuid.UUID(bytes_le=(user.sid or b"")[:16]))
            contents.drop_user(user.name)
    script = mzaudit("doctor", "--sql", "mzaudit", "--env", "prd").out
    with serve(estate) as simulator:
        assert mzaudit("doctor", "--env", "prd", to=simulator).code == 3
        for database, other in ((CLOUD, MANAGE), (MANAGE, CLOUD)):
            assert run_in(estate.database(database), identities, script, database) == [
                f"Nothing done for {other} on sql-monozu-prd: this is {database} on sql-monozu-prd"
            ]
        again = mzaudit("doctor", "--env", "prd", to=simulator)
        report = json.loads(mzaudit("check", "--env", "prd", "-o", "json", to=simulator).out)
    assert again.code == 0, again.out
    assert [f["message"] for f in report["findings"] if f["status"] not in ("pass", "not-applicable")] == []


def test_a_part_of_the_script_is_one_statement_that_asks_where_it_runs(mzaudit: Call) -> None:
    """As a parser of T-SQL reads it: nothing is outside of the IF."""
    for part in mzaudit("doctor", "--sql", "it's ]x", "--env", "stg", "--env", "prd").out.split("\n\n")[1:]:
        (statement,) = sqlglot.parse(part, dialect="tsql")
        assert isinstance(statement, sqlglot.exp.IfBlock)
        asked = statement.this.sql("tsql")
        assert asked.startswith("LOWER(DB_NAME()) = LOWER(N'db-monozu-")
        assert " AND LOWER(@@SERVERNAME) = LOWER(N'sql-monozu-" in asked
        assert "CREATE USER" in statement.args["true"].sql("tsql")


def test_a_paused_database_is_named_and_can_be_woken(mzaudit: Call) -> None:
    estate = build("compliant")
    estate.named("Microsoft.Sql/servers/databases", CLOUD)["properties"]["status"] = "Paused"
    with serve(estate) as simulator:
        left = mzaudit("doctor", "--env", "prd", to=simulator)
        woken = mzaudit("doctor", "--env", "prd", "--wake-databases", to=simulator)
    assert left.code == 3
    others = left.out.partition("other obstacles")[2]
    assert re.search(rf"not-collected \S*/databases/{CLOUD} ", others)
    assert "run again with --wake-databases" in others
    assert woken.code == 0, woken.out


def test_values_that_nobody_wants_are_not_missed(mzaudit: Call) -> None:
    estate = build("compliant")
    _no_values(estate)
    with serve(estate) as simulator:
        outcome = mzaudit("doctor", "--env", "prd", "--no-secret-values", to=simulator)
    assert outcome.code == 0, outcome.out
    assert commands(outcome.out) == []


def test_the_definitions_hold_every_permission_once(mzaudit: Call) -> None:
    outcome = mzaudit("doctor", "--role", "--subscription", SUBSCRIPTION)
    assert outcome.code == 0
    roles = {body["Name"]: body for body in json.loads(outcome.out)}
    assert list(roles) == list(Role)
    spelled = [entry for body in roles.values() for entry in body["Actions"] + body["DataActions"]]
    assert sorted(spelled) == sorted(need.permission for need in NEEDS)
    for body in roles.values():
        assert set(body) == {
            *("Name", "IsCustom", "Description", "Actions", "NotActions", "DataActions", "NotDataActions"),
            "AssignableScopes",
        }
        assert all(scope.startswith(f"/subscriptions/{SUBSCRIPTION}") for scope in body["AssignableScopes"])
    assert roles[Role.READER]["AssignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]
    groups = {scope.rsplit("/", 1)[-1] for scope in roles[Role.SETTINGS]["AssignableScopes"]}
    assert groups == {"rg-monozu-dev", "rg-monozu-stg", "rg-monozu-prd"}


@pytest.mark.parametrize(
    ("word", "role"), [("reader", Role.READER), ("settings", Role.SETTINGS), ("values", Role.VALUES)]
)
def test_one_role_is_an_object_as_the_azure_cli_takes_it(word: str, role: Role, mzaudit: Call) -> None:
    outcome = mzaudit("doctor", "--role", word, "--env", "prd", "--subscription", SUBSCRIPTION)
    body = json.loads(outcome.out)
    assert (body["Name"], body["IsCustom"]) == (role, True)


def test_bicep_says_the_same(mzaudit: Call) -> None:
    text = mzaudit("doctor", "--role", "--format", "bicep", "--subscription", SUBSCRIPTION).out
    assert text.startswith("targetScope = 'subscription'\n")
    assert re.findall(r"^resource (\w+) '(.*)' = \{$", text, re.M) == [
        (name, "Microsoft.Authorization/roleDefinitions@2022-04-01") for name in ("reader", "settings", "values")
    ]
    assert sorted(re.findall(r"^ +'(Microsoft\..*)'$", text, re.M)) == sorted(need.permission for need in NEEDS)
    assert [text.count(bracket) for bracket in "{["] == [text.count(bracket) for bracket in "}]"]


def test_the_definitions_need_no_sdk() -> None:
    script = (
        "import sys; from mzaudit.cli import run; "
        f"code = run(['doctor', '--role', '--subscription', '{SUBSCRIPTION}']); "
        "loaded = [name for name in sys.modules if name.split('.')[0] in ('azure', 'aiohttp', 'msal')]; "
        "sys.exit(code or bool(loaded))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
