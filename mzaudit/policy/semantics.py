"""What a policy may not say though every field of it is well-formed: what contradicts, section by section."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from mzaudit import kinds
from mzaudit.policy import role_names, things
from mzaudit.policy.loader.diagnostics import Steps, Wrong, shown
from mzaudit.policy.models import AccessSpec, DatabaseSpec, Policy, RuleOverride, ServiceSpec, Thing
from mzaudit.policy.name_checks import (
    NameTemplate,
    accepted_names,
    declared,
    distinct_addresses,
    environments_of,
    known_environments,
    known_places,
    spelled_names,
    stated_databases,
    whole_mappings,
)
from mzaudit.policy.resources import resource_checks
from mzaudit.policy.rule_vocabulary import Vocabulary, meant
from mzaudit.policy.skus import family_of, is_known, sku
from mzaudit.policy.spec_values import (
    CONTAINER,
    NO_COMPONENT,
    own_vaults,
    registry_of,
    stored_name,
)

_SECRET = re.compile(r"[0-9A-Za-z-]{1,127}")
_FLYWAY_VERSION = re.compile(r"[0-9]{1,20}([._][0-9]{1,20}){0,10}")
_EF_MIGRATION = re.compile(r"[0-9]{14}_\w+")
_STYLES = ("commit", "semver", "any")


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


def _references(policy: Policy) -> Wrong:
    """What a service names must be declared, and be there in an environment of the service."""
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
            known = declared("components", policy.components)
            yield (*here, "component"), f"{known} or {NO_COMPONENT}", "nothing, and there are several"
        yield from _settings(policy, key)
        named = [name.casefold() for name in service.sidecars]
        for position, name in enumerate(service.sidecars):
            if name.casefold() in named[:position]:
                yield (*here, "sidecars", name), "each side-car once", f"{shown(name)} again"
        yield from _databases(policy, service, key)


_BESIDE = "a thing that is in an environment of the service"


def _databases(policy: Policy, service: ServiceSpec, key: str) -> Wrong:
    databases = [held for _, held, _ in stated_databases(policy)]
    seen: set[str] = set()
    for index, grant in enumerate(service.databases):
        at = ("services", key, "databases", index, "database")
        if grant.database not in databases:
            yield at, declared("the databases of servers", databases), meant(grant.database, databases)
        elif _is_never_beside(policy, service, f"databases.{grant.database}"):
            yield at, _BESIDE, f"{shown(grant.database)}, which is in none of them"
        if grant.database in seen:
            yield at, "each database once", f"{shown(grant.database)} again"
        seen.add(grant.database)


def _is_never_beside(policy: Policy, service: ServiceSpec, thing: str) -> bool:
    """Whether a declared thing, by its full name, is in no environment of a service."""
    here = environments_of(service.environments, tuple(policy.environments))
    return things.environments(policy, thing).isdisjoint(here)


def _there(policy: Policy, service: ServiceSpec, at: Steps, section: str, named: str) -> Wrong:
    """A thing that a service names is declared, and is in one of the service's environments."""
    entries: Mapping[str, Thing] = getattr(policy, section)
    if named not in entries:
        yield at, declared(section, entries), meant(named, tuple(entries))
    elif _is_never_beside(policy, service, f"{section}.{named}"):
        yield at, _BESIDE, f"{shown(named)}, which is in none of them"


def _registry(policy: Policy, service: ServiceSpec, key: str) -> Wrong:
    """A service's image comes from a registry that is there wherever the service is."""
    named = registry_of(policy, service)
    at: Steps = ("services", key, "image")
    if named is None:
        known = declared("registries", policy.registries)
        yield at, f"registry, {known}", "none" if not policy.registries else "none, and there are several"
        return
    yield from _there(policy, service, (*at, "registry"), "registries", named)
    if named in policy.registries:
        every = tuple(policy.environments)
        there = environments_of(policy.registries[named].environments, every)
        here = environments_of(service.environments, every)
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


def stated_roles(policy: Policy) -> Iterator[tuple[Steps, str]]:
    """Each role's name, and where it stands."""
    for steps, access in _stated_access(policy):
        yield from (((*steps, "access", index, "role"), one.role) for index, one in enumerate(access))
    for key, storage in policy.storage.items():
        yield ("storage", key, "role"), storage.role


def _role_names(policy: Policy) -> Wrong:
    """No role has the name of a built-in one misspelt."""
    for at, role in stated_roles(policy):
        if name := role_names.misspelt(role):
            yield (
                at,
                "the name of a built-in role, or of one of the tenant's own",
                f"{shown(role)} (did you mean {name}?)",
            )


def _access(policy: Policy) -> Wrong:
    """Roles are held on things that are declared, each once; people and pipelines with roles are told apart by name."""
    names: set[str] = set()
    for section in ("people", "pipelines"):
        for index, principal in enumerate(getattr(policy, section)):
            if principal.access and principal.name.casefold() in names:
                yield (section, index, "name"), "a name of its own", f"{shown(principal.name)} again"
            names |= {principal.name.casefold()} if principal.access else set()
    for steps, access in _stated_access(policy):
        seen: set[tuple[str, str]] = set()
        for index, one in enumerate(access):
            at = (*steps, "access", index)
            if unknown := things.unknown(policy, one.on):
                yield (*at, "on"), *unknown
            elif steps[0] == "services" and _is_never_beside(
                policy, policy.services[str(steps[1])], things.full_name(policy, one.on)
            ):
                yield (*at, "on"), _BESIDE, f"{shown(one.on)}, which is in none of them"
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
            yield at, f"a secret of {declared('vaults', policy.vaults)}", meant(path, secrets)
        elif path not in secrets:
            yield at, f"vault/secret with a secret of {vault}", meant(path, secrets)
        elif _is_never_beside(policy, service, f"vaults.{vault}"):
            yield at, _BESIDE, f"{shown(vault)}, which is in none of them"
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
    for server, held, spec in stated_databases(policy):
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
        for at, name in spelled_names(NameTemplate(("plans", "minimum", family), written, kinds.GROUP_NAME, ())):
            if (family_of(name) or "").casefold() != family.casefold():
                yield at, f"a SKU of the family {family}", shown(name)
            elif not is_known(name, plans.sizes):
                yield at, "a SKU whose size is known, or given under plans.sizes", shown(name)
            elif name.casefold() in refused:
                yield at, "a SKU that is not refused", shown(name)
    if plans.recommended is None:
        return
    for at, name in spelled_names(NameTemplate(("plans", "recommended"), plans.recommended, kinds.GROUP_NAME, ())):
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
    accepted_names,
    whole_mappings,
    known_environments,
    known_places,
    distinct_addresses,
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
