"""What a policy may not say though every field of it is well-formed: contradictions, and names that Azure refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mzaudit import kinds
from mzaudit.kinds import NamedKind, NameRule
from mzaudit.policy import resource_checks, role_names, things
from mzaudit.policy.bind import (
    CONTAINER,
    NO_COMPONENT,
    database_spec,
    group_of,
    own_vaults,
    registry_of,
    stored_name,
    subscription_of,
)
from mzaudit.policy.desired import Where
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.loader.diagnostics import Contradiction, Steps, shown
from mzaudit.policy.models import AccessSpec, DatabaseSpec, Policy, RuleOverride, ServiceSpec, StorageSpec, Thing
from mzaudit.policy.rule_vocabulary import Vocabulary, meant
from mzaudit.policy.skus import family_of, is_known, sku


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader of the policy should know, and the `file:line` that it is about; never an error."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


Wrong = Iterator[Contradiction]
T = TypeVar("T")


_SECRET = re.compile(r"[0-9A-Za-z-]{1,127}")
_FLYWAY_VERSION = re.compile(r"[0-9]{1,20}([._][0-9]{1,20}){0,10}")
_EF_MIGRATION = re.compile(r"[0-9]{14}_\w+")
_STYLES = ("commit", "semver", "any")
_BRACES = re.compile(r"\{[^}]*\}?|\}")


def contradictions(policy: Policy, words: Vocabulary) -> Wrong:
    """Every contradiction of a policy, and every word in it that no rule knows."""
    for find in _CHECKS:
        yield from find(policy)
    yield from resource_checks.contradictions(policy, words)
    for code in policy.rules:
        if unknown := words.no_rule(code):
            yield ("rules", code), *unknown
    for index, allowed in enumerate(policy.parity):
        if unknown := words.no_fact(allowed.what):
            yield ("parity", index, "what"), *unknown


def _names(policy: Policy) -> Wrong:
    """Every name: braces, environments, and what it is in each environment."""
    for one in _names_of(policy):
        known = ("{env}", "{service}") if one.of_service else ("{env}",)
        for at, name in _spelt(one):
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
class _Name:
    """A name of a resource, the environments that it has to have one in, and whether {service} may stand in it."""

    steps: Steps
    name: str | Mapping[str, str]
    rule: NameRule
    environments: tuple[str, ...]
    of_service: bool = False


def _names_of(policy: Policy) -> Iterator[_Name]:
    """Each name of a resource."""
    every = tuple(policy.environments)
    for key, place in policy.places.items():
        at: Steps = ("places", key) if isinstance(place, str) else ("places", key, "group")
        of_service = "{service}" in json.dumps(group_of(place))
        yield _Name(at, group_of(place), kinds.GROUP_NAME, _used_in(policy, key), of_service)
    for thing in _things(policy):
        for field, name, rule in thing.names:
            yield _Name((*thing.steps, field), name, rule, thing.environments)
    for key, server in policy.servers.items():
        around = _environments(server.environments, every)
        for held, written in server.databases.items():
            spec = database_spec(written)
            steps: Steps = ("servers", key, "databases", held)
            there = tuple(env for env in _environments(spec.environments, every) if env in around)
            yield _Name(steps if isinstance(written, str) else (*steps, "name"), spec.name, kinds.DATABASE_NAME, there)


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
        there = _environments(one.thing.environments, every)
        yield _NamedThing(one.section, one.key, one.kind, tuple(names), one.thing, there)


def _environments(named: tuple[str, ...] | None, every: tuple[str, ...]) -> tuple[str, ...]:
    return every if named is None else tuple(env for env in every if env in named)


def _in(value: T | Mapping[str, T], env: str) -> T | None:
    return value.get(env) if isinstance(value, Mapping) else value


def _spelt(one: _Name) -> list[tuple[Steps, str]]:
    """Each place where a name is written."""
    if isinstance(one.name, str):
        return [(one.steps, one.name)]
    return [((*one.steps, env), name) for env, name in one.name.items()]


def _used_in(policy: Policy, place: str) -> tuple[str, ...]:
    """The environments in which something is at a place; all, where nothing names it."""
    used = {env for thing in _things(policy) for env in thing.environments if _in(thing.place, env) == place}
    return tuple(env for env in policy.environments if env in used) or tuple(policy.environments)


def _by_environment(policy: Policy) -> Wrong:
    """A mapping by environment has each environment that it is asked for, and no other."""
    every = tuple(policy.environments)
    for steps, value, wanted in _mappings(policy, every):
        for env in value:
            if env not in policy.environments:
                yield (*steps, env), f"one of {', '.join(every)}", meant(env, every)
        if missing := [env for env in wanted if env not in value]:
            yield steps, f"an entry for {' and '.join(missing)}", f"only {', '.join(value)}"


def by_environment(policy: Policy) -> Iterator[tuple[Steps, Mapping[str, object]]]:
    """Each mapping by environment, and where it is."""
    for steps, value, _ in _mappings(policy, tuple(policy.environments)):
        yield steps, value


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
            there = _environments(service.environments, every)
            values.append((("services", key, "image", "digest"), service.image.digest, there))
    for family, least in policy.plans.minimum.items():
        values.append((("plans", "minimum", family), least, every))
    values.append((("plans", "recommended"), policy.plans.recommended, every))
    values.append((("secrets", "expiring_days"), policy.secrets.expiring_days, every))
    for server, held, spec in _databases(policy):
        if spec.migrations is not None:
            at: Steps = ("servers", server, "databases", held, "migrations", "version")
            values.append((at, spec.migrations.version, ()))
    yield from ((steps, value, wanted) for steps, value, wanted in values if isinstance(value, dict))


def _databases(policy: Policy) -> Iterator[tuple[str, str, DatabaseSpec]]:
    for key, server in policy.servers.items():
        for held, written in server.databases.items():
            yield key, held, database_spec(written)


def _known_environments(policy: Policy) -> Wrong:
    """What is in some environments alone names them, each once."""
    every = tuple(policy.environments)
    named = [(thing.steps, thing.thing.environments) for thing in _things(policy)]
    named += [(("servers", key, "databases", held), spec.environments) for key, held, spec in _databases(policy)]
    for steps, environments in named:
        for position, env in enumerate(environments or ()):
            at = (*steps, "environments", position)
            if env not in policy.environments:
                yield at, f"one of {', '.join(every)}", meant(env, every)
            elif env in (environments or ())[:position]:
                yield at, "each environment once", f"{shown(env)} again"


def _places(policy: Policy) -> Wrong:
    """Every thing is at a place that is declared; {service} stands in the places of services alone."""
    for thing in _things(policy):
        written = [thing.place] if isinstance(thing.place, str) else list(thing.place.values())
        for place in dict.fromkeys(written):
            at = (*thing.steps, "place")
            if place not in policy.places:
                default = place == "default" and "place" not in thing.thing.model_fields_set
                found = "none, and no place is called default" if default else meant(place, tuple(policy.places))
                yield at, _declared("places", policy.places), found
            elif thing.kind is not kinds.SITE and "{service}" in json.dumps(group_of(policy.places[place])):
                yield at, "a place without {service}, which only a service's own app has", shown(place)
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


def _one_address(policy: Policy) -> Wrong:
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
            names = {env: _in(spec.name, env) for env in _environments(spec.environments, tuple(policy.environments))}
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


def _references(policy: Policy) -> Wrong:
    """What a service names must be declared, and be there in an environment of the service."""
    databases = {held: (key, spec) for key, held, spec in _databases(policy)}
    for key, service in policy.services.items():
        here: Steps = ("services", key)
        if service.vault is not None:
            yield from _there(policy, service, (*here, "vault"), "vaults", service.vault)
        for index, vault in enumerate(service.vaults):
            yield from _there(policy, service, (*here, "vaults", index), "vaults", vault)
            if vault in (*service.vaults[:index], service.vault):
                yield (*here, "vaults", index), "each vault once", f"{shown(vault)} again"
        for index, storage in enumerate(service.storage):
            yield from _there(policy, service, (*here, "storage", index), "storage", storage)
            if storage in service.storage[:index]:
                yield (*here, "storage", index), "each container once", f"{shown(storage)} again"
        if service.image is not None:
            yield from _registry(policy, service, key)
        if service.component is not None and service.component != NO_COMPONENT:
            yield from _there(policy, service, (*here, "component"), "components", service.component)
        elif service.component is None and len(policy.components) > 1:
            known = _declared("components", policy.components)
            yield (*here, "component"), f"{known} or {NO_COMPONENT}", "nothing, and there are several"
        yield from _settings(policy, key)
        named = [name.casefold() for name in service.sidecars]
        for position, name in enumerate(service.sidecars):
            if name.casefold() in named[:position]:
                yield (*here, "sidecars", name), "each side-car once", f"{shown(name)} again"
        seen: set[str] = set()
        for index, grant in enumerate(service.databases):
            at = (*here, "databases", index, "database")
            if grant.database not in databases:
                yield at, _declared("the databases of servers", databases), meant(grant.database, tuple(databases))
            if grant.database in seen:
                yield at, "each database once", f"{shown(grant.database)} again"
            seen.add(grant.database)


def _there(policy: Policy, service: ServiceSpec, at: Steps, section: str, named: str) -> Wrong:
    """A thing that a service names is declared, and is in one of the service's environments."""
    entries: Mapping[str, Thing] = getattr(policy, section)
    every = tuple(policy.environments)
    if named not in entries:
        yield at, _declared(section, entries), meant(named, tuple(entries))
    elif not set(_environments(entries[named].environments, every)) & set(_environments(service.environments, every)):
        yield at, "a thing that is in an environment of the service", f"{shown(named)}, which is in none of them"


