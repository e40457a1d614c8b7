"""The built-in functions of T-SQL, evaluated over the catalogue as the caller may see it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from mzaudit.simulator.sql import sql_errors
from mzaudit.simulator.sql.catalogue import Catalogue
from mzaudit.simulator.sql.contents import SecurableClass
from mzaudit.simulator.sql.database_permissions import COVERED, DatabasePermissions
from mzaudit.simulator.sql.sql_errors import SqlError
from mzaudit.simulator.sql.sql_login import SqlSession
from mzaudit.simulator.sql.sql_types import BIGINT, DATETIME, GUID, INT, SYSNAME, VARIANT, SqlType, declared

Cell = str | int | float | bytes | None
Call = Callable[..., Cell]
_CLASSES: dict[str, SecurableClass] = {
    "DATABASE": "DATABASE",
    "SCHEMA": "SCHEMA",
    "OBJECT": "OBJECT_OR_COLUMN",
    "USER": "DATABASE_PRINCIPAL",
    "ROLE": "DATABASE_PRINCIPAL",
}
_TEXT = SqlType("nvarchar", 4000)
_SERVICE_VERSION = "12.0.2000.8"


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function: what it does, and the type of what it gives, None where that is its argument's."""

    call: Call
    type: SqlType | None


def built_in(session: SqlSession, rights: DatabasePermissions, catalogue: Catalogue) -> dict[str, Function]:
    """Every function that is served, by name in upper case."""
    names = _Names(session, catalogue)
    connection: dict[str, Cell] = {
        "net_transport": "TCP",
        "protocol_type": "TSQL",
        "auth_scheme": "SQL",
        "local_tcp_port": 1433,
        "client_net_address": session.address,
    }
    properties: dict[str, Cell] = {"Edition": "SQL Azure", "EngineEdition": 5, "ProductVersion": _SERVICE_VERSION}
    folded = {name.casefold(): value for name, value in properties.items()}
    return {
        "HAS_PERMS_BY_NAME": Function(lambda *given: _has_permission(names, rights, *given), INT),
        "IS_MEMBER": Function(lambda role: _is_member(session, rights, str(role)), INT),
        "IS_ROLEMEMBER": Function(lambda role, *who: _is_role_member(names, rights, str(role), *who), INT),
        "ORIGINAL_LOGIN": Function(lambda: session.login, SYSNAME),
        "SUSER_SNAME": Function(lambda *_: session.login, SYSNAME),
        "SUSER_NAME": Function(lambda *_: session.login, SYSNAME),
        "SYSTEM_USER": Function(lambda: session.login, SYSNAME),
        "USER_NAME": Function(names.user, SYSNAME),
        "CURRENT_USER": Function(names.user, SYSNAME),
        "USER_ID": Function(names.user_id, INT),
        "DATABASE_PRINCIPAL_ID": Function(names.user_id, INT),
        "DB_NAME": Function(lambda *_: session.database, SYSNAME),
        "DB_ID": Function(lambda *_: 5, INT),
        "SCHEMA_NAME": Function(names.schema, SYSNAME),
        "SCHEMA_ID": Function(names.schema_id, INT),
        "OBJECT_NAME": Function(names.object, SYSNAME),
        "OBJECT_SCHEMA_NAME": Function(names.object_schema, SYSNAME),
        "OBJECT_ID": Function(names.object_id, INT),
        "DATABASEPROPERTYEX": Function(lambda name, what: _database_property(session, str(name), str(what)), VARIANT),
        "CONNECTIONPROPERTY": Function(lambda name: connection.get(str(name).casefold()), VARIANT),
        "SERVERPROPERTY": Function(lambda name: folded.get(str(name).casefold()), VARIANT),
        "DATALENGTH": Function(_data_length, INT),
        "LEN": Function(lambda text: None if text is None else len(str(text).rstrip(" ")), INT),
        "LOWER": Function(lambda text: None if text is None else str(text).lower(), _TEXT),
        "UPPER": Function(lambda text: None if text is None else str(text).upper(), _TEXT),
        "SUBSTRING": Function(_substring, None),
        "GETDATE": Function(_now, DATETIME),
        "GETUTCDATE": Function(_now, DATETIME),
        "SYSUTCDATETIME": Function(_now, DATETIME),
        "NEWID": Function(lambda: str(uuid.uuid4()).upper(), GUID),
        "ROWCOUNT_BIG": Function(lambda: 0, BIGINT),
    }


