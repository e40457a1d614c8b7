"""Names, environments, places and addresses of a policy: what Azure refuses, and what is said twice or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mzaudit import kinds
from mzaudit.kinds import NamedKind, NameRule
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.loader.diagnostics import Steps, Wrong, shown
from mzaudit.policy.models import DatabaseSpec, PlaceSpec, Policy, PrincipalSpec, StorageSpec, Thing
from mzaudit.policy.rule_vocabulary import meant
from mzaudit.policy.spec_values import (
    database_spec,
    group_of,
    subscription_of,
)

T = TypeVar("T")


_BRACES = re.compile(r"\{[^}]*\}?|\}")


def accepted_names(policy: Policy) -> Wrong:
    """Every name: braces, environments, and what it is in each environment."""
    for one in _names_of(policy):
        known = ("{env}", "{service}") if one.of_service else ("{env}",)
        for at, name in spelled_names(one):
            if strange := [braces for braces in _BRACES.findall(name) if braces not in known]:
                yield at, f"no braces but {' and '.join(known)}", shown(strange[0])
        if one.of_service:
            continue  # what it makes is looked at with the services
        for env in one.environments:
            template = _in(one.name, env)
            if template is None or _BRACES.findall(template.replace("{env}", "")):
                continue
            name = template.replace("{env}", env)
            if not one.rule.pattern.fullmatch(name):
                at = one.steps if isinstance(one.name, str) else (*one.steps, env)
                yield at, one.rule.words, shown(name) + (f" for {env}" if "{env}" in template else "")
                break


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """A name of a resource, the environments that it has to have one in, and whether {service} may stand in it."""

    steps: Steps
    name: str | Mapping[str, str]
    rule: NameRule
    environments: tuple[str, ...]
    of_service: bool = False


def _names_of(policy: Policy) -> Iterator[NameTemplate]:
    """Each name of a resource."""
    every = tuple(policy.environments)
    for key, place in policy.places.items():
        at: Steps = ("places", key) if isinstance(place, str) else ("places", key, "group")
        of_service = is_of_services(place)
        yield NameTemplate(at, group_of(place), kinds.GROUP_NAME, _used_in(policy, key), of_service)
    for thing in _things(policy):
        for field, name, rule in thing.names:
            yield NameTemplate((*thing.steps, field), name, rule, thing.environments)
    for key, server in policy.servers.items():
        around = environments_of(server.environments, every)
        for held, written in server.databases.items():
            spec = database_spec(written)
            steps: Steps = ("servers", key, "databases", held)
            there = tuple(env for env in environments_of(spec.environments, every) if env in around)
            yield NameTemplate(
                steps if isinstance(written, str) else (*steps, "name"), spec.name, kinds.DATABASE_NAME, there
            )


@dataclass(frozen=True, slots=True)
class _NamedThing:
    """A documented thing at the top of a resource group; `names` are those of its fields that make its address, and
    `environments` those that it is in."""

    section: str
    key: str
    kind: NamedKind
    names: tuple[tuple[str, str | Mapping[str, str], NameRule], ...]
    thing: Thing
    environments: tuple[str, ...]

    @property
    def steps(self) -> Steps:
        return self.section, self.key

    @property
    def place(self) -> str | dict[str, str]:
        return self.thing.place


def _things(policy: Policy) -> Iterator[_NamedThing]:
    every = tuple(policy.environments)
    for one in documented_names(policy):
        names = [(one.field, one.name, one.kind.name)]
        if isinstance(one.thing, StorageSpec):
            names.append(("container", one.thing.container, kinds.CONTAINER_NAME))
        there = environments_of(one.thing.environments, every)
        yield _NamedThing(one.section, one.key, one.kind, tuple(names), one.thing, there)


def environments_of(named: tuple[str, ...] | None, every: tuple[str, ...]) -> tuple[str, ...]:
    return every if named is None else tuple(env for env in every if env in named)


def _in(value: T | Mapping[str, T], env: str) -> T | None:
    return value.get(env) if isinstance(value, Mapping) else value


def spelled_names(one: NameTemplate) -> list[tuple[Steps, str]]:
    """Each place where a name is written."""
    if isinstance(one.name, str):
        return [(one.steps, one.name)]
    return [((*one.steps, env), name) for env, name in one.name.items()]


def _used_in(policy: Policy, place: str) -> tuple[str, ...]:
    """The environments in which something is at a place; all, where nothing names it."""
    placed = [(thing.place, thing.environments) for thing in _things(policy)]
    placed += [
        (one.place, environments_of(one.environments, tuple(policy.environments)))
        for one in policy.resources.values()
        if one.parent is None
    ]
    used = {env for named, environments in placed for env in environments if _in(named, env) == place}
    return tuple(env for env in policy.environments if env in used) or tuple(policy.environments)


def whole_mappings(policy: Policy) -> Wrong:
    """A mapping by environment has each environment that it is asked for, and no other."""
    every = tuple(policy.environments)
    for steps, value, wanted in _mappings(policy, every):
        for env in value:
            if env not in policy.environments:
                yield (*steps, env), f"one of {', '.join(every)}", meant(env, every)
        if missing := [env for env in wanted if env not in value]:
            yield steps, f"an entry for {' and '.join(missing)}", f"only {', '.join(value)}"


def _mappings(policy: Policy, every: tuple[str, ...]) -> Iterator[tuple[Steps, Mapping[str, object], tuple[str, ...]]]:
    """Each mapping by environment, and the environments that it must have."""
    values: list[tuple[Steps, object, tuple[str, ...]]] = [
        (one.steps, one.name, one.environments) for one in _names_of(policy)
    ]
    values += [((*thing.steps, "place"), thing.place, thing.environments) for thing in _things(policy)]
    for key, place in policy.places.items():
        if not isinstance(place, str):
            values.append((("places", key, "subscription"), place.subscription, _used_in(policy, key)))
    for key, service in policy.services.items():
        if service.image is not None:
            there = environments_of(service.environments, every)
            values.append((("services", key, "image", "digest"), service.image.digest, there))
    for family, least in policy.plans.minimum.items():
        values.append((("plans", "minimum", family), least, every))
    for steps, principal in stated_principals(policy):
        values.append(((*steps, "object_id"), principal.object_id, ()))
    values.append((("plans", "recommended"), policy.plans.recommended, every))
    values.append((("secrets", "expiring_days"), policy.secrets.expiring_days, every))
    for server, held, spec in stated_databases(policy):
        if spec.migrations is not None:
            at: Steps = ("servers", server, "databases", held, "migrations", "version")
            values.append((at, spec.migrations.version, ()))
    yield from ((steps, value, wanted) for steps, value, wanted in values if isinstance(value, dict))


def stated_principals(policy: Policy) -> Iterator[tuple[Steps, PrincipalSpec]]:
    """Everybody whom the policy names by object id."""
    for key, vault in policy.vaults.items():
        yield from ((("vaults", key, "readers", index), one) for index, one in enumerate(vault.readers))
    yield from ((("people", index), one) for index, one in enumerate(policy.people))
    yield from ((("pipelines", index), one) for index, one in enumerate(policy.pipelines))


def stated_databases(policy: Policy) -> Iterator[tuple[str, str, DatabaseSpec]]:
    for key, server in policy.servers.items():
        for held, written in server.databases.items():
            yield key, held, database_spec(written)


def known_environments(policy: Policy) -> Wrong:
    """What is in some environments alone names them, each once."""
    every = tuple(policy.environments)
    named = [(thing.steps, thing.thing.environments) for thing in _things(policy)]
    named += [(("servers", key, "databases", held), spec.environments) for key, held, spec in stated_databases(policy)]
    for steps, environments in named:
        for position, env in enumerate(environments or ()):
            at = (*steps, "environments", position)
            if env not in policy.environments:
                yield at, f"one of {', '.join(every)}", meant(env, every)
            elif env in (environments or ())[:position]:
                yield at, "each environment once", f"{shown(env)} again"
    for key, server in policy.servers.items():
        around = environments_of(server.environments, every)
        for held, written in server.databases.items():
            for position, env in enumerate(database_spec(written).environments or ()):
                if env in policy.environments and env not in around:
                    expected = f"an environment that its server is in ({', '.join(around)})"
                    yield ("servers", key, "databases", held, "environments", position), expected, shown(env)


NO_SERVICE = "a place without {service}, which only a service's own app has"


def is_of_services(place: str | PlaceSpec) -> bool:
    """Whether a place is a resource group for each service."""
    return "{service}" in json.dumps(group_of(place))


def unknown_place(policy: Policy, place: str, *, said: bool) -> tuple[str, str]:
    """What was expected and found instead of a place that is none; `said` tells whether the policy names it."""
    found = meant(place, tuple(policy.places)) if said else "none, and no place is called default"
    return declared("places", policy.places), found


def known_places(policy: Policy) -> Wrong:
    """Every thing is at a place that is declared; {service} stands in the places of services alone."""
    for thing in _things(policy):
        written = [thing.place] if isinstance(thing.place, str) else list(thing.place.values())
        for place in dict.fromkeys(written):
            at = (*thing.steps, "place")
            if place not in policy.places:
                yield at, *unknown_place(policy, place, said="place" in thing.thing.model_fields_set)
            elif thing.kind is not kinds.SITE and is_of_services(policy.places[place]):
                yield at, NO_SERVICE, shown(place)
            elif thing.kind is kinds.SITE:
                for env in thing.environments:
                    group = _in(group_of(policy.places[place]), env) or ""
                    name = group.replace("{env}", env).replace("{service}", thing.key)
                    if (
                        "{service}" in group
                        and not _BRACES.search(name)
                        and not kinds.GROUP_NAME.pattern.fullmatch(name)
                    ):
                        yield at, kinds.GROUP_NAME.words, f"{shown(name)} for {env}"
                        break


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a thing is in one environment; `part` is the container in an account. A subscription that only the run
    knows is empty."""

    subscription: str
    group: str
    name: str
    part: str