def _registry(policy: Policy, service: ServiceSpec, key: str) -> Wrong:
    """A service's image comes from a registry that is there wherever the service is."""
    named = registry_of(policy, service)
    at: Steps = ("services", key, "image")
    if named is None:
        known = _declared("registries", policy.registries)
        yield at, f"registry, {known}", "none" if not policy.registries else "none, and there are several"
        return
    yield from _there(policy, service, (*at, "registry"), "registries", named)
    if named in policy.registries:
        every = tuple(policy.environments)
        there = _environments(policy.registries[named].environments, every)
        here = _environments(service.environments, every)
        lacking = [env for env in here if env not in there]
        if 0 < len(lacking) < len(here):
            expected = "a registry in each environment of the service"
            yield (*at, "registry"), expected, f"{shown(named)}, which is not in {', '.join(lacking)}"


def _identities(policy: Policy) -> Wrong:
    """A service acts as an identity that is declared, and as one where it needs one."""
    for key, service in policy.services.items():
        at: Steps = ("services", key, "identity")
        kind, _, named = service.identity.partition(":")
        if kind == "user":
            yield from _there(policy, service, at, "identities", named)
        elif kind == "none":
            needs = [field for field in _NEEDS_IDENTITY if getattr(service, field)]
            if needs:
                yield at, f"an identity, because the service has {' and '.join(needs)}", "none"


