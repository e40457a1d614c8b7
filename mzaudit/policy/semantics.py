"""What a policy may not say though every field of it is well-formed: contradictions, and names that Azure refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mzaudit import kinds
from mzaudit.kinds import ACCOUNT, NamedKind, NameRule
from mzaudit.policy import things
from mzaudit.policy.bind import stored_name
from mzaudit.policy.desired import Where
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.loader.diagnostics import Contradiction, Steps, shown
from mzaudit.policy.models import Policy
from mzaudit.policy.rule_vocabulary import Vocabulary, meant
from mzaudit.policy.skus import family_of, sku


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader of the policy should know, and the `file:line` that it is about; never an error."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


Wrong = Iterator[Contradiction]


_SECRET = re.compile(r"[0-9A-Za-z-]{1,127}")
_BRACES = re.compile(r"\{[^}]*\}?|\}")


def contradictions(policy: Policy, words: Vocabulary) -> Wrong:
    """Every contradiction of a policy, and every word in it that no rule knows."""
    for find in _CHECKS:
        yield from find(policy)
    for code in policy.rules:
        if unknown := words.no_rule(code):
            yield ("rules", code), *unknown
    for index, allowed in enumerate(policy.parity):
        if unknown := words.no_fact(allowed.what):
            yield ("parity", index, "what"), *unknown


def _names(policy: Policy) -> Wrong:
    """Every template: braces, the name it makes in each environment, and whether environments keep apart."""
    for steps, template, rule, apart in _templates(policy):
        if strange := [braces for braces in _BRACES.findall(template) if braces != "{env}"]:
            yield steps, "no braces but {env}", shown(strange[0])
            continue
        for env in policy.environments:
            name = template.replace("{env}", env)
            if not rule.pattern.fullmatch(name):
                yield steps, rule.words, shown(name) + (f" for {env}" if "{env}" in template else "")
                break
        if apart and "{env}" not in template and len(policy.environments) > 1:
            yield steps, f"{{env}} in the name, or environments would share one {rule.noun}", shown(template)


def _templates(policy: Policy) -> Iterator[tuple[Steps, str, NameRule, bool]]:
    """Each name of a resource; the last tells whether environments must not share it."""
    one_group = "{env}" not in policy.resource_groups.environment
    yield ("resource_groups", "environment"), policy.resource_groups.environment, kinds.GROUP_NAME, False
    shared = policy.resource_groups
    at_group = _SHARED if isinstance(shared.shared, str) else (*_SHARED, "group")
    yield at_group, shared.shared_group, kinds.GROUP_NAME, False
    for one in documented_names(policy):
        yield one.path, one.template, one.kind.name, not one.shared and (one.kind.worldwide or one_group)
    for key, storage in policy.storage.items():
        yield ("storage", key, "container"), storage.container, kinds.CONTAINER_NAME, False
    for key, database in policy.sql.databases.items():
        yield ("sql", "databases", key), database, kinds.DATABASE_NAME, policy.sql.scope == "shared"


_SHARED: Steps = ("resource_groups", "shared")


def _one_place(policy: Policy) -> Wrong:
    """What all environments share is in one place: where they have subscriptions of their own, it names its own."""
    places = policy.resource_groups
    own = {spec.subscription.casefold() for spec in policy.environments.values() if spec.subscription is not None}
    if len(own) < 2 or places.shared_subscription is not None or "{env}" in places.shared_group:
        return
    shared = {"registry": policy.registry.name}
    shared |= {"SQL server": policy.sql.server} if policy.sql.scope == "shared" else {}
    if alike := [kind for kind, name in shared.items() if "{env}" not in name]:
        yield (
            _SHARED,
            "a mapping with group, subscription, because the environments have subscriptions of their own and share"
            f" the {' and the '.join(alike)}",
            shown(places.shared_group),
        )


def _one_thing_one_name(policy: Policy) -> Wrong:
    """Two entries of one kind must not name one resource: Azure compares names without case."""
    alike: dict[NamedKind | str, list[tuple[str, Steps, str]]] = {
        "container": [
            (k, ("storage", k, "container"), f"{s.account}/{s.container}") for k, s in policy.storage.items()
        ],
        "database": [(key, ("sql", "databases", key), name) for key, name in policy.sql.databases.items()],
    }
    for one in documented_names(policy):
        if one.kind is not ACCOUNT:  # an account may hold the containers of several entries
            alike.setdefault(one.kind, []).append((one.key, one.path, one.template))
    for entries in alike.values():
        first: dict[str, str] = {}
        for key, steps, name in entries:
            other = first.setdefault(name.casefold(), key)
            if other != key:
                yield steps, "a name of its own", f"{shown(name)}, which is also that of {other}"


def _references(policy: Policy) -> Wrong:
    """What a service names must be declared."""
    for key, service in policy.services.items():
        if service.vault is not None and service.vault not in policy.vaults:
            yield ("services", key, "vault"), _declared("vaults", policy.vaults), shown(service.vault)
        if service.storage is not None and service.storage not in policy.storage:
            yield ("services", key, "storage"), _declared("storage", policy.storage), shown(service.storage)
        yield from _settings(policy, key)
        named = [name.casefold() for name in service.sidecars]
        for position, name in enumerate(service.sidecars):
            if name.casefold() in named[:position]:
                yield ("services", key, "sidecars", name), "each side-car once", f"{shown(name)} again"
        seen: set[str] = set()
        for index, grant in enumerate(service.databases):
            at = ("services", key, "databases", index, "database")
            if grant.database not in policy.sql.databases:
                yield at, _declared("sql.databases", policy.sql.databases), shown(grant.database)
            if grant.database in seen:
                yield at, "each database once", f"{shown(grant.database)} again"
            seen.add(grant.database)


def _settings(policy: Policy, key: str) -> Wrong:
    """A setting refers to a secret that is declared, and takes no other secret's place."""
    service = policy.services[key]
    secrets = [f"{vault}/{secret}" for vault, one in policy.vaults.items() for secret in one.secrets]
    named = set(service.settings.values())
    for setting, path in service.settings.items():
        at, vault = ("services", key, "settings", setting), path.partition("/")[0]
        if vault not in policy.vaults:
            yield at, f"a secret of {_declared('vaults', policy.vaults)}", meant(path, secrets)
        elif path not in secrets:
            yield at, f"vault/secret with a secret of {vault}", meant(path, secrets)
        beside = f"{service.vault}/{setting}"
        if path != beside and beside in secrets and beside not in named:
            yield at, f"another name, or one for {beside} too, whose setting it would be", shown(path)