def _addresses(policy: Policy, thing: _NamedThing) -> Iterator[tuple[str, _Address]]:
    """The address of a thing in each environment; none where a name or a place is missing or unfit."""
    for env in thing.environments:
        place = policy.places.get(_in(thing.place, env) or "")
        names = [_in(name, env) for _, name, _ in thing.names]
        group = _in(group_of(place), env) if place is not None else None
        if place is None or group is None or None in names:
            continue
        subscription = subscription_of(place, env) or policy.environments[env].subscription or ""
        service = thing.key if thing.kind is kinds.SITE else ""
        words = [str(each).replace("{env}", env).casefold() for each in (*names, "")]
        group = group.replace("{env}", env).replace("{service}", service).casefold()
        if not any(_BRACES.search(word) for word in (*words, group)):
            yield env, _Address(subscription.casefold(), group, words[0], words[1])


def distinct_addresses(policy: Policy) -> Wrong:
    """No two things are at one address, and what has one name in several environments is one thing in one place."""
    for kind in kinds.NAMED:
        taken: dict[str, str] = {}
        places: dict[str, tuple[str, _Address]] = {}
        said: set[str] = set()
        for thing in (each for each in _things(policy) if each.kind is kind):
            for env, address in _addresses(policy, thing):
                where = "" if kind.worldwide else f"{address.subscription}/{address.group}/"
                first = taken.setdefault(f"{where}{address.name}/{address.part}", thing.key)
                there, other = places.setdefault(f"{where}{address.name}", (env, address))
                if thing.key in said:
                    continue
                if first != thing.key:
                    said.add(thing.key)
                    found = f"{shown(address.part or address.name)}, which is also that of {first}"
                    yield (*thing.steps, thing.names[-1][0]), "a name of its own", found
                elif (there, other) != (env, address) and (words := _shared(kind, address, other)):
                    said.add(thing.key)
                    both = f" for {there} and {env}" if there != env else ""
                    yield (*thing.steps, thing.names[0][0]), words, f"{shown(address.name)}{both}"
    for key, server in policy.servers.items():
        held: dict[tuple[str, str], str] = {}
        for database, written in server.databases.items():
            steps: Steps = ("servers", key, "databases", database)
            spec = database_spec(written)
            names = {env: _in(spec.name, env) for env in environments_of(spec.environments, tuple(policy.environments))}
            taken_by = [
                held.setdefault((env, name.replace("{env}", env).casefold()), database)
                for env, name in names.items()
                if name is not None
            ]
            if other_key := next((each for each in taken_by if each != database), None):
                at = steps if isinstance(written, str) else (*steps, "name")
                name = next(iter(names.values()))
                yield at, "a name of its own", f"{shown(name)}, which is also that of {other_key}"


def _shared(kind: NamedKind, address: _Address, other: _Address) -> str:
    """What is wrong with a thing that has one name in two environments; empty where it is one thing."""
    if kind is kinds.SITE:
        return f"{{env}} in the name, or environments would share one {kind.noun}"
    if address.group != other.group:
        return f"{{env}} in the name, or a place that environments share, because there is one {kind.noun} of a name"
    if address.subscription and other.subscription and address.subscription != other.subscription:
        return f"a place with a subscription, because the environments have their own and share one {kind.noun}"
    return ""


def declared(where: str, known: Iterable[str]) -> str:
    return f"an entry of {where} ({', '.join(known) or 'none is declared'})"