def plus(left: Cell, right: Cell) -> Cell:
    """`+`, which joins texts and bytes and adds numbers."""
    match left, right:
        case (None, _) | (_, None):
            return None
        case (str(), str()) | (bytes(), bytes()):
            return left + right  # type: ignore[operator]  # both are of one type, which the pattern cannot tell
        case _:
            try:
                return _number(left) + _number(right)
            except ValueError:
                raise SqlError(sql_errors.not_converted("int")) from None


def convert(value: Cell, kind: str, style: int, *, strict: bool = True) -> Cell:
    """`CAST` and `CONVERT` to a declared type; raises `SqlError` when it does not fit, or gives None."""
    if value is None:
        return None
    try:
        return _converted(value, declared(kind), style)
    except ValueError:
        if not strict:
            return None
        raise SqlError(sql_errors.not_converted(declared(kind).name)) from None


def _converted(value: Cell, kind: SqlType, style: int) -> Cell:
    match kind.name:
        case "nvarchar" | "nchar" | "varchar" | "char":
            if isinstance(value, bytes):
                shown = {0: lambda: value.decode("cp1252", "replace"), 1: lambda: "0x" + value.hex().upper()}
                text = shown.get(style, lambda: value.hex().upper())()
            else:
                text = str(value)
            return text if kind.length is None else text[: kind.length]
        case "varbinary" | "binary":
            data = _bytes(value, style)
            size = len(data) if kind.length is None else kind.length
            return data[:size].ljust(size, b"\0") if kind.name == "binary" else data[:size]
        case "uniqueidentifier":
            if isinstance(value, bytes):
                return str(uuid.UUID(bytes_le=value[:16].ljust(16, b"\0"))).upper()
            return str(uuid.UUID(str(value)[:36])).upper()
        case "bit":
            text = str(value).casefold()
            return int(text == "true" or (text != "false" and bool(_number(value))))
        case "float":
            return float(_number(value))
        case "decimal":
            return float(round(Decimal(str(_number(value))), kind.scale))
        case "datetime" | "datetime2" | "date":
            moment = datetime.fromisoformat(str(value)).replace(tzinfo=None)
            return moment.date().isoformat() if kind.name == "date" else moment.isoformat(" ", "milliseconds")
        case "sql_variant":
            return value
        case _:
            if isinstance(value, bytes):
                return int.from_bytes(value[-4:], "big", signed=True)
            return int(_number(value))


def _bytes(value: Cell, style: int) -> bytes:
    match value:
        case bytes():
            return value
        case int():
            return value.to_bytes(4, "big", signed=True)
        case str() if style in (1, 2):
            return bytes.fromhex(value.removeprefix("0x") if style == 1 else value)
        case _:
            try:
                return uuid.UUID(str(value)).bytes_le
            except ValueError:
                return str(value).encode("utf-16-le")


def _number(value: Cell) -> int | float:
    if isinstance(value, int | float):
        return value
    text = str(value).strip()
    return float(text) if "." in text or "e" in text.casefold() else int(text or 0)


def _data_length(value: Cell) -> int | None:
    match value:
        case None:
            return None
        case bytes():
            return len(value)
        case str():
            return 2 * len(value)
        case _:
            return 4


def _substring(value: Cell, start: int, length: int) -> Cell:
    if value is None or start is None or length is None:
        return None
    first, last = max(start - 1, 0), max(start - 1 + length, 0)
    return value[first:last] if isinstance(value, bytes) else str(value)[first:last]


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")


