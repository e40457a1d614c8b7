"""What is inside a database as its own catalogue shows it: users, roles, rights, row-level security, migrations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mzaudit.snapshot.observed import Gap, Listing, Observed, not_asked
from mzaudit.snapshot.text.shown import Shown

# Types of principals whose SID is none of Entra's: SQL and Windows users, and those of a certificate or key.
_NOT_OF_ENTRA = ("S", "U", "G", "C", "K")
# https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-permissions-transact-sql
_CLASSES = frozenset(
    [
        "DATABASE",
        "OBJECT_OR_COLUMN",
        "SCHEMA",
        "DATABASE_PRINCIPAL",
        "ASSEMBLY",
        "TYPE",
        "XML_SCHEMA_COLLECTION",
        "MESSAGE_TYPE",
        "SERVICE_CONTRACT",
        "SERVICE",
        "REMOTE_SERVICE_BINDING",
        "ROUTE",
        "FULLTEXT_CATALOG",
        "SYMMETRIC_KEYS",
        "CERTIFICATE",
        "ASYMMETRIC_KEY",
        "FULLTEXT_STOPLIST",
        "SEARCH_PROPERTY_LIST",
        "DATABASE_SCOPED_CREDENTIAL",
        "EXTERNAL_LANGUAGE",
    ]
)


@lru_cache(maxsize=65536)
def _guid(digits: str) -> str:
    return str(uuid.UUID(bytes_le=bytes.fromhex(digits)))


@dataclass(frozen=True, slots=True)
class DatabasePrincipal:
    """A row of `sys.database_principals` that can hold rights and is no role.

    `type` is SQL Server's letter: S a SQL user, E an Entra user or application, X an Entra group or application, C and
    K users of a certificate and of a key. `authentication` is its word: NONE, INSTANCE, DATABASE, EXTERNAL; empty where
    it says none. `sid` is in lower-case hexadecimal digits.
    """

    name: str
    type: str
    authentication: str
    sid: str

    @property
    def external(self) -> bool:
        """Whether it was created from the external provider: it signs in with an Entra token and nothing else."""
        return self.type in ("E", "X") and self.authentication == "EXTERNAL"

    @property
    def without_login(self) -> bool:
        """Whether nobody signs in as it (CREATE USER ... WITHOUT LOGIN, or of a certificate or key). As `guest`, every
        login that has no user of its own does, where it may connect."""
        return self.authentication == "NONE" and self.name.casefold() != "guest"

    @property
    def of_login(self) -> bool:
        """Whether it was made for a login of the server, which may hold roles there that no database shows."""
        return self.authentication == "INSTANCE" or (self.external and len(self.sid) > 32)

    @property
    def entra_id(self) -> str | None:
        """Whose SID it is: an application's client id, a user's or group's object id; None if it is none of Entra's.

        Of a user that was made for a login, the GUID is followed by further bytes.
        """
        if self.type in _NOT_OF_ENTRA or len(self.sid) < 32:
            return None
        return _guid(self.sid[:32])


@dataclass(frozen=True, slots=True)
class Membership:
    """A member, which may itself be a role, of a role; by names."""

    role: str
    member: str


@dataclass(frozen=True, slots=True)
class DatabaseGrant:
    """A permission given to (or, by `state` DENY, taken from) a principal or role by name.

    `kind` is SQL Server's word for what it is on (`DATABASE`, `SCHEMA`, `OBJECT_OR_COLUMN`, …; of a principal `USER`,
    `ROLE` or `APPLICATION ROLE`); `on` its name, empty for the database.
    """

    grantee: str
    permission: str
    state: str
    kind: str
    on: str

    @property
    def on_principal(self) -> bool:
        """Whether it is a permission on a user or a role."""
        return self.kind in ("USER", "ROLE", "APPLICATION ROLE")

    @property
    def unknown(self) -> bool:
        """Whether it is on something of a class that nobody knows."""
        return not self.on_principal and self.kind not in _CLASSES

    @property
    def words(self) -> str:
        """The permission with what it is on."""
        unnamed = "the database" if self.kind == "DATABASE" else f"a {self.kind.lower().replace('_', ' ')}"
        on = f"{self.kind}::{self.on}" if self.on_principal else self.on or unnamed
        return f"{self.permission} on {on}"


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A user table by `schema.table`. `history`: it keeps the past rows of a temporal or ledger table, and nobody
    writes into it; `append_only`: a ledger table without updates and deletes; `unknown`: of a kind that nobody
    knows."""

    name: str
    history: bool = False
    append_only: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a security policy does to a table: `FILTER` or `BLOCK`; without an operation, to every one."""

    table: str
    type: str
    operation: str | None


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """A row-level security policy by `schema.name`."""

    name: str
    enabled: bool
    predicates: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Migration:
    """A row of the history that a `tool` writes. `version` is None for a repeatable migration of Flyway; `by` is the
    login that applied it, which Flyway alone records; `type` is Flyway's, or how Liquibase executed a change set."""

    rank: int
    version: str | None
    description: Shown
    type: str
    by: str | None
    success: bool
    tool: str = "flyway"


@dataclass(frozen=True, slots=True)
class DatabaseContents:
    """One database from inside, one facet a query.

    `tenant_tables` holds, by casefolded column name, every user table that has the column;
    `migrations`, by casefolded `schema.table`, that history: `Observed(None)` where the table does not exist.
    """

    id: str
    principals: Listing[DatabasePrincipal]
    memberships: Listing[Membership]
    grants: Listing[DatabaseGrant]
    policies: Listing[SecurityPolicy]
    tenant_tables: Mapping[str, Listing[TenantTable]]
    migrations: Mapping[str, Observed[tuple[Migration, ...] | None] | Gap]

    def tables_with(self, column: str) -> Listing[TenantTable]:
        """The tables that have the column; nothing if it was not asked for."""
        found = self.tenant_tables.get(column.casefold())
        return Listing(gap=not_asked(f"SQL {self.id} tables with {column}")) if found is None else found

    def history(self, table: str) -> Observed[tuple[Migration, ...] | None] | Gap:
        """The migrations that a history table holds."""
        return self.migrations.get(table.casefold()) or not_asked(f"SQL {self.id} {table}")


def unread(
    database_id: str, gap: Gap, columns: tuple[str, ...] = (), histories: tuple[str, ...] = ()
) -> DatabaseContents:
    """A database into which nobody looked, for one reason."""
    return DatabaseContents(
        database_id,
        Listing(gap=gap),
        Listing(gap=gap),
        Listing(gap=gap),
        Listing(gap=gap),
        {column.casefold(): Listing(gap=gap) for column in columns},
        {table.casefold(): gap for table in histories},
    )