def _sql(policy: Policy) -> Wrong:
    """Versions are of declared databases; one table or principal is excused once, compared as SQL Server does."""
    named: list[tuple[Steps, str]] = [(("sql", "versions", key), key) for key in policy.sql.versions]
    named += [(("sql", "without_tenants", n), key) for n, key in enumerate(policy.sql.without_tenants)]
    for steps, key in named:
        if key not in policy.sql.databases:
            yield steps, _declared("sql.databases", policy.sql.databases), shown(key)
    tables = [(("sql", "excused", n, "table"), entry.table) for n, entry in enumerate(policy.sql.excused)]
    admins = [(("sql", "administrators", n, "name"), entry.name) for n, entry in enumerate(policy.sql.administrators)]
    for entries in (tables, admins):
        names = [entry.casefold() for _, entry in entries]
        for position, (at, entry) in enumerate(entries):
            if entry.casefold() in names[:position]:
                yield at, "each once", f"{shown(entry)} again"


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


def _rules(policy: Policy) -> Wrong:
    """A rule is off or weighed differently, with a reason, for environments and things that are there."""
    for code, stated in policy.rules.items():
        at = ("rules", code)
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
    for family, name in plans.minimum.items():
        at = ("plans", "minimum", family)
        if (family_of(name) or "").casefold() != family.casefold():
            yield at, f"a SKU of the family {family}", shown(name)
        elif sku(name, plans.sizes) is None:
            yield at, "a SKU whose size is known, or given under plans.sizes", shown(name)
        elif name.casefold() in refused:
            yield at, "a SKU that is not refused", shown(name)
    if plans.recommended.casefold() in refused:
        yield ("plans", "recommended"), "a SKU that is not refused", shown(plans.recommended)
    elif sku(plans.recommended, plans.sizes) is None:
        expected = "a SKU such as P2v3 whose size is known, or given under plans.sizes"
        yield ("plans", "recommended"), expected, shown(plans.recommended)


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
    _one_place,
    _one_thing_one_name,
    _references,
    _sql,
    _secrets,
    _plans,
    _parity,
    _rules,
)


def notes(policy: Policy, where: Where) -> tuple[Note, ...]:
    """Where the document asks for what Azure cannot hold, and how much room a vault's name leaves."""
    return (*_registry_note(policy, where), *_secret_notes(policy, where), *_vault_notes(policy, where))


def _registry_note(policy: Policy, where: Where) -> Iterator[Note]:
    documented = policy.registry.documented_name
    if not kinds.REGISTRY.name.pattern.fullmatch(documented):
        yield Note(
            where("registry", "documented_name"),
            f"the document calls the registry {documented}, which Azure cannot hold (5 to 50 letters and digits); "
            f"{policy.registry.name} is looked for.",
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


def _vault_notes(policy: Policy, where: Where) -> Iterator[Note]:
    for key, vault in policy.vaults.items():
        if "{env}" in vault.name:
            room = (24 - len(vault.name.replace("{env}", ""))) // vault.name.count("{env}")
            yield Note(
                where("vaults", key, "name"),
                f"a vault name has at most 24 characters: {vault.name} fits an environment name of at most {room}.",
            )
