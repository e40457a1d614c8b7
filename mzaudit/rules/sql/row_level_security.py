"""SQL-007: row-level security covers every table with tenant rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from mzaudit.engine import Aspect, Evidence, Fail, Fix, NotApplicable, Pass, Severity, Verdict, every, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.engine.tsql import ADMINISTRATOR, quoted, revoke, sqlcmd, table
from mzaudit.engine.verdict import Inconclusive
from mzaudit.policy.desired import DesiredDatabase
from mzaudit.rules.sql._database_administrator import administers, administrator_words, may_be_service
from mzaudit.rules.sql._database_subjects import GuardedDatabase, each_tenant_database
from mzaudit.rules.sql._database_users import ClientIds, clients_of, kept_out, lends, missing, reached, through
from mzaudit.snapshot.databases import DatabaseContents, DatabaseGrant, SecurityPolicy, TenantTable
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason

# Hold the right to switch a policy off, or to give it to themselves.
_ROLES = ("db_owner", "db_securityadmin")
_PERMISSIONS = ("CONTROL", "ALTER ANY SECURITY POLICY")
# Lets its holder into any role that is no fixed one; ALTER of the database covers it.
_ANY_ROLE = ("ALTER", "ALTER ANY ROLE")
# How a SQL user does: by a login, or with a password of its own.
_SIGNS_IN = ("INSTANCE", "DATABASE")
# Users that are, or may be, no single account, which alone can be impersonated.
_NOT_ONE = ("X", "C", "K")
# What FILTER leaves open: rows that are not seen cannot be changed or deleted, but rows can be given to others.
_WRITES = ("AFTER INSERT", "AFTER UPDATE")
_OPERATIONS = (None, *_WRITES, "BEFORE UPDATE", "BEFORE DELETE")


@rule(
    "SQL-007",
    title="Row-level security covers every tenant table",
    severity=Severity.CRITICAL,
    over=each_tenant_database,
    bears_on=Aspect.INSIDE_DATABASE,
    guards=(Demand.ROW_SECURITY,),
    follows=("SQL-001",),
)
def row_level_security(subject: GuardedDatabase, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Every user table that has the tenant column (`tenant_column`) and is not excused by the policy is under an enabled
    security policy with a FILTER predicate and with a BLOCK predicate, which must cover AFTER INSERT and AFTER UPDATE
    or every operation. The history of a temporal or ledger table is never written to directly and needs FILTER alone;
    an append-only ledger table needs no BLOCK for updates. Several security policies may share the work. The finding
    tells apart a disabled policy, a table with FILTER and without BLOCK, and a table in no policy. A database in which
    no table has the column fails. One for which no tenant column is documented is not checked.

    Nobody but `dbo` and the administrators that the policy names can turn it off: no member, directly or through roles,
    of db_owner or db_securityadmin, and nobody who was granted CONTROL of the database or ALTER ANY SECURITY POLICY;
    nor a service that is the server's Entra administrator. A user that cannot sign in, because it has no login or no
    CONNECT, counts only through those who may impersonate it. Nor can anybody gain that through another user or role:
    by IMPERSONATE or CONTROL on that user, `dbo` among them, or by ALTER, CONTROL or TAKE OWNERSHIP on such a role, or
    ALTER ANY ROLE. Fixed roles are not joined that way: it takes db_owner to change who is in them. Whether a user that
    is a group or an application can be impersonated is not visible: that is inconclusive, unless it is a documented
    service's.

    Owning the schema of a policy, or permission to take ownership of the database, is not enough to turn it off: the
    former lacks ALTER ANY SECURITY POLICY, and in Azure SQL only an administrator changes a database's owner. Passwords
    that ALTER ANY USER resets, and what the predicate function itself lets through, are not checked.

    ## Why it matters
    All tenants share these tables. Where the predicate is missing, one customer reads another's rows; where only BLOCK
    is missing, it can write rows in another's name.

    ## Remediation
    Add the missing predicates to the policy in a migration, and enable it. Remove the roles and permissions that can
    turn it off from everybody who does not need them, or name the holder and the reason in the policy.

    ## References
    - https://learn.microsoft.com/sql/relational-databases/security/row-level-security
    - https://learn.microsoft.com/sql/t-sql/statements/alter-security-policy-transact-sql
    - https://learn.microsoft.com/sql/t-sql/statements/execute-as-transact-sql
    - https://learn.microsoft.com/sql/t-sql/statements/alter-role-transact-sql
    - https://learn.microsoft.com/sql/t-sql/statements/alter-authorization-transact-sql
    """
    want = subject.database
    absent = missing(want, seen)
    if absent is not None:
        return absent
    if want.tenant_column is None:
        return NotApplicable(f"The policy says nothing of tenants in {want.name}.")
    inside = seen.database(want.id)
    services = clients_of(seen, subject.users, subject.others, slots_in=want.env)
    listed = inside.tables_with(want.tenant_column)
    kept = (one for one in listed.items if one.name.casefold() not in want.excused)
    tables = sorted(kept, key=lambda one: one.name)
    verdicts = [
        every(tables, lambda one: _table(want, inside, one, seen), empty="none", missing=listed.gap),
        _switches(want, inside, services, seen),
        _administrator(want, services, seen),
    ]
    fails = [verdict for verdict in verdicts if isinstance(verdict, Fail)]
    if fails:
        return merged(fails)
    gaps = [gap for verdict in verdicts if isinstance(verdict, Inconclusive) for gap in verdict.gaps]
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    if not listed.items:
        return Fail(
            (Evidence(f"{want.id}/tables", f"tables with the column {want.tenant_column}", "none"),),
            f"No table of {want.name} has the column {want.tenant_column}: nothing in it can be kept apart by tenant.",
            "Run its migrations, or correct the database's tenant_column; without it no tenants are looked for.",
            Fix("anyone who can run the deployment pipeline", (az("pipelines run", name="SQL_MIGRATION_PIPELINE"),)),
        )
    return Pass(tuple(evidence for verdict in verdicts if isinstance(verdict, Pass) for evidence in verdict.evidence))


