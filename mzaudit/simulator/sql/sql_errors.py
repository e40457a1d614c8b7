"""The errors of Azure SQL in its own words, as `sys.messages` and its documentation have them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerError:
    """An ERROR token: number, text, class (severity) and state."""

    number: int
    message: str
    severity: int = 16
    state: int = 1


class SqlError(Exception):
    """The server answers with this error instead."""

    def __init__(self, error: ServerError) -> None:
        super().__init__(error.message)
        self.error = error


def login_failed(user: str, more: str = "") -> ServerError:
    """18456. To a client the state is always 1: the true one would tell an attacker something."""
    return ServerError(18456, f"Login failed for user '{user}'.{more}", 14)


def firewall(server: str, client: str) -> ServerError:
    """40615: no firewall rule admits the client's address."""
    return ServerError(
        40615,
        f"Cannot open server '{server}' requested by the login. Client with IP address '{client}' is not allowed to "
        "access the server.  To enable access, use the Azure Management Portal or run sp_set_firewall_rule on the "
        "master database to create a firewall rule for this IP address or address range.  It may take up to five "
        "minutes for this change to take effect.",
        14,
    )


def public_access_denied() -> ServerError:
    """47073: the server has no public endpoint."""
    return ServerError(
        47073,
        "An instance-specific error occurred while establishing a connection to SQL Server. Connection was denied "
        "because Deny Public Network Access is set to Yes (https://docs.microsoft.com/azure/azure-sql/database/"
        "connectivity-settings#deny-public-network-access). To connect to this server, use the Private Endpoint from "
        "inside your virtual network (https://docs.microsoft.com/azure/sql-database/sql-database-private-endpoint-"
        "overview#how-to-set-up-private-link-for-azure-sql-database).",
        11,
    )


def unavailable(database: str, server: str) -> ServerError:
    """40613: the database is paused, or is coming up."""
    session = "3F9A2C01-5D0E-4B7C-9C55-7C1D2A8E6B40"
    return ServerError(
        40613,
        f"Database '{database}' on server '{server}' is not currently available.  Please retry the connection later.  "
        "If the problem persists, contact customer support, and provide them the session tracing ID of "
        f"'{{{session}}}'.",
        17,
    )


def unknown_server(server: str) -> ServerError:
    """40532: the name resolves, but there is no such server."""
    return ServerError(40532, f'Cannot open server "{server}" requested by the login.  The login failed.', 20)


def unknown_database(database: str) -> ServerError:
    """4060: there is no such database on the server."""
    return ServerError(4060, f'Cannot open database "{database}" requested by the login. The login failed.', 11)


def syntax(near: str) -> ServerError:
    """102: it does not parse."""
    return ServerError(102, f"Incorrect syntax near '{near}'.", 15)


def unknown_object(name: str) -> ServerError:
    """208: no such table or view."""
    return ServerError(208, f"Invalid object name '{name}'.")


def unknown_column(name: str) -> ServerError:
    """207: no such column."""
    return ServerError(207, f"Invalid column name '{name}'.")


def ambiguous_column(name: str) -> ServerError:
    """209: several tables have that column."""
    return ServerError(209, f"Ambiguous column name '{name}'.")


def unbound_prefix(name: str) -> ServerError:
    """4104: no table of that name is in FROM."""
    return ServerError(4104, f'The multi-part identifier "{name}" could not be bound.')


def unknown_function(name: str) -> ServerError:
    """195: no such function is built in."""
    return ServerError(195, f"'{name}' is not a recognized built-in function name.", 15, 10)


def unknown_procedure(name: str) -> ServerError:
    """2812: no such procedure."""
    return ServerError(2812, f"Could not find stored procedure '{name}'.", 16, 62)


def undeclared(name: str) -> ServerError:
    """137: a variable that nothing declares."""
    return ServerError(137, f'Must declare the scalar variable "{name}".', 15, 2)


def other_database() -> ServerError:
    """40508: a connection stays in its database."""
    text = "USE statement is not supported to switch between databases. Use a new connection to connect to a different "
    return ServerError(40508, text + "database.")


def denied(permission: str, name: str, database: str, schema: str) -> ServerError:
    """229: a right on the object is missing."""
    return ServerError(
        229,
        f"The {permission} permission was denied on the object '{name}', database '{database}', schema '{schema}'.",
        14,
        5,
    )


def denied_column(permission: str, column: str, name: str, database: str, schema: str) -> ServerError:
    """230: a right on the column is missing."""
    return ServerError(
        230,
        f"The {permission} permission was denied on the column '{column}' of the object '{name}', database "
        f"'{database}', schema '{schema}'.",
        14,
        1,
    )


def read_only(database: str) -> ServerError:
    """3906: nothing is ever written here."""
    return ServerError(3906, f'Failed to update database "{database}" because the database is read-only.')


def not_converted(kind: str) -> ServerError:
    """8114: a value does not fit its new type."""
    return ServerError(8114, f"Error converting data type to {kind}.", 16, 5)


def not_served(what: str) -> ServerError:
    """40514: Azure's own word for what this server cannot do."""
    return ServerError(40514, f"'{what}' is not supported in this version of SQL Server.")


def failed_inside() -> ServerError:
    """3624: the server came upon what it did not foresee; its log says what."""
    return ServerError(3624, "A system assertion check has failed. Check the SQL Server error log for details.", 20)


def too_costly() -> ServerError:
    """40549: a query that would never end."""
    return ServerError(40549, "Session is terminated because you have a long-running transaction.", 16)


def unknown_user_function(name: str) -> ServerError:
    """4121: no such function."""
    schema = name.partition(".")[0]
    return ServerError(
        4121,
        f'Cannot find either column "{schema}" or the user-defined function or aggregate "{name}", or the name is '
        "ambiguous.",
    )


def denied_statement(statement: str, database: str) -> ServerError:
    """262: a right on the database is missing."""
    return ServerError(262, f"{statement} permission denied in database '{database}'.", 14)


def wrong_arguments() -> ServerError:
    """174: a function is called with another number of arguments than it takes."""
    return ServerError(174, "The function requires another number of argument(s).", 15)


def unprepared(handle: int) -> ServerError:
    """8179: no statement was prepared under that handle."""
    return ServerError(8179, f"Could not find prepared statement with handle {handle}.", 16, 2)


def unknown_type(name: str) -> ServerError:
    """243: no such data type."""
    return ServerError(243, f"Type {name} is not a defined system type.")


def overflow(kind: str) -> ServerError:
    """8115: a number is too large for its type."""
    return ServerError(8115, f"Arithmetic overflow error converting expression to data type {kind}.", 16, 2)


def other_reference(name: str) -> ServerError:
    """40515: a query stays in its database."""
    text = f"Reference to database and/or server name in '{name}' is not supported in this version of SQL Server."
    return ServerError(40515, text, 15)


def too_deep() -> ServerError:
    """191: a statement is nested too deeply."""
    text = (
        "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries."
    )
    return ServerError(191, text, 15)
