"""Binds the documented resources of any type, and what is expected of things, to an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mzaudit.kinds import SERVER
from mzaudit.policy import things
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.resources.expected_body import ExpectedBody, ExpectedFact
from mzaudit.policy.resources.resource_models import Condition

if TYPE_CHECKING:
    from mzaudit.policy.desired import DesiredEnvironment, Where
    from mzaudit.policy.models import Policy, ResourceSpec
    from mzaudit.policy.resources.resource_models import Expectations

Steps = tuple[str | int, ...]
RESOURCES = "resources"
_DATABASE = f"{SERVER}/databases"


@dataclass(frozen=True, slots=True)
class _BoundThing:
    """A documented thing that is a resource; `steps` lead to it in the policy, `of` is the id of its parent."""

    key: str
    id: str
    steps: Steps
    of: str
    expect: Expectations
    api_version: str = ""
    stands_alone: bool = False


def bound_resources(
    policy: Policy,
    where: Where,
    env: DesiredEnvironment,
    group_of: Callable[[ResourceSpec], str],
    named: Callable[[str | Mapping[str, str]], str],
) -> tuple[ExpectedBody, ...]:
    """Each documented resource of any type, and each thing or part of one of which something is expected; `group_of`
    tells the id of a resource's group, `named` fills in its name."""
    found: dict[str, ExpectedBody] = {}
    types = documented_types(policy)
    for thing in (*_of_sections(policy, env), *_of_any_type(policy, env, group_of, named)):
        asked: dict[str, dict[str, ExpectedFact]] = {"": {}} if thing.stands_alone else {}
        for path, expectations in policy.expect.items():
            if (part := _part(path, thing.id, types)) is not None:
                asked.setdefault(part, {}).update(_facts(where, ("expect", path), expectations, env.env))
        if thing.expect:
            asked.setdefault("", {}).update(_facts(where, (*thing.steps, "expect"), thing.expect, env.env))
        for part, facts in asked.items():
            resource_id, first = thing.id + part, found.get((thing.id + part).casefold())
            found[resource_id.casefold()] = ExpectedBody(
                env=env.env,
                key=thing.key + part,
                id=resource_id,
                of=thing.of,
                api_version=thing.api_version if not part else "",
                facts=tuple(
                    {one.expression: one for one in (*(first.facts if first else ()), *facts.values())}.values()
                ),
                stands_alone=thing.stands_alone and not part,
                sizes=policy.plans.sizes,
                where=where(*thing.steps),
            )
    return tuple(found.values())


def _of_sections(policy: Policy, env: DesiredEnvironment) -> Iterator[_BoundThing]:
    """The things of which the policy has a section of their own; an account once for all of its containers."""
    accounts = {f"storage.{one.key}": one.account_id for one in env.storage}
    databases = {one.key: (server.key, one.key) for server in env.servers for one in server.databases}
    for name, id_ in things.ids(env).items():
        section, _, key = name.partition(".")
        id_ = accounts.get(name, id_)
        if section == "databases":
            server, held = databases[key]
            spec = policy.servers[server].databases[held]
            expect = {} if isinstance(spec, str) else spec.expect
            yield _BoundThing(name, id_, ("servers", server, "databases", held), id_, expect)
        else:
            yield _BoundThing(name, id_, (section, key), id_, getattr(policy, section)[key].expect)


def _of_any_type(
    policy: Policy,
    env: DesiredEnvironment,
    group_of: Callable[[ResourceSpec], str],
    named: Callable[[str | Mapping[str, str]], str],
) -> Iterator[_BoundThing]:
    above = {**things.ids(env)} | {f"storage.{one.key}": one.account_id for one in env.storage}
    ids: dict[str, str] = {}

    def place(key: str) -> str | None:
        """The id of a resource, beneath its parent's; None where it is not in this environment, or in a circle."""
        spec = policy.resources[key]
        if key in ids:
            return ids[key] or None
        if spec.environments is not None and env.env not in spec.environments:
            return None
        ids[key] = ""
        if spec.parent is None:
            parent: str | None = None
            start = group_of(spec)
        else:
            full = things.full_name(policy, spec.parent)
            beside = full.removeprefix(f"{RESOURCES}.")
            parent = above.get(full) or (place(beside) if beside in policy.resources else None)
            if parent is None:
                return None
            start = parent
        ids[key] = _beneath(start, "" if parent is None else type_of(parent), spec.type, named(spec.name))
        return ids[key]

    for key, spec in policy.resources.items():
        id_ = place(key)
        if id_ is not None:
            parent = None if spec.parent is None else above.get(things.full_name(policy, spec.parent))
            yield _BoundThing(key, id_, (RESOURCES, key), parent or id_, spec.expect, spec.api_version or "", True)


def _facts(where: Where, steps: Steps, expectations: Expectations, env: str) -> Iterator[tuple[str, ExpectedFact]]:
    for expression, told in expectations.items():
        one = told[env] if isinstance(told, dict) else told
        condition = one if isinstance(one, Condition) else Condition(equal=one)
        yield expression, ExpectedFact(expression, _filled(condition, env), where(*steps, expression))


def _filled(condition: Condition, env: str) -> Condition:
    """The condition with the environment's name in its texts."""

    def filled(value: object) -> object:
        if isinstance(value, tuple):
            return tuple(map(filled, value))
        return value.replace("{env}", env) if isinstance(value, str) else value

    given = {name: getattr(condition, name) for name in condition.model_fields_set}
    return condition.model_copy(update={name: filled(value) for name, value in given.items()})


def documented_types(policy: Policy) -> set[str]:
    """The types of the documented things of all environments, in small letters."""
    named = {one.kind.type for one in documented_names(policy)} | {one.type for one in policy.resources.values()}
    databases = {_DATABASE} if any(server.databases for server in policy.servers.values()) else set[str]()
    return {each.casefold() for each in named | databases}


def _part(path: str, thing_id: str, types: Iterable[str]) -> str | None:
    """What of a thing a path of types means: empty for the thing itself, else what follows its id; None for another
    type's. Where several documented types begin a path, it is of the one of which it names a resource (what follows
    the type is pairs of a type and a name), and of the longest: `Microsoft.Sql/servers/databases` is no list of each
    server, but each documented database."""
    kind, whole = type_of(thing_id).casefold(), path.casefold()
    owners = [each for each in types if whole == each or whole.startswith(f"{each}/")]
    owner = max(owners, key=lambda each: (whole.count("/", len(each)) % 2 == 0, len(each)), default=None)
    return path[len(kind) :] if kind == owner else None


def _beneath(above: str, owner: str, kind: str, name: str) -> str:
    """The id of a resource: a part of its owner where its type says so, else set on it, or in a group."""
    if owner and kind.casefold().startswith(owner.casefold() + "/"):
        types, start = kind[len(owner) + 1 :].split("/"), above
    else:
        namespace, _, rest = kind.partition("/")
        types, start = rest.split("/"), f"{above}/providers/{namespace}"
    names = name.split("/")
    return start + "".join(f"/{one}/{called}" for one, called in zip(types, names, strict=False))


def type_of(resource_id: str) -> str:
    """The type of a resource, by its id."""
    namespace, *rest = resource_id.rpartition("/providers/")[2].split("/")
    return "/".join((namespace, *rest[::2]))