def _table(want: DesiredDatabase, inside: DatabaseContents, one: TenantTable, seen: Snapshot) -> Verdict:
    """One table; a policy that was seen to cover it settles it, that none does only a whole list of them."""
    name = one.name
    writes = () if one.history else ("AFTER INSERT",) if one.append_only else _WRITES
    named = sorted(
        (policy for policy in inside.policies.items if _kinds(policy, name)), key=lambda p: (not p.enabled, p.name)
    )
    have = {kind for policy in named if policy.enabled for kind in _kinds(policy, name)}
    lacking = [kind for kind in ("FILTER", *(f"BLOCK {write}" for write in writes)) if kind not in have]
    at = f"{want.id}/tables/{name}"
    evidence = (
        Evidence(
            at,
            ("BLOCK", "FILTER") if writes else ("FILTER",),
            tuple(_words(policy, name) for policy in named) or "no policy",
        ),
    )
    if not lacking:
        return Pass(evidence)
    if inside.policies.gap is not None:
        return Inconclusive((inside.policies.gap,))
    doubt = _odd(want, inside, one, lacking)
    if doubt is not None:
        return Inconclusive((doubt,))
    off = [policy for policy in named if not policy.enabled]
    if not named:
        words, remediation = f"No security policy names {name}.", "Add the table to a security policy, in a migration."
    elif off and set(lacking) <= {kind for policy in off for kind in _kinds(policy, name)}:
        words = f"The security policy {off[0].name}, which guards {name}, is disabled."
        fix = Fix(ADMINISTRATOR, tuple(_enable(want, policy, seen) for policy in off))
        return Fail(evidence, words, "Enable the security policy.", fix)
    elif lacking[0] == "FILTER":
        words, remediation = f"{name} has no FILTER predicate: all rows can be read.", "Add a FILTER predicate."
    elif "BLOCK" not in {kind.split()[0] for kind in have}:
        words = f"{name} has a FILTER and no BLOCK predicate: rows can be written in another tenant's name."
        remediation = "Add a BLOCK predicate."
    else:
        missing_writes = ", ".join(kind.removeprefix("BLOCK ") for kind in lacking)
        words = f"{name} has no BLOCK predicate for {missing_writes}: rows can be written in another tenant's name."
        remediation = "Add the BLOCK predicate."
    add = f"ALTER SECURITY POLICY {table(named[0].name)}" if named else "CREATE SECURITY POLICY SQL_POLICY_NAME"
    predicate = ", ".join(_predicate(kind, name) for kind in _wholes(lacking))
    return Fail(evidence, words, remediation, Fix(ADMINISTRATOR, (sqlcmd(want, seen, f"{add} {predicate};"),)))


def _odd(want: DesiredDatabase, inside: DatabaseContents, one: TenantTable, lacking: list[str]) -> Gap | None:
    """The doubt that a table of an unknown kind leaves, or a predicate on it that nobody knows: what lacks may be
    unneeded, or there."""
    predicates = [each for policy in inside.policies.items if policy.enabled for each in policy.predicates]
    on = [each for each in predicates if each.table.casefold() == one.name.casefold()]
    strange = [each for each in on if each.type not in ("FILTER", "BLOCK") or each.operation not in _OPERATIONS]
    if not strange and not (one.unknown and "FILTER" not in lacking):
        return None
    words = f"a predicate {strange[0].type} {strange[0].operation or ''}".rstrip() if strange else "a table"
    call = f"SQL {want.id} security of {one.name}"
    return Gap(GapReason.MALFORMED, call, want.id, detail=f"{words} of a kind that is not documented")