@dataclass(frozen=True, slots=True)
class _Names:
    """Names and numbers of what the caller can see; None for what it cannot."""

    session: SqlSession
    catalogue: Catalogue

    def user(self, number: int | None = -1) -> str | None:
        if number == -1:
            return self.session.user.name
        found = self.catalogue.principals.get(number) if number is not None else None
        return found.name if found is not None and self.catalogue.sees(found) else None

    def user_id(self, name: str | None = "") -> int | None:
        sought = self.session.user.name if name == "" else str(name)
        for number, one in self.catalogue.principals.items():
            if one.name.casefold() == sought.casefold() and self.catalogue.sees(one):
                return number
        return None

    def schema(self, number: int | None = -1) -> str | None:
        if number == -1:
            return "dbo"
        return next((name for name, known in self.catalogue.schemas.items() if known == number), None)

    def schema_id(self, name: str | None = "dbo") -> int | None:
        folded = {known.casefold(): number for known, number in self.catalogue.schemas.items()}
        return folded.get(str(name).casefold())

    def full(self, number: int | None) -> str | None:
        name = self.catalogue.names.get(number) if number is not None else None
        return name if name is not None and self.catalogue.sees_object(name) else None

    def object(self, number: int | None, *_: Cell) -> str | None:
        name = self.full(number)
        return None if name is None else name.partition(".")[2]

    def object_schema(self, number: int | None, *_: Cell) -> str | None:
        name = self.full(number)
        return None if name is None else name.partition(".")[0]

    def object_id(self, name: str | None, *_: Cell) -> int | None:
        full = qualified(str(name))
        number = self.catalogue.objects.get(full.casefold())
        return number if number is not None and self.catalogue.sees_object(full) else None


def qualified(name: str) -> str:
    """`schema.name` of a name that may be quoted, may name its database and may leave the schema out."""
    parts = [part.strip("[]\"' ") for part in name.split(".")]
    return f"{parts[-2] or 'dbo' if len(parts) > 1 else 'dbo'}.{parts[-1]}"


def _has_permission(
    names: _Names, rights: DatabasePermissions, securable: Cell, kind: Cell, permission: Cell, *_: Cell
) -> Cell:
    """1 or 0; None when there is no such securable, class or permission."""
    found = _CLASSES.get(str(kind).upper())
    wanted = str(permission).upper()
    if found is None or (wanted != "ANY" and wanted not in COVERED[found]):
        return None
    name = "" if securable is None else str(securable)
    match found:
        case "DATABASE":
            if name and name.strip("[]").casefold() != names.session.database.casefold():
                return None
            name = ""
        case "SCHEMA":
            name = name.strip("[]")
            if names.schema_id(name) is None:
                return None
        case "DATABASE_PRINCIPAL":
            if names.user_id(name.strip("[]")) is None:
                return None
            name = name.strip("[]")
        case "OBJECT_OR_COLUMN":
            name = qualified(name)
            if name.casefold() not in names.catalogue.objects:
                return None
    asked = COVERED[found] if wanted == "ANY" else (wanted,)
    return int(any(rights.holds(one, found, name) for one in asked))


def _database_property(session: SqlSession, name: str, what: str) -> str | None:
    """None for another database, and for a property that is not served."""
    known = {"status": "ONLINE", "updateability": "READ_ONLY" if session.replica else "READ_WRITE"}
    return known.get(what.casefold()) if name.casefold() == session.database.casefold() else None


def _is_member(session: SqlSession, rights: DatabasePermissions, role: str) -> int | None:
    try:
        known = session.contents.principal(role)
    except KeyError:
        return None
    return int(known.name.casefold() in rights.roles or session.user.name == "dbo")


def _is_role_member(names: _Names, rights: DatabasePermissions, role: str, *who: Cell) -> int | None:
    if not who:
        return _is_member(names.session, rights, role)
    number = names.user_id(str(who[0]))
    if number is None:
        return None
    other = DatabasePermissions(rights.contents, names.catalogue.principals[number])
    return _is_member(names.session, other, role)


def granted(rights: DatabasePermissions, securable: str | None, kind: str) -> list[str]:
    """`fn_my_permissions`: every permission that the caller has on a securable."""
    found = _CLASSES.get(kind.upper())
    if found is None:
        return []
    on = qualified(securable) if securable and found == "OBJECT_OR_COLUMN" else (securable or "").strip("[]")
    return sorted(one for one in COVERED[found] if rights.holds(one, found, "" if found == "DATABASE" else on))