_NEEDS_IDENTITY = ("vault", "vaults", "storage", "databases", "settings", "image", "access")


def _stated_access(policy: Policy) -> Iterator[tuple[Steps, tuple[AccessSpec, ...]]]:
    """Whoever holds roles, and which."""
    yield from ((("services", key), service.access) for key, service in policy.services.items())
    yield from ((("people", index), one.access) for index, one in enumerate(policy.people))
    yield from ((("pipelines", index), one.access) for index, one in enumerate(policy.pipelines))


def _roles(policy: Policy) -> Iterator[tuple[Steps, str]]:
    """Each role's name, and where it stands."""
    for steps, access in _stated_access(policy):
        yield from (((*steps, "access", index, "role"), one.role) for index, one in enumerate(access))
    for key, storage in policy.storage.items():
        yield ("storage", key, "role"), storage.role


def _role_names(policy: Policy) -> Wrong:
    """No role has the name of a built-in one misspelt."""
    for at, role in _roles(policy):
        if name := role_names.misspelt(role):
            yield (
                at,
                "the name of a built-in role, or of one of the tenant's own",
                f"{shown(role)} (did you mean {name}?)",
            )


def _access(policy: Policy) -> Wrong:
    """Roles are held on things that are declared, each once."""
    for steps, access in _stated_access(policy):
        seen: set[tuple[str, str]] = set()
        for index, one in enumerate(access):
            at = (*steps, "access", index)
            if unknown := things.unknown(policy, one.on):
                yield (*at, "on"), *unknown
            what = one.role.casefold(), things.full_name(policy, one.on)
            if what in seen:
                yield at, "each role on a thing once", f"{shown(one.role)} on {one.on} again"
            seen.add(what)