def _kinds(policy: SecurityPolicy, name: str) -> set[str]:
    """What a policy does to a table, in the words of `_table`."""
    found: set[str] = set()
    for predicate in policy.predicates:
        if predicate.table.casefold() != name.casefold():
            continue
        if predicate.type not in ("FILTER", "BLOCK"):
            continue
        if predicate.type == "FILTER":
            found.add("FILTER")
        elif predicate.operation is None:
            found |= {f"BLOCK {write}" for write in _WRITES}
        else:
            found.add(f"BLOCK {predicate.operation}")
    return found


def _words(policy: SecurityPolicy, name: str) -> str:
    kinds = ", ".join(sorted(_kinds(policy, name)))
    return f"{policy.name} ({'enabled' if policy.enabled else 'disabled'}): {kinds}"


def _wholes(lacking: list[str]) -> list[str]:
    blocks = [kind for kind in lacking if kind != "FILTER"]
    whole = ["BLOCK"] if len(blocks) == len(_WRITES) else blocks
    return [kind for kind in lacking if kind == "FILTER"] + whole


def _predicate(kind: str, name: str) -> str:
    word, _, operation = kind.partition(" ")
    return f"ADD {word} PREDICATE SQL_PREDICATE_FUNCTION ON {table(name)}" + (f" {operation}" if operation else "")


def _enable(want: DesiredDatabase, policy: SecurityPolicy, seen: Snapshot) -> str:
    return sqlcmd(want, seen, f"ALTER SECURITY POLICY {table(policy.name)} WITH (STATE = ON);")


def _switches(want: DesiredDatabase, inside: DatabaseContents, services: ClientIds, seen: Snapshot) -> Verdict:
    """Nobody that the policy does not name can switch a policy off."""
    holders = _holders(inside, services)
    ways: dict[str, list[tuple[str, str]]] = {}
    doubts = [gap for who, gap in holders.doubts if not _excused(want, inside, who)]
    for who, how, statement in holders.ways:
        if _excused(want, inside, who):
            continue
        idle = _idle(inside, who)
        if isinstance(idle, Gap):
            doubts.append(idle)
        elif not idle:
            ways.setdefault(who, []).append((how, statement))
    at = f"{want.id}/users"
    # whom a role that the policy names excuses is told by a whole list of its members alone
    if ways and not (want.administrators and inside.memberships.gap is not None):
        statements = dict.fromkeys(statement for found in ways.values() for _, statement in found)
        return Fail(
            tuple(
                Evidence(f"{at}/{who}", "cannot switch it off", tuple(w for w, _ in ways[who])) for who in sorted(ways)
            ),
            " ".join(f"{who} can switch row-level security off: {ways[who][0][0]}." for who in sorted(ways)),
            "Remove the role or permission, or name the holder and the reason under administrators of the database.",
            Fix(ADMINISTRATOR, tuple(sqlcmd(want, seen, statement) for statement in statements)),
        )
    gaps = [each for each in (inside.principals.gap, inside.memberships.gap, inside.grants.gap) if each is not None]
    gaps += doubts
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    return Pass(
        (
            Evidence(
                at,
                "only principals that the policy names can disable it",
                tuple(sorted(want.administrators)) or "nobody",
            ),
        )
    )


def _administrator(want: DesiredDatabase, services: ClientIds, seen: Snapshot) -> Verdict:
    """No service is the server's Entra administrator, who is `dbo` everywhere, unless the policy names it."""
    who = need(seen.server(want.server_id).administrator)
    at = f"{want.server_id}/administrators/ActiveDirectory"
    if who is None or who.login.casefold() in want.administrators:
        return Pass((Evidence(at, "no service's identity", "none" if who is None else who.login),))
    service = services.administrator(who)
    if service is not None:
        return administers(want, who, service, "not a service's identity")
    if services.gaps and may_be_service(who):
        return Inconclusive(services.gaps)
    return Pass((Evidence(at, "no service's identity", administrator_words(who)),))


def _excused(want: DesiredDatabase, inside: DatabaseContents, who: str) -> bool:
    """Whether it is `dbo`, a fixed role, or named by the policy: itself or a role that it is in."""
    names = {who.casefold(), *(role.casefold() for role in reached(inside.memberships.items, who))}
    return who.casefold() in ("dbo", *_ROLES) or bool(names & set(want.administrators))


