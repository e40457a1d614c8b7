"""The documented things by their names: what a policy calls them where one part of it speaks of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.loader.diagnostics import shown
from mzaudit.policy.rule_vocabulary import meant
from mzaudit.policy.spec_values import database_spec, is_in

if TYPE_CHECKING:
    from mzaudit.policy.desired import DesiredEnvironment
    from mzaudit.policy.models import Policy, Thing

SERVICES = "services"


def sections(policy: Policy) -> Mapping[str, Iterable[str]]:
    """The keys of the documented things, by the section that holds them."""
    named: dict[str, list[str]] = {}
    for one in documented_names(policy):
        named.setdefault(one.section, []).append(one.key)
    databases = [key for server in policy.servers.values() for key in server.databases]
    return named | {"databases": databases, "resources": list(policy.resources)}


def full_name(policy: Policy, name: str) -> str:
    """`vaults.web` of a name, or the name itself where it is of no thing, or of several."""
    full = [f"{section}.{key}" for section, keys in sections(policy).items() for key in keys if key == name]
    return full[0] if len(full) == 1 else name


def unknown(policy: Policy, name: str) -> tuple[str, str] | None:
    """What was expected and what found where a thing is named; None for the name of one thing."""
    full = {f"{section}.{key}": key for section, keys in sections(policy).items() for key in keys}
    alike = [each for each, key in full.items() if key == name]
    if len(alike) > 1:
        return f"one of {', '.join(alike)}", shown(name)
    if alike or name in full:
        return None
    return "the key of a documented thing", meant(name, sorted({*full, *full.values()}))


def environments(policy: Policy, name: str) -> set[str]:
    """The environments that a thing is in, by its full name; none of a name that is of no thing."""
    section, _, key = name.partition(".")
    if section == "databases":
        held = [
            (server.environments, database_spec(server.databases[key]).environments)
            for server in policy.servers.values()
            if key in server.databases
        ]
    else:
        entries: Mapping[str, Thing] = getattr(policy, section, {})
        held = [(entries[key].environments, None)] if key in entries else []
    return {env for own, more in held for env in policy.environments if is_in(own, env) and is_in(more, env)}


def ids(env: DesiredEnvironment) -> Mapping[str, str]:
    """The resource ids of the things of an environment, by their full names."""
    return dict(_ids(env))


def _ids(env: DesiredEnvironment) -> Iterator[tuple[str, str]]:
    for one in env.resources:
        yield f"{one.section}.{one.key}", one.id
    for resource in env.expected:
        if resource.stands_alone:
            yield f"resources.{resource.key}", resource.id
    for storage in env.storage:  # several may lie in one account: a container is the thing
        yield f"storage.{storage.key}", storage.container_id
    for database in env.databases:
        yield f"databases.{database.key}", database.id