def _images(policy: Policy) -> Wrong:
    """Tags have a style that is known, or a pattern that some tag matches."""
    for key, service in policy.services.items():
        if service.image is None:
            continue
        if service.runs != CONTAINER:
            yield ("services", key, "image"), f"none, because it runs {service.runs}", "one"
        tags, at = service.image.tags, ("services", key, "image", "tags")
        if tags not in _STYLES and "*" not in tags:
            yield at, f"{', '.join(_STYLES)} or a pattern with *", meant(tags, _STYLES)
        elif tags.startswith((".", "-")):
            yield at, "a pattern that a tag can match, which begins with a letter, a digit or _", shown(tags)


def _settings(policy: Policy, key: str) -> Wrong:
    """A setting refers to a secret that is declared, and takes no other secret's place."""
    service = policy.services[key]
    secrets = [f"{vault}/{secret}" for vault, one in policy.vaults.items() for secret in one.secrets]
    named = set(service.settings.values())
    own = own_vaults(service)
    for setting, path in service.settings.items():
        at, vault = ("services", key, "settings", setting), path.partition("/")[0]
        if vault not in policy.vaults:
            yield at, f"a secret of {_declared('vaults', policy.vaults)}", meant(path, secrets)
        elif path not in secrets:
            yield at, f"vault/secret with a secret of {vault}", meant(path, secrets)
        for beside in (f"{each}/{setting}" for each in own):
            if path != beside and beside in secrets and beside not in named and _is_setting(policy, beside):
                yield at, f"another name, or one for {beside} too, whose setting it would be", shown(path)
    by_name: dict[str, str] = {}
    for vault in own:
        for secret in policy.vaults[vault].secrets if vault in policy.vaults else ():
            alone = policy.vaults[vault].secrets[secret].setting and f"{vault}/{secret}" not in named
            if alone and secret not in service.settings:
                first = by_name.setdefault(secret, vault)
                if first != vault:
                    yield (
                        ("services", key, "vaults"),
                        f"settings that say which {secret} is which",
                        f"{first}/{secret} and {vault}/{secret}, which would be one setting",
                    )


def _is_setting(policy: Policy, path: str) -> bool:
    """Whether a secret, by vault and name, is a setting where nothing else is said."""
    vault, _, secret = path.partition("/")
    return policy.vaults[vault].secrets[secret].setting


def _sql(policy: Policy) -> Wrong:
    """A database's key is one server's; one table or principal is excused once, compared as SQL Server does."""
    first: dict[str, str] = {}
    for server, held, spec in _databases(policy):
        steps: Steps = ("servers", server, "databases", held)
        other = first.setdefault(held, server)
        if other != server:
            yield steps, "a key that no other server's database has", f"{shown(held)}, which is also one of {other}"
        tables = [((*steps, "excused", n, "table"), entry.table) for n, entry in enumerate(spec.excused)]
        admins = [((*steps, "administrators", n, "name"), entry.name) for n, entry in enumerate(spec.administrators)]
        for entries in (tables, admins):
            names = [entry.casefold() for _, entry in entries]
            for position, (at, entry) in enumerate(entries):
                if entry.casefold() in names[:position]:
                    yield at, "each once", f"{shown(entry)} again"
        yield from _migrations(spec, (*steps, "migrations"))
        if spec.tenant_column is None:
            for field, given in (("excused", spec.excused), ("administrators", spec.administrators)):
                if given:
                    yield (*steps, field), "a tenant_column beside it", "none"


