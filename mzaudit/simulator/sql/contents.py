"""What is inside a database, in the words of SQL Server: plain and mutable, so that a test may mutate it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

# sys.database_principals.type: SQL user, external user, external group or application, database role, application
# role, user of a certificate, user of a key.
PrincipalType = Literal["S", "E", "X", "R", "A", "C", "K"]
Authentication = Literal["NONE", "INSTANCE", "DATABASE", "EXTERNAL"]
State = Literal["GRANT", "GRANT_WITH_GRANT_OPTION", "DENY"]
SecurableClass = Literal["DATABASE", "OBJECT_OR_COLUMN", "SCHEMA", "DATABASE_PRINCIPAL"]
Temporal = Literal["NON_TEMPORAL_TABLE", "HISTORY_TABLE", "SYSTEM_VERSIONED_TEMPORAL_TABLE"]
LedgerType = Literal["NON_LEDGER_TABLE", "HISTORY_TABLE", "UPDATABLE_LEDGER_TABLE", "APPEND_ONLY_LEDGER_TABLE"]
Operation = Literal["AFTER INSERT", "AFTER UPDATE", "BEFORE UPDATE", "BEFORE DELETE"]
Value = str | int | bytes | bool | datetime | None

# How the SID of a role, and of a contained user with a password, begins; sixteen bytes of its own follow.
_ROLE_SID = bytes.fromhex("010500000000000904000000")
_USER_SID = bytes.fromhex("010500000000000903000000")
_CREATED = datetime(2025, 10, 14, 9, 31, 7, 417000, tzinfo=UTC)

FIXED_ROLES = {
    "db_owner": 16384,
    "db_accessadmin": 16385,
    "db_securityadmin": 16386,
    "db_ddladmin": 16387,
    "db_backupoperator": 16389,
    "db_datareader": 16390,
    "db_datawriter": 16391,
    "db_denydatareader": 16392,
    "db_denydatawriter": 16393,
}


def sid_of(identity: str) -> bytes:
    """The SID that Azure SQL keeps for an Entra identity: the client id of an application, or the object id of a user
    or a group, as the sixteen bytes of a GUID with its first three fields in little-endian order."""
    return uuid.UUID(identity).bytes_le


@dataclass(slots=True)
class SqlPrincipal:
    """A row of `sys.database_principals`; its id there follows from its place in the list."""

    name: str
    type: PrincipalType
    authentication: Authentication
    sid: bytes | None
    created: datetime = _CREATED
    modified: datetime = _CREATED

    @property
    def is_fixed_role(self) -> bool:
        """Whether it is one of the roles that every database has."""
        return self.type == "R" and self.name in FIXED_ROLES


@dataclass(frozen=True, slots=True)
class SqlMembership:
    """A row of `sys.database_role_members`, by names."""

    role: str
    member: str


@dataclass(frozen=True, slots=True)
class SqlPermission:
    """A row of `sys.database_permissions`; `on` is `schema.table` for an object (whose one `column` it may be for), the
    schema's name for a schema, a user's or role's for one of those."""

    grantee: str
    permission: str
    state: State = "GRANT"
    kind: SecurableClass = "DATABASE"
    on: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column of a table; `type` as in its declaration: `int`, `nvarchar(200)`, `datetime`."""

    name: str
    type: str
    nullable: bool = False


@dataclass(slots=True)
class Table:
    """A user table with its rows; a row has one value for each column. `temporal` and `ledger` are what `sys.tables`
    says of it; its past rows are in the table `past` (`schema.name`). `shipped` are those that SQL Server makes for a
    feature; a ledger table that is `dropped` is renamed and kept."""

    schema: str
    name: str
    columns: list[SqlColumn]
    rows: list[tuple[Value, ...]] = field(default_factory=list)
    temporal: Temporal = "NON_TEMPORAL_TABLE"
    ledger: LedgerType = "NON_LEDGER_TABLE"
    past: str = ""
    shipped: bool = False
    dropped: bool = False


@dataclass(slots=True)
class SqlPredicate:
    """A row of `sys.security_predicates`; without an operation it stands for every one."""

    table: str
    type: Literal["FILTER", "BLOCK"]
    definition: str
    operation: Operation | None = None


@dataclass(slots=True)
class SqlSecurityPolicy:
    """A row of `sys.security_policies` with its predicates."""

    schema: str
    name: str
    predicates: list[SqlPredicate]
    enabled: bool = True
    schema_bound: bool = True


def _stock() -> list[SqlPrincipal]:
    """Who is in every database from the start, as `CREATE DATABASE` leaves it."""
    stock: list[SqlPrincipal] = [
        SqlPrincipal("public", "R", "NONE", _ROLE_SID + bytes(16)),
        SqlPrincipal("dbo", "S", "INSTANCE", bytes.fromhex("01060000000001640000000000000000") + bytes(16)),
        SqlPrincipal("guest", "S", "NONE", b"\0"),
        SqlPrincipal("INFORMATION_SCHEMA", "S", "NONE", None),
        SqlPrincipal("sys", "S", "NONE", None),
    ]
    for name, number in FIXED_ROLES.items():
        stock.append(SqlPrincipal(name, "R", "NONE", _ROLE_SID + bytes(12) + number.to_bytes(4, "little")))
    return stock


@dataclass(slots=True)
class Contents:
    """One database. Names are compared as its collation does, ignoring case."""

    principals: list[SqlPrincipal] = field(default_factory=_stock)
    members: list[SqlMembership] = field(default_factory=list)
    permissions: list[SqlPermission] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    policies: list[SqlSecurityPolicy] = field(default_factory=list)

    def principal(self, name: str) -> SqlPrincipal:
        """The user or role of that name; raises KeyError."""
        for one in self.principals:
            if one.name.casefold() == name.casefold():
                return one
        raise KeyError(name)

    def table(self, name: str) -> Table:
        """The table `schema.table`; raises KeyError."""
        for one in self.tables:
            if f"{one.schema}.{one.name}".casefold() == name.casefold():
                return one
        raise KeyError(name)

    def policy(self, name: str) -> SqlSecurityPolicy:
        """The security policy `schema.name`; raises KeyError."""
        for one in self.policies:
            if f"{one.schema}.{one.name}".casefold() == name.casefold():
                return one
        raise KeyError(name)

    def create_user(self, name: str, identity: str, *roles: str) -> SqlPrincipal:
        """`CREATE USER … FROM EXTERNAL PROVIDER` for an application's client id, then its roles."""
        return self._admit(SqlPrincipal(name, "E", "EXTERNAL", sid_of(identity)), roles)

    def create_password_user(self, name: str, *roles: str) -> SqlPrincipal:
        """`CREATE USER … WITH PASSWORD`, a contained user, then its roles."""
        sid = _USER_SID + uuid.uuid5(uuid.NAMESPACE_URL, name).bytes
        return self._admit(SqlPrincipal(name, "S", "DATABASE", sid), roles)

    def create_group(self, name: str, identity: str, *roles: str) -> SqlPrincipal:
        """`CREATE USER … FROM EXTERNAL PROVIDER` for an Entra group's object id, then its roles."""
        return self._admit(SqlPrincipal(name, "X", "EXTERNAL", sid_of(identity)), roles)

    def create_role(self, name: str, *roles: str) -> SqlPrincipal:
        """`CREATE ROLE`, then the roles that it is itself a member of."""
        sid = _ROLE_SID + uuid.uuid5(uuid.NAMESPACE_URL, name).bytes
        role = SqlPrincipal(name, "R", "NONE", sid)
        self.principals.append(role)
        self.members += [SqlMembership(one, name) for one in roles]
        return role

    def drop_user(self, name: str) -> None:
        """`DROP USER`: the principal with its memberships and permissions; raises KeyError."""
        self.principals.remove(self.principal(name))
        folded = name.casefold()
        self.members[:] = [one for one in self.members if one.member.casefold() != folded]
        self.permissions[:] = [one for one in self.permissions if one.grantee.casefold() != folded]

    def grant(
        self, grantee: str, permission: str, kind: SecurableClass = "DATABASE", on: str = "", *, state: State = "GRANT"
    ) -> None:
        """`GRANT` (or `DENY`) a permission on the database, a schema, a table, or a user or role."""
        self.permissions.append(SqlPermission(grantee, permission, state, kind, on))

    def deny_column(self, grantee: str, permission: str, table: str, column: str) -> None:
        """`DENY` a permission on one column of a table (`schema.name`)."""
        self.permissions.append(SqlPermission(grantee, permission, "DENY", "OBJECT_OR_COLUMN", table, column))

    def revoke(self, grantee: str, permission: str) -> None:
        """`REVOKE` a permission on the database, given or denied."""
        gone = (grantee.casefold(), permission, "DATABASE")
        self.permissions[:] = [
            one for one in self.permissions if (one.grantee.casefold(), one.permission, one.kind) != gone
        ]

    def as_replicated(self) -> Contents:
        """What a replica that lags shows: everything but the last member of a role, and each table's last row."""
        tables = [replace(one, rows=one.rows[:-1]) for one in self.tables]
        return replace(self, members=self.members[:-1], tables=tables)

    def add_member(self, role: str, member: str) -> None:
        """`ALTER ROLE … ADD MEMBER`."""
        self.members.append(SqlMembership(role, member))

    def remove_member(self, role: str, member: str) -> None:
        """`ALTER ROLE … DROP MEMBER`; raises ValueError when it was none."""
        self.members.remove(SqlMembership(role, member))

    def _admit(self, user: SqlPrincipal, roles: tuple[str, ...]) -> SqlPrincipal:
        self.principals.append(user)
        self.permissions.append(SqlPermission(user.name, "CONNECT"))
        self.members += [SqlMembership(role, user.name) for role in roles]
        return user