def _idle(inside: DatabaseContents, who: str) -> bool | Gap:
    """Whether a holder does nothing by itself: a role, whose members are holders themselves, or a user that cannot sign
    in, such as Change Data Capture's (`cdc`, an owner without a login)."""
    user = next((each for each in inside.principals.items if each.name.casefold() == who.casefold()), None)
    if user is None:
        if any(each.role.casefold() == who.casefold() for each in inside.memberships.items):
            return True
        return inside.principals.gap or False
    if user.without_login:
        return True
    if user.type == "S" and user.authentication not in _SIGNS_IN and user.name.casefold() != "guest":
        call = f"SQL {inside.id} how {user.name} signs in"
        return Gap(
            GapReason.MALFORMED, call, inside.id, detail=f"the authentication {user.authentication or 'of NULL'}"
        )
    out = kept_out(inside, user)
    return out if isinstance(out, Gap) else out.value is not None


@dataclass(frozen=True, slots=True)
class _PermissionHolders:
    """Who can switch a policy off, how, and the statement that ends it; and who may be able to, with the `doubts`."""

    ways: tuple[tuple[str, str, str], ...]
    doubts: tuple[tuple[str, Gap], ...]


def _holders(inside: DatabaseContents, services: ClientIds) -> _PermissionHolders:
    """Everybody who can, those among them who can through another."""
    grants = sorted(
        (grant for grant in inside.grants.items if grant.state.upper() != "DENY"),
        key=lambda grant: (grant.grantee, grant.permission, grant.on),
    )
    users = {u.name.casefold(): "E" if services.owner(u) else u.type for u in inside.principals.items}
    strong = {"dbo", *_ROLES}
    while True:
        # Roles that somebody made; only a whole list of the users tells them from those.
        own = set() if inside.principals.gap else strong - users.keys() - {"dbo", "public", *_ROLES}
        leading = [grant for grant in grants if _leads(grant, strong, own)]
        granted = [grant for grant in leading if grant.kind != "USER" or users.get(grant.on.casefold()) not in _NOT_ONE]
        holding = {*_ROLES, *(grant.grantee.casefold() for grant in granted)}
        members = list(_members(inside, holding))
        grown = strong | holding | {member.casefold() for member, _, _ in members}
        if grown == strong:
            break
        strong = grown
    by_grant = [(g.grantee, f"granted {g.permission if g.kind == 'DATABASE' else g.words}", revoke(g)) for g in granted]
    groups = [grant for grant in leading if grant.kind == "USER" and users.get(grant.on.casefold()) == "X"]
    doubts = [(each.grantee, _group(inside, each)) for each in groups]
    doubts += [(each.grantee, _unknown(inside, each)) for each in grants if each.unknown and _strong(each)]
    return _PermissionHolders((*by_grant, *members), tuple(doubts))


def _leads(grant: DatabaseGrant, strong: set[str], own: set[str]) -> bool:
    """Whether it lets its holder switch a policy off, or become one of the `strong`, who can."""
    permission = grant.permission.upper()
    if grant.kind == "DATABASE":
        return permission in _PERMISSIONS or (permission in _ANY_ROLE and bool(own - {grant.grantee.casefold()}))
    return lends(grant) and grant.on.casefold() in (strong if grant.kind == "USER" else own)


def _members(inside: DatabaseContents, holding: set[str]) -> Iterator[tuple[str, str, str]]:
    """Who is in a role that can."""
    for member in sorted({each.member for each in inside.memberships.items}):
        for role, way in reached(inside.memberships.items, member).items():
            if role.casefold() in holding:
                own = way[0] if way else role
                drop = f"ALTER ROLE {quoted(own)} DROP MEMBER {quoted(member)};"
                yield member, f"member of {through(role, way)}", drop


def _strong(grant: DatabaseGrant) -> bool:
    """Whether the permission would let its holder switch a policy off, were it one of the database."""
    return grant.permission.upper() in _PERMISSIONS


def _unknown(inside: DatabaseContents, grant: DatabaseGrant) -> Gap:
    """The doubt that a permission on something of an unknown class leaves."""
    call = f"SQL {inside.id} what {grant.permission} of {grant.grantee} is on"
    return Gap(GapReason.MALFORMED, call, inside.id, detail=f"the class {grant.kind} is not documented")


def _group(inside: DatabaseContents, grant: DatabaseGrant) -> Gap:
    """The doubt that a user leaves who is a group, which nobody can impersonate, or else an application."""
    call = f"SQL {inside.id} whether {grant.on} is a group"
    return Gap(GapReason.NOT_COLLECTED, call, inside.id, detail=f"{grant.grantee} was granted {grant.words}")