def _migrations(spec: DatabaseSpec, steps: Steps) -> Wrong:
    """What is said of a tool's migrations is what the tool records."""
    stated = spec.migrations
    if stated is None:
        return
    if stated.tool == "none":
        for field, given in (("table", stated.table), ("by", stated.by), ("version", stated.version)):
            if given:
                yield (*steps, field), "nothing beside the tool none", "it"
        return
    if stated.by and stated.tool != "flyway":
        yield (*steps, "by"), f"none, because {stated.tool} records nobody", f"{len(stated.by)}"
    written = stated.version if isinstance(stated.version, dict) else {"": stated.version}
    for env, version in written.items():
        if version is not None and (words := no_version(stated.tool, version)):
            yield (*steps, "version", *([env] if env else [])), words, shown(version)


def no_version(tool: str, version: str) -> str | None:
    """What a tool's version looks like, where that is none."""
    if tool == "flyway" and not _FLYWAY_VERSION.fullmatch(version):
        return "a version of Flyway such as 12 or 1.4.2"
    if tool == "ef-core" and not _EF_MIGRATION.fullmatch(version):
        return "a migration id of EF Core such as 20240410153729_AddOrders"
    return None


def _declared(where: str, known: Iterable[str]) -> str:
    return f"an entry of {where} ({', '.join(known) or 'none is declared'})"


def _secrets(policy: Policy) -> Wrong:
    """Stored names exist and are reversible; shared and distinct make sense."""
    style = policy.naming.secrets
    for key, vault in policy.vaults.items():
        stored: dict[str, str] = {}
        for secret, spec in vault.secrets.items():
            at = ("vaults", key, "secrets", secret)
            name = stored_name(style, secret)
            if not _SECRET.fullmatch(name):
                yield at, f"a name that {style} makes 1 to 127 letters, digits and hyphens", shown(name)
            first = stored.setdefault(name.casefold(), secret)
            if first != secret:
                yield at, "a stored name of its own", f"{shown(name)}, under which {first} is stored too"
            holders = [other for other, one in policy.vaults.items() if secret in one.secrets]
            if spec.shared and spec.distinct:
                yield at, "shared or distinct", "both"
            elif spec.shared and len(holders) < 2:
                yield at, "a second vault that shares it", f"it in {key} alone"
            elif spec.shared and (apart := [h for h in holders if not policy.vaults[h].secrets[secret].shared]):
                yield at, "it to be shared in every vault that holds it", f"it not shared in {', '.join(apart)}"
            elif spec.distinct and len(holders) < 2:
                yield at, "a second vault with a secret of that name", f"it in {key} alone"
            elif spec.distinct and (apart := [h for h in holders if not policy.vaults[h].secrets[secret].distinct]):
                yield at, "it to be distinct in every vault that holds it", f"it not distinct in {', '.join(apart)}"


def _overrides(policy: Policy) -> Iterator[tuple[Steps, RuleOverride]]:
    """What is said of each rule, and where."""
    for code, stated in policy.rules.items():
        if isinstance(stated, RuleOverride):
            yield ("rules", code), stated
        else:
            yield from ((("rules", code, index), one) for index, one in enumerate(stated))


def _rules(policy: Policy) -> Wrong:
    """A rule is off or weighed differently, with a reason, for environments and things that are there."""
    for at, stated in _overrides(policy):
        if stated.off is None and stated.severity is None:
            yield at, "off with a reason, or a severity with one", "neither"
        elif stated.off is not None and stated.severity is not None:
            yield at, "off or a severity", "both"
        elif stated.severity is not None and stated.reason is None:
            yield at, "a reason beside the severity", "none"
        elif stated.off is not None and stated.reason is not None:
            yield (*at, "reason"), "the reason under off alone", "two"
        for index, env in enumerate(stated.environments):
            if env not in policy.environments:
                found = meant(env, tuple(policy.environments))
                yield (*at, "environments", index), f"one of {', '.join(policy.environments)}", found
        for index, name in enumerate(stated.things):
            if unknown := things.unknown(policy, name):
                yield (*at, "things", index), *unknown


