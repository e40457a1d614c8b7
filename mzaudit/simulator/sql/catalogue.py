"""The catalogue views of a database as one principal sees them: what it may not see is missing, not refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mzaudit.simulator.sql.contents import (
    FIXED_ROLES,
    SqlColumn,
    SqlPermission,
    SqlPrincipal,
    SqlSecurityPolicy,
    Table,
    Value,
)
from mzaudit.simulator.sql.database_permissions import DatabasePermissions
from mzaudit.simulator.sql.sql_types import declared

_SYSTEM_USERS = ("dbo", "guest", "information_schema", "sys")
_TYPES = {
    "S": "SQL_USER",
    "E": "EXTERNAL_USER",
    "X": "EXTERNAL_GROUP",
    "R": "DATABASE_ROLE",
    "A": "APPLICATION_ROLE",
    "C": "CERTIFICATE_MAPPED_USER",
    "K": "ASYMMETRIC_KEY_MAPPED_USER",
}
_AUTHENTICATIONS = {"NONE": 0, "INSTANCE": 1, "DATABASE": 2, "EXTERNAL": 4}
_CLASSES = {"DATABASE": 0, "OBJECT_OR_COLUMN": 1, "SCHEMA": 3, "DATABASE_PRINCIPAL": 4}
_TEMPORAL = {"NON_TEMPORAL_TABLE": 0, "HISTORY_TABLE": 1, "SYSTEM_VERSIONED_TEMPORAL_TABLE": 2}
_LEDGER = {
    "NON_LEDGER_TABLE": 0,
    "HISTORY_TABLE": 1,
    "UPDATABLE_LEDGER_TABLE": 2,
    "APPEND_ONLY_LEDGER_TABLE": 3,
}
_STATES = {"GRANT": "G", "GRANT_WITH_GRANT_OPTION": "W", "DENY": "D"}
_OPERATIONS = {"AFTER INSERT": 1, "AFTER UPDATE": 2, "BEFORE UPDATE": 3, "BEFORE DELETE": 4}
_CODES = {
    "ALTER": "AL",
    "CONNECT": "CO",
    "CONTROL": "CL",
    "DELETE": "DL",
    "EXECUTE": "EX",
    "IMPERSONATE": "IM",
    "INSERT": "IN",
    "REFERENCES": "RF",
    "SELECT": "SL",
    "TAKE OWNERSHIP": "TO",
    "UPDATE": "UP",
    "VIEW DEFINITION": "VW",
    "ALTER ANY SECURITY POLICY": "ALSP",
}
_SYSTEM_TYPES = {"tinyint": 48, "smallint": 52, "int": 56, "bigint": 127, "bit": 104, "float": 62, "decimal": 106}
_SYSTEM_TYPES |= {"uniqueidentifier": 36, "datetime": 61, "datetime2": 42, "date": 40, "nvarchar": 231, "nchar": 239}
_SYSTEM_TYPES |= {"varchar": 167, "char": 175, "varbinary": 165, "binary": 173}
_FIRST_OBJECT, _OBJECT_STEP = 901578250, 16


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """A table or view; columns as in a declaration. The rows of a view are worked out when they are read, once."""

    columns: tuple[SqlColumn, ...]
    rows: Iterable[tuple[Value, ...]]


class Catalogue:
    """The objects of a database, with the numbers that the catalogue gives them."""

    def __init__(self, rights: DatabasePermissions, database: str) -> None:
        self._rights = rights
        self._contents = rights.contents
        self._database = database
        self.principals = dict(self._numbered())
        names = [f"{one.schema}.{one.name}" for one in self._contents.tables]
        names += [f"{one.schema}.{one.name}" for one in self._contents.policies]
        self.objects = {name.casefold(): _FIRST_OBJECT + _OBJECT_STEP * n for n, name in enumerate(names)}
        self.names = dict(zip(self.objects.values(), names, strict=False))
        own = dict.fromkeys(name.partition(".")[0] for name in names)
        own |= dict.fromkeys(one.on for one in self._contents.permissions if one.kind == "SCHEMA")
        known = ("dbo", "guest", "INFORMATION_SCHEMA", "sys")
        more = [name for name in own if name.casefold() not in [one.casefold() for one in known]]
        self.schemas = {name: n for n, name in enumerate((*known, *more), 1)} | FIXED_ROLES

    def views(self) -> dict[str, CatalogueView]:
        """Every catalogue view that is served, and every user table, by `schema.name`."""
        made = {
            "sys.database_principals": CatalogueView(_PRINCIPAL, self._principals()),
            "sys.database_role_members": CatalogueView(_MEMBER, self._members()),
            "sys.database_permissions": CatalogueView(_PERMISSION, self._permissions()),
            "sys.schemas": CatalogueView(_SCHEMA, ((name, number, 1) for name, number in self.schemas.items())),
            "sys.objects": CatalogueView(_OBJECT, self._objects()),
            "sys.tables": CatalogueView(_TABLE, self._tables()),
            "sys.user_token": CatalogueView(_TOKEN, self._token()),
            "sys.columns": CatalogueView(_COLUMN, self._columns()),
            "sys.security_policies": CatalogueView(_POLICY, self._policies()),
            "sys.security_predicates": CatalogueView(_PREDICATE, self._predicates()),
            "sys.databases": CatalogueView(_DATABASE, (("master", 1, 0, "ONLINE"), (self._database, 5, 0, "ONLINE"))),
        }
        for table in self._contents.tables:
            made[f"{table.schema}.{table.name}"] = CatalogueView(tuple(table.columns), table.rows)
        return made

    def sees(self, principal: SqlPrincipal) -> bool:
        """Everyone sees himself, the system's own users and the fixed roles; a role shows itself to its members."""
        name = principal.name.casefold()
        if name == "public" or name in _SYSTEM_USERS or principal.is_fixed_role or principal is self._rights.user:
            return True
        if self._rights.hidden("DATABASE_PRINCIPAL", principal.name):
            return False
        if self._rights.holds("VIEW SECURITY DEFINITION"):
            return True
        if principal.type == "R":
            return name in self._rights.roles or self._rights.holds("ALTER ANY ROLE")
        return self._rights.holds("ALTER ANY USER")

    def sees_object(self, name: str) -> bool:
        """Whether it has any permission on a table; a policy is seen by those who may define or change it."""
        if any(f"{one.schema}.{one.name}".casefold() == name.casefold() for one in self._contents.policies):
            if self._rights.hidden("OBJECT_OR_COLUMN", name):
                return False
            return self._rights.holds("ALTER ANY SECURITY POLICY") or self._rights.holds(
                "VIEW DEFINITION", "OBJECT_OR_COLUMN", name
            )
        return self._rights.any_on(name)

    def _numbered(self) -> Iterator[tuple[int, SqlPrincipal]]:
        system = {name: number for number, name in enumerate(("public", *_SYSTEM_USERS))}
        number = len(system)
        for one in self._contents.principals:
            name = one.name.casefold()
            if name in system:
                yield system[name], one
            elif one.is_fixed_role:
                yield FIXED_ROLES[one.name], one
            else:
                yield number, one
                number += 1

    def id_of(self, name: str) -> int:
        """The number of a principal; raises KeyError."""
        for number, one in self.principals.items():
            if one.name.casefold() == name.casefold():
                return number
        raise KeyError(name)

    def _principals(self) -> Iterator[tuple[Value, ...]]:
        for number, one in self.principals.items():
            if not self.sees(one):
                continue
            schema = None if one.type == "R" else "guest" if one.name == "guest" else "dbo"
            how = one.authentication
            yield (
                *(one.name, number, one.type, _TYPES[one.type], schema, one.created, one.modified, None, one.sid),
                *(one.is_fixed_role, _AUTHENTICATIONS[how], how, None, None, False),
            )

    def _members(self) -> Iterator[tuple[Value, ...]]:
        mine = {self._rights.user.name.casefold(), *self._rights.roles}
        every = self._rights.holds("VIEW SECURITY DEFINITION")
        for one in self._contents.members:
            seen = every and all(self.sees(self._contents.principal(name)) for name in (one.role, one.member))
            if seen or one.member.casefold() in mine:
                yield self.id_of(one.role), self.id_of(one.member)

    def _permissions(self) -> Iterator[tuple[Value, ...]]:
        for one in self._contents.permissions:
            grantee = self._contents.principal(one.grantee)
            if self.sees(grantee):
                major, minor = self._target(one)
                code = _CODES.get(one.permission, "".join(word[:2] for word in one.permission.split())[:4])
                state = _STATES[one.state]
                yield (
                    *(_CLASSES[one.kind], one.kind, major, minor, self.id_of(grantee.name), 1),
                    *(code, one.permission, state, one.state),
                )

    def _target(self, one: SqlPermission) -> tuple[int, int]:
        match one.kind:
            case "DATABASE":
                return 0, 0
            case "SCHEMA":
                return {name.casefold(): n for name, n in self.schemas.items()}[one.on.casefold()], 0
            case "DATABASE_PRINCIPAL":
                return self.id_of(one.on), 0
            case "OBJECT_OR_COLUMN":
                if not one.column:
                    return self.objects[one.on.casefold()], 0
                names = [column.name.casefold() for column in self._contents.table(one.on).columns]
                return self.objects[one.on.casefold()], names.index(one.column.casefold()) + 1

    def _objects(self) -> Iterator[tuple[Value, ...]]:
        for table in self._seen_tables():
            yield self._object(table, "U", "USER_TABLE")
        for policy in self._seen_policies():
            yield self._object(policy, "SP", "SECURITY_POLICY")

    def _tables(self) -> Iterator[tuple[Value, ...]]:
        for table in self._seen_tables():
            temporal, ledger = table.temporal, table.ledger
            kinds = _TEMPORAL[temporal], temporal, _LEDGER[ledger], ledger
            past = self.objects.get(table.past.casefold())
            yield *self._object(table, "U", "USER_TABLE"), *kinds, past, table.dropped

    def _token(self) -> Iterator[tuple[Value, ...]]:
        """The caller and every role that it is in."""
        for number, one in self.principals.items():
            if one is self._rights.user or one.name.casefold() in self._rights.roles:
                kind = "ROLE" if one.type == "R" else _TYPES[one.type].replace("_", " ")
                yield number, None if one.type == "R" else one.sid, one.name, kind, "GRANT OR DENY"

    def _object(self, one: Table | SqlSecurityPolicy, letters: str, word: str) -> tuple[Value, ...]:
        number = self.objects[f"{one.schema}.{one.name}".casefold()]
        created = self._contents.principal("dbo").created
        shipped = isinstance(one, Table) and one.shipped
        return one.name, number, None, self._schema(one.schema), 0, letters, word, created, created, shipped

    def _columns(self) -> Iterator[tuple[Value, ...]]:
        for table in self._contents.tables:
            name = f"{table.schema}.{table.name}"
            if self.sees_object(name):
                for place, column in enumerate(table.columns, 1):
                    kind = declared(column.type)
                    width = 2 if kind.name.startswith("n") else 1
                    length = -1 if kind.length is None else kind.length * width
                    code = _SYSTEM_TYPES[kind.name]
                    yield self.objects[name.casefold()], column.name, place, code, code, length, column.nullable

    def _seen_tables(self) -> Iterator[Table]:
        return (one for one in self._contents.tables if self.sees_object(f"{one.schema}.{one.name}"))

    def _policies(self) -> Iterator[tuple[Value, ...]]:
        for one in self._seen_policies():
            yield *self._object(one, "SP", "SECURITY_POLICY"), one.enabled, False, None, one.schema_bound

    def _predicates(self) -> Iterator[tuple[Value, ...]]:
        for policy in self._seen_policies():
            number = self.objects[f"{policy.schema}.{policy.name}".casefold()]
            for place, one in enumerate(policy.predicates, 1):
                target = self.objects[one.table.casefold()]
                kind = 0 if one.type == "FILTER" else 1
                operation = _OPERATIONS[one.operation] if one.operation is not None else None
                yield number, place, target, one.definition, kind, one.type, operation, one.operation

    def _seen_policies(self) -> Iterator[SqlSecurityPolicy]:
        return (one for one in self._contents.policies if self.sees_object(f"{one.schema}.{one.name}"))

    def _schema(self, name: str) -> int:
        return {known.casefold(): number for known, number in self.schemas.items()}[name.casefold()]


