"""Who may come in: the gateway's firewall first, then the database's state, then the token and its user."""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass

from mzaudit.simulator.arm.arm_types import type_key
from mzaudit.simulator.estates.simulated_estate import Estate, SqlGateway
from mzaudit.simulator.http_messages import Json
from mzaudit.simulator.services import entra
from mzaudit.simulator.sql import sql_errors
from mzaudit.simulator.sql.contents import Contents, SqlPrincipal, sid_of
from mzaudit.simulator.sql.database_permissions import DatabasePermissions
from mzaudit.simulator.sql.sql_errors import SqlError

SUFFIX = ".database.windows.net"
AUDIENCES = ("https://database.windows.net", "https://database.windows.net/")
# Where Azure would send a client on to; the certificate of its nodes covers one label before this.
WORKER_SUFFIX = ".tr1.westeurope1-a.worker.database.windows.net"
WORKER_PORT = 11013
CLIENT_ADDRESS = "203.0.113.24"  # the address that the firewall sees: loopback is never one
_BEARER = "<token-identified principal>"


@dataclass(frozen=True, slots=True)
class SqlSession:
    """A login that succeeded: where, and as whom; `replica` where a read-only copy answers."""

    server: str
    database: str
    contents: Contents
    user: SqlPrincipal
    login: str
    replica: bool = False
    address: str = CLIENT_ADDRESS


def server_of(estate: Estate, host: str) -> Json | None:
    """The SQL server that answers under a host name: its own, or that of a node of one of its databases."""
    name = host.removesuffix(WORKER_SUFFIX).removesuffix(SUFFIX)
    if estate.fixed:
        return estate.of_type("Microsoft.Sql/servers").get(name)
    for body in estate.resources.values():
        # The child `azureADOnlyAuthentications` bears the type of its server, as Azure has it.
        is_server = type_key(str(body["id"])) == "microsoft.sql/servers"
        if is_server and str(body["name"]).casefold() == name:
            return body
    return None


def pass_gateway(estate: Estate, host: str) -> Json:
    """The server behind a host name, if its network lets the client in; raises `SqlError`."""
    body = server_of(estate, host)
    name = host.removesuffix(WORKER_SUFFIX).removesuffix(SUFFIX)
    if body is None:
        raise SqlError(sql_errors.unknown_server(name))
    if str(body["id"]).casefold() in estate.private_links:
        return body
    if body["properties"]["publicNetworkAccess"] == "Disabled":
        raise SqlError(sql_errors.public_access_denied())
    if not gate(estate, body).admits:
        raise SqlError(sql_errors.firewall(name, CLIENT_ADDRESS))
    return body


def redirects(estate: Estate, server: Json, host: str) -> bool:
    """Whether the client is sent on to a node instead of being served here."""
    return gate(estate, server).redirects and not host.endswith(WORKER_SUFFIX)


def node(estate: Estate, server: Json) -> tuple[str, int]:
    """The host and port that a client of a server is sent on to."""
    return gate(estate, server).target or (f"{server['name']}{WORKER_SUFFIX}", WORKER_PORT)


def admit(estate: Estate, server: Json, database: str, token: str, *, read_only: bool = False) -> SqlSession:
    """Let the bearer of a token into a database; raises `SqlError`. A paused database is woken by being asked.
    Read-only intent leads to a replica, where the database has one that may be read."""
    claims = entra.read(token)
    if claims is None:
        raise SqlError(sql_errors.login_failed(_BEARER))
    if claims.audience not in AUDIENCES or claims.tenant.casefold() != estate.tenant_id:
        more = " The server is not currently configured to accept this token."
        raise SqlError(sql_errors.login_failed(_BEARER, more))
    if claims.expires < time.time():
        raise SqlError(sql_errors.login_failed(_BEARER, " Token is expired."))
    if all(principal.client_id != claims.client_id for principal in estate.principals):
        raise SqlError(sql_errors.login_failed(_BEARER))
    body = estate.resources.get(f"{server['id']}/databases/{database}".casefold())
    contents = estate.sql.get(f"{server['id']}/databases/{database}".casefold())
    if body is None or contents is None:
        raise SqlError(sql_errors.unknown_database(database))
    if body["properties"]["status"] != "Online":
        refusal = sql_errors.unavailable(str(body["name"]), str(server["name"]))
        if body["properties"]["status"] == "Paused":
            body["properties"]["status"] = "Online"
        raise SqlError(refusal)
    user = _user(estate, server, contents, claims)
    login = f"{claims.client_id}@{claims.tenant}"
    secondary = body["properties"].get("secondaryType") == "Geo"
    replica = secondary or (read_only and body["properties"].get("readScale") == "Enabled")
    shown = contents.as_replicated() if replica else contents
    return SqlSession(str(server["name"]), str(body["name"]), shown, user, login, replica)


def deciding(estate: Estate, host: str, database: str) -> bytes:
    """All of an estate that decides what one database answers."""
    server = server_of(estate, host) or {}
    name = f"{server.get('id')}/databases/{database}".casefold()
    directory = estate.tenant_id, estate.principals, estate.group_members
    gateway = estate.gates.get(str(server.get("id")).casefold())
    return pickle.dumps((directory, server, gateway, estate.resources.get(name), estate.sql.get(name)))


def gate(estate: Estate, server: Json) -> SqlGateway:
    """How a server meets its clients."""
    return estate.gates.get(str(server["id"]).casefold(), SqlGateway())


def _user(estate: Estate, server: Json, contents: Contents, claims: entra.Claims) -> SqlPrincipal:
    """The user that a token is in a database: the administrator is dbo, an application is known by its client id alone
    (as the administrator by its object id too), and a group's user stands for all of its members. A user without
    CONNECT is told no more than a stranger."""
    administrator = str((server["properties"].get("administrators") or {}).get("sid", "")).casefold()
    groups = {group for group, members in estate.group_members.items() if claims.oid in members}
    if administrator in {claims.client_id, claims.oid, *groups}:
        return contents.principal("dbo")
    sids = {sid_of(identity) for identity in (claims.client_id, *groups)}
    for user in contents.principals:
        if user.type in ("E", "X") and user.sid is not None and user.sid[:16] in sids:
            if DatabasePermissions(contents, user).holds("CONNECT"):
                return user
            break
    raise SqlError(sql_errors.login_failed(_BEARER))
