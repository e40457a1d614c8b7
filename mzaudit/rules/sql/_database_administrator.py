"""The Entra administrator of a SQL server, who enters every database as `dbo`."""

from __future__ import annotations

from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Evidence, Fail, Fix
from mzaudit.policy.desired import DesiredDatabase
from mzaudit.rules.sql._database_users import ClientId
from mzaudit.snapshot.sql import EntraAdministrator
from mzaudit.snapshot.text import ids

SERVER_CONTRIBUTOR = "SQL Server Contributor on the server"


def appoint(group: str, server: str) -> str:
    """The command that gives a server an Entra group as its administrator, in place of any other."""
    return az(
        "sql server ad-admin create",
        resource_group=group,
        server_name=server,
        display_name="ADMIN_GROUP",
        object_id="ADMIN_GROUP_OBJECT_ID",
    )


def administers(database: DesiredDatabase, who: EntraAdministrator, client: ClientId, expected: str) -> Fail:
    """A service's identity is the server's Entra administrator."""
    group = ids.segment(database.server_id, "resourceGroups") or ""
    return Fail(
        (
            Evidence(
                f"{database.server_id}/administrators/ActiveDirectory",
                expected,
                f"{who.login}: {client.words}",
                principal=client.principal,
            ),
        ),
        f"{client.words[0].upper()}{client.words[1:]} is the Entra administrator of {database.server}: it enters "
        f"{database.name} as dbo.",
        "Set a group of people as the server's Entra administrator.",
        Fix(
            SERVER_CONTRIBUTOR,
            (appoint(group, database.server),),
            "Microsoft.Sql/servers: properties.administrators",
        ),
    )


def may_be_service(who: EntraAdministrator) -> bool:
    """Whether it is an application, or Azure does not say that it is none."""
    return who.type is None or who.type.casefold() not in ("user", "group")


def administrator_words(who: EntraAdministrator) -> str:
    """The administrator by its name, and what it is."""
    is_group = who.type is not None and who.type.casefold() == "group"
    return f"{who.login} (an Entra group, whose members are not seen)" if is_group else who.login