def _described(text: str) -> tuple[SqlColumn, ...]:
    """`name type, name type`; a type with `?` may be null."""
    parts = [part.split() for part in text.split(";")]
    return tuple(SqlColumn(name, kind.rstrip("?"), kind.endswith("?")) for name, kind in parts)


_PRINCIPAL = _described(
    "name sysname; principal_id int; type char(1); type_desc nvarchar(60)?; default_schema_name sysname?; "
    "create_date datetime; modify_date datetime; owning_principal_id int?; sid varbinary(85)?; is_fixed_role bit; "
    "authentication_type int; authentication_type_desc nvarchar(60)?; default_language_name sysname?; "
    "default_language_lcid int?; allow_encrypted_value_modifications bit"
)
_MEMBER = _described("role_principal_id int; member_principal_id int")
_PERMISSION = _described(
    "class tinyint; class_desc nvarchar(60)?; major_id int; minor_id int; grantee_principal_id int; "
    "grantor_principal_id int; type char(4); permission_name nvarchar(128)?; state char(1); state_desc nvarchar(60)?"
)
_SCHEMA = _described("name sysname; schema_id int; principal_id int?")
_OBJECT = _described(
    "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; "
    "type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit"
)
_TABLE = (
    *_OBJECT,
    *_described(
        "temporal_type tinyint?; temporal_type_desc nvarchar(60)?; ledger_type tinyint?; "
        "ledger_type_desc nvarchar(60)?; history_table_id int?; is_dropped_ledger_table bit"
    ),
)
_TOKEN = _described(
    "principal_id int?; sid varbinary(85)?; name nvarchar(128)?; type nvarchar(128)?; usage nvarchar(128)?"
)
_COLUMN = _described(
    "object_id int; name sysname?; column_id int; system_type_id tinyint; user_type_id int; max_length smallint; "
    "is_nullable bit?"
)
_POLICY = (
    *_OBJECT,
    *_described("is_enabled bit; is_not_for_replication bit; uses_database_collation bit?; is_schema_bound bit"),
)
_PREDICATE = _described(
    "object_id int; security_predicate_id int; target_object_id int; predicate_definition nvarchar(max)?; "
    "predicate_type int?; predicate_type_desc nvarchar(60)?; operation int?; operation_desc nvarchar(60)?"
)
_DATABASE = _described("name sysname; database_id int; state tinyint?; state_desc nvarchar(60)?")
# The rows of `fn_my_permissions`.
PERMISSIONS = _described("entity_name nvarchar(128); subentity_name nvarchar(128)?; permission_name nvarchar(60)")