def _plans(policy: Policy) -> Wrong:
    """SKUs are known and of their family; one cannot be enough, or recommended, and refused."""
    plans = policy.plans
    refused = {name.casefold() for name in plans.refused}
    given = [name.casefold() for name in plans.sizes]
    for position, name in enumerate(plans.sizes):
        if name.casefold() in given[:position]:
            yield ("plans", "sizes", name), "each SKU once", f"{shown(name)} again"
    for family, written in plans.minimum.items():
        for at, name in _spelt(_Name(("plans", "minimum", family), written, kinds.GROUP_NAME, ())):
            if (family_of(name) or "").casefold() != family.casefold():
                yield at, f"a SKU of the family {family}", shown(name)
            elif not is_known(name, plans.sizes):
                yield at, "a SKU whose size is known, or given under plans.sizes", shown(name)
            elif name.casefold() in refused:
                yield at, "a SKU that is not refused", shown(name)
    if plans.recommended is None:
        return
    for at, name in _spelt(_Name(("plans", "recommended"), plans.recommended, kinds.GROUP_NAME, ())):
        if name.casefold() in refused:
            yield at, "a SKU that is not refused", shown(name)
        elif sku(name, plans.sizes) is None:
            yield at, "a SKU such as P2v3 whose size is known, or given under plans.sizes", shown(name)


def _parity(policy: Policy) -> Wrong:
    """A difference is allowed between environments that exist."""
    stated: dict[str, list[set[str]]] = {}
    for index, allowed in enumerate(policy.parity):
        for position, env in enumerate(allowed.between):
            at = ("parity", index, "between", position)
            if env not in policy.environments:
                yield at, f"one of {', '.join(policy.environments)}", shown(env)
            elif env in allowed.between[:position]:
                yield at, "each environment once", f"{shown(env)} again"
        between, earlier = set(allowed.between), stated.setdefault(allowed.what, [])
        twice = next((both for each in earlier if len(both := each & between) > 1), set())
        if twice:
            yield ("parity", index), "each difference once", f"{allowed.what} of {' and '.join(sorted(twice))} again"
        earlier.append(between)


_CHECKS: tuple[Callable[[Policy], Wrong], ...] = (
    _names,
    _by_environment,
    _known_environments,
    _places,
    _one_address,
    _references,
    _sql,
    _identities,
    _access,
    _role_names,
    _images,
    _secrets,
    _plans,
    _parity,
    _rules,
)


def notes(policy: Policy, where: Where) -> tuple[Note, ...]:
    """Where the document asks for what Azure cannot hold, how much room a vault's name leaves, and which roles are the
    tenant's own."""
    told = (_registry_note, _secret_notes, _vault_notes, _role_notes)
    return tuple(note for tell in told for note in tell(policy, where))


def _registry_note(policy: Policy, where: Where) -> Iterator[Note]:
    for key, registry in policy.registries.items():
        documented = registry.documented_name
        if documented is not None and not kinds.REGISTRY.name.pattern.fullmatch(documented):
            called = ", ".join(
                dict.fromkeys(name for _, name in _spelt(_Name((), registry.name, kinds.REGISTRY.name, ())))
            )
            yield Note(
                where("registries", key, "documented_name"),
                f"the document calls the registry {documented}, which Azure cannot hold (5 to 50 letters and digits); "
                f"{called} is looked for.",
            )


def _secret_notes(policy: Policy, where: Where) -> Iterator[Note]:
    for key, vault in policy.vaults.items():
        changed = {s: stored_name(policy.naming.secrets, s) for s in vault.secrets}
        pairs = ", ".join(f"{secret} as {stored}" for secret, stored in changed.items() if secret != stored)
        if pairs:
            yield Note(
                where("vaults", key, "secrets"),
                f"Key Vault names hold letters, digits and hyphens only; by naming.secrets: {policy.naming.secrets} "
                f"{key} stores {pairs}.",
            )


def _role_notes(policy: Policy, where: Where) -> Iterator[Note]:
    for at, role in _roles(policy):
        if not role_names.is_built_in(role):
            words = "is no built-in role that mzaudit knows; a role of that name is looked for in the run."
            yield Note(where(*at), f"{role} {words}")


def _vault_notes(policy: Policy, where: Where) -> Iterator[Note]:
    for key, vault in policy.vaults.items():
        if isinstance(vault.name, str) and "{env}" in vault.name:
            room = (24 - len(vault.name.replace("{env}", ""))) // vault.name.count("{env}")
            yield Note(
                where("vaults", key, "name"),
                f"a vault name has at most 24 characters: {vault.name} fits an environment name of at most {room}.",
            )
