"""What a principal may do in a database: roles in roles, permissions that cover others, and denials before grants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mzaudit.simulator.sql.contents import Contents, SecurableClass, SqlPermission, SqlPrincipal

# What the fixed roles may do, as Microsoft documents it ("Database-level roles"), in so far as anything asks for it.
_FIXED: dict[str, tuple[str, ...]] = {
    "db_owner": ("CONTROL",),
    "db_accessadmin": ("ALTER ANY USER", "CREATE SCHEMA"),
    "db_securityadmin": ("ALTER ANY ROLE", "CREATE SCHEMA", "VIEW DEFINITION"),
    "db_ddladmin": ("ALTER ANY SCHEMA", "CREATE SCHEMA", "CREATE TABLE", "CREATE VIEW", "REFERENCES"),
    "db_datareader": ("SELECT",),
    "db_datawriter": ("INSERT", "UPDATE", "DELETE"),
}
_FIXED_DENIALS: dict[str, tuple[str, ...]] = {
    "db_denydatareader": ("SELECT",),
    "db_denydatawriter": ("INSERT", "UPDATE", "DELETE"),
}
# `sys.fn_builtin_permissions`: the permission of the same class that covers another one; CONTROL covers all others.
COVERED: dict[SecurableClass, dict[str, str]] = {
    "DATABASE": {
        "ALTER": "CONTROL",
        "ALTER ANY ROLE": "ALTER",
        "ALTER ANY SCHEMA": "ALTER",
        "ALTER ANY SECURITY POLICY": "CONTROL",
        "ALTER ANY USER": "ALTER",
        "CONNECT": "CONTROL",
        "CONTROL": "",
        "CREATE SCHEMA": "ALTER ANY SCHEMA",
        "CREATE TABLE": "ALTER",
        "CREATE VIEW": "ALTER",
        "DELETE": "CONTROL",
        "EXECUTE": "CONTROL",
        "INSERT": "CONTROL",
        "REFERENCES": "CONTROL",
        "SELECT": "CONTROL",
        "UPDATE": "CONTROL",
        "VIEW DATABASE STATE": "CONTROL",
        "VIEW DEFINITION": "CONTROL",
        "VIEW SECURITY DEFINITION": "VIEW DEFINITION",
    },
    "SCHEMA": dict.fromkeys(
        ("ALTER", "DELETE", "EXECUTE", "INSERT", "REFERENCES", "SELECT", "UPDATE", "VIEW DEFINITION"), "CONTROL"
    )
    | {"CONTROL": ""},
    "OBJECT_OR_COLUMN": dict.fromkeys(
        ("ALTER", "DELETE", "INSERT", "REFERENCES", "SELECT", "UPDATE", "VIEW DEFINITION"), "CONTROL"
    )
    | {"CONTROL": ""},
    "DATABASE_PRINCIPAL": dict.fromkeys(("ALTER", "IMPERSONATE", "TAKE OWNERSHIP", "VIEW DEFINITION"), "CONTROL")
    | {"CONTROL": ""},
}
# The permission on a database that a permission on one of its schemas follows from, where the names differ.
_ALTERED_THROUGH = {"ALTER": "ALTER ANY SCHEMA"}


@dataclass(frozen=True, slots=True)
class _Securable:
    kind: SecurableClass
    name: str = ""


_On = tuple[str, _Securable]


@dataclass(frozen=True)
class DatabasePermissions:
    """The rights of one principal, as they are when they are first asked for."""

    contents: Contents
    user: SqlPrincipal

    @cached_property
    def roles(self) -> set[str]:
        """Every role that it is in, directly or through another role; casefolded names, `public` among them."""
        found, fresh = {"public"}, {self.user.name.casefold()}
        while fresh:
            found |= fresh
            members = self.contents.members
            fresh = {one.role.casefold() for one in members if one.member.casefold() in fresh} - found
        return found - {self.user.name.casefold()}

    def holds(self, permission: str, kind: SecurableClass = "DATABASE", on: str = "") -> bool:
        """Whether it has a permission, on the database, a schema or an object (`schema.name`)."""
        if self.user.name == "dbo":
            return True
        sought = _sought(permission, kind, on)
        return not sought.isdisjoint(self._held) and sought.isdisjoint(self._barred)

    def hidden(self, kind: SecurableClass, on: str) -> bool:
        """Whether it was denied the definition of an object, a user or a role: then it sees none, whatever else it
        may do with it."""
        return self.user.name != "dbo" and not _sought("VIEW DEFINITION", kind, on).isdisjoint(self._barred)

    def any_on(self, on: str) -> bool:
        """Whether it has any permission on an object (`schema.name`): then it sees that there is one."""
        return not self.hidden("OBJECT_OR_COLUMN", on) and any(
            self.holds(one, "OBJECT_OR_COLUMN", on) for one in COVERED["OBJECT_OR_COLUMN"]
        )

    def barred_column(self, permission: str, on: str, column: str) -> bool:
        """Whether a permission on one column of an object was denied."""
        mine = {self.user.name.casefold(), *self.roles}
        return self.user.name != "dbo" and any(
            one.state == "DENY" and one.permission == permission and one.grantee.casefold() in mine
            for one in self.contents.permissions
            if (one.on.casefold(), one.column.casefold()) == (on.casefold(), column.casefold())
        )

    @cached_property
    def _held(self) -> set[_On]:
        return {(one.permission, _securable(one)) for one in self._effective(denied=False)}

    @cached_property
    def _barred(self) -> set[_On]:
        return {(one.permission, _securable(one)) for one in self._effective(denied=True)}

    def _effective(self, *, denied: bool) -> Iterator[SqlPermission]:
        mine = {self.user.name.casefold(), *self.roles}
        fixed = _FIXED_DENIALS if denied else _FIXED
        for role in mine & fixed.keys():
            yield from (SqlPermission(role, one) for one in fixed[role])
        for one in self.contents.permissions:
            if one.grantee.casefold() in mine and (one.state == "DENY") == denied and not one.column:
                yield one


def _securable(permission: SqlPermission) -> _Securable:
    return _Securable(permission.kind, permission.on.casefold())


@lru_cache(maxsize=4096)
def _sought(permission: str, kind: SecurableClass, on: str) -> frozenset[_On]:
    return frozenset(_covering(permission, kind, on))


def _covering(permission: str, kind: SecurableClass, on: str) -> Iterator[_On]:
    """A permission on a securable and every one that it follows from, up to CONTROL of the database."""
    here = permission.upper()
    while here:
        yield here, _Securable(kind, on.casefold())
        match kind:
            case "OBJECT_OR_COLUMN":
                yield from _covering(here, "SCHEMA", on.partition(".")[0])
            case "DATABASE_PRINCIPAL":
                yield from _covering(here, "DATABASE", "")
            case "SCHEMA":
                yield from _covering(_ALTERED_THROUGH.get(here, here), "DATABASE", "")
            case "DATABASE":
                pass
        here = COVERED[kind].get(here, "")
