"""The T-SQL that gives the auditing identity the least it needs in each database, and each service its user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mzaudit.azure.required_permissions import CONNECT, DEFINITIONS_INSIDE, HISTORY, DatabaseNeed
from mzaudit.engine.tsql import create_user, literal, quoted, table
from mzaudit.policy.desired import Desired, DesiredDatabase

_HEAD = """\
-- Run it in each database that it names, as the server's Entra administrator: the parts of other databases do nothing
-- there but say so. mzaudit runs none of it.
-- A name is the display name of an identity: of an app, the app's own. Of one that is a user already, write
-- GRANT CONNECT TO [name] in place of CREATE USER; of a user whose identity was made anew, run DROP USER [name] before.
-- The GRANT on the migration history fails before Flyway's first run: run it again then.
-- Where the server cannot look names up in Entra, by client id (the SELECT prints the SID):
-- SELECT CONVERT(binary(16), CAST('<client id>' AS uniqueidentifier));
-- CREATE USER [name] WITH SID = <0x..., as printed>, TYPE = E;
"""


def script(wanted: Desired, auditor: str) -> str:
    """The statements for the environments asked for; `auditor` is the display name of the auditing identity."""
    parts = [_HEAD]
    for env in (wanted.environments[name] for name in wanted.asked):
        titles = {service.key: (service.app, service.title) for service in env.services}
        for database in env.databases:
            lines = [f"{statement} -- {need.why}" for need, statement in giving(database, auditor).items()]
            for key, roles in database.grants:
                app, title = titles[key]
                lines += [f"-- {_plain(title)}", *create_user(app, roles)]
            title = f"-- {env.env}: database {_plain(database.name)} on the server {_plain(database.server)}"
            parts.append("\n".join((title, *_only_in(database, lines))) + "\n")
    return "\n".join(parts)


def _only_in(database: DesiredDatabase, lines: Iterable[str]) -> Iterator[str]:
    """The lines, so that they do nothing in another database; Azure compares names of both kinds without case."""
    name, server = literal(database.name), literal(database.server)
    told = literal(f"Nothing done for {_plain(database.name)} on {_plain(database.server)}: this is ")
    yield f"IF LOWER(DB_NAME()) = LOWER({name}) AND LOWER(@@SERVERNAME) = LOWER({server})"
    yield "BEGIN"
    yield from (f"  {line}" for line in lines)
    yield "END"
    yield f"ELSE PRINT CONCAT({told}, DB_NAME(), N' on ', @@SERVERNAME);"


def giving(database: DesiredDatabase, auditor: str) -> dict[DatabaseNeed, str]:
    """The statement that gives the auditing identity each permission in a database; a new user has CONNECT."""
    who = quoted(auditor)
    (user,) = create_user(auditor)
    held = {CONNECT: user, DEFINITIONS_INSIDE: f"GRANT {DEFINITIONS_INSIDE.permission} TO {who};"}
    if database.migrations is not None:
        held[HISTORY] = f"GRANT SELECT ON {table(database.migrations)} TO {who};"
    return held


def _plain(text: str) -> str:
    """Text for a comment: one line of what can be shown."""
    return "".join(character if character.isprintable() else "?" for character in text)
