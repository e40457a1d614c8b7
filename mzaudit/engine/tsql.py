"""T-SQL with a database's own names in it, and the command that runs it there with an Entra identity."""

from __future__ import annotations

import re
import shlex
from typing import Final

from mzaudit.policy.desired import DesiredDatabase
from mzaudit.snapshot.databases import DatabaseGrant
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed

ADMINISTRATOR: Final = "the server's Entra administrator, or a member of db_owner"
# Stands for a name that cannot be shown as it is: whoever runs the statement reads it in the database.
UNSHOWABLE: Final = "NAME_AS_IN_THE_DATABASE"
_PERMISSION: Final = re.compile(r"[A-Z]+( [A-Z]+)*")


def quoted(name: str) -> str:
    """A name as T-SQL takes it; of one with control or invisible characters, a placeholder."""
    if not name.isprintable():
        return f"[{UNSHOWABLE}]"
    return "[" + name.replace("]", "]]") + "]"


def literal(text: str) -> str:
    """A text as T-SQL takes it; of one with control or invisible characters, a placeholder."""
    return "N'" + (text if text.isprintable() else UNSHOWABLE).replace("'", "''") + "'"


def table(name: str) -> str:
    """`schema.table`, quoted."""
    schema, _, rest = name.partition(".")
    return f"{quoted(schema)}.{quoted(rest)}"


def sqlcmd(database: DesiredDatabase, seen: Snapshot, *statements: str) -> str:
    """The command for a POSIX shell that runs these statements in the database.

    `-G` signs in with an Entra identity; `-x` and `-X` keep sqlcmd from reading variables and commands into a name.
    """
    host = seen.server(database.server_id).host
    known = host.value if isinstance(host, Observed) else None
    words = (
        "sqlcmd",
        "-S",
        known or "SQL_SERVER_HOST",
        "-d",
        database.name,
        "-G",
        "-x",
        "-X",
        "-Q",
        " ".join(statements),
    )
    return shlex.join(words)


def create_user(name: str, roles: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The statements that make an Entra identity a user, by its display name, with its roles."""
    members = (f"ALTER ROLE {quoted(role)} ADD MEMBER {quoted(name)};" for role in roles)
    return (f"CREATE USER {quoted(name)} FROM EXTERNAL PROVIDER;", *members)


def revoke(grant: DatabaseGrant) -> str:
    """The statement that takes a granted permission back, with what its holder passed on."""
    permission = grant.permission if _PERMISSION.fullmatch(grant.permission) else UNSHOWABLE
    return f"REVOKE {permission}{_on(grant)} FROM {quoted(grant.grantee)} CASCADE;"


def _on(grant: DatabaseGrant) -> str:
    match grant.kind:
        case "DATABASE":
            return ""
        case "SCHEMA" | "USER" | "ROLE" | "APPLICATION ROLE":
            return f" ON {grant.kind}::{quoted(grant.on)}"
        case _:
            return f" ON {table(grant.on) if grant.on else UNSHOWABLE}"
