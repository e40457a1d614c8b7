"""Whose credentials a command uses, and how it reaches Azure."""

from __future__ import annotations

import os
from collections.abc import Set
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mzaudit.azure.client.connection import Connection
    from mzaudit.azure.client.credential_selection import Login
    from mzaudit.simulator import Simulator


def credentials_and_connection(
    tenants: Set[str | None], simulator: Simulator | None, *, debug: bool
) -> tuple[Login, Connection]:
    """Whose login is used, and how Azure is reached; a tenant that the policy names is asked for if it is the only
    one, and the environment names none."""
    from mzaudit.azure.client.connection import Connection
    from mzaudit.azure.client.credential_selection import choose
    from mzaudit.cli.debug_log import configure_logging
    from mzaudit.cli.streams import say

    configure_logging(debug)
    environment = dict(os.environ)
    if simulator is not None:
        environment = {"MZAUDIT_LABEL_KEY": environment.get("MZAUDIT_LABEL_KEY", ""), **simulator.environ()}
    named = tenants - {None}
    if simulator is None and len(named) == 1 and not environment.get("AZURE_TENANT_ID"):
        environment["AZURE_TENANT_ID"] = str(next(iter(named)))
    connection = Connection.from_environment(environment)
    login = choose(environment, connection)
    if simulator is None:
        say(f"signing in by {login.name}")
    return login, connection
