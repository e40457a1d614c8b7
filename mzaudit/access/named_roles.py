"""Roles by their names, as a policy calls them: which definition of the run has that name."""

from __future__ import annotations

from mzaudit.access.assignment_index import index
from mzaudit.access.storage_access import BLOB_READER
from mzaudit.access.vault_access import SECRETS_USER
from mzaudit.policy.role_names import is_built_in
from mzaudit.snapshot.estate import Snapshot

METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
_KNOWN = {"storage blob data reader": BLOB_READER, "key vault secrets user": SECRETS_USER}


def role_guid(seen: Snapshot, scope: str, name: str) -> str | None:
    """The GUID of the role of that name, of those that are assigned in the subscription of a scope; None where nothing
    there is of a role by that name, or its definition was not seen."""
    known = _KNOWN.get(name.casefold())
    if known is not None:
        return known
    definitions = index(seen, seen.access(scope)).definitions.values()
    return next((role.guid for role in definitions if role.name.casefold() == name.casefold()), None)


def unseen_role(seen: Snapshot, scope: str, name: str) -> str:
    """A sentence, with a space before it, where a role is no built-in one and nothing that was read is of it."""
    if is_built_in(name) or role_guid(seen, scope, name) is not None:
        return ""
    return f" No role named {name} was found: check that it exists."
