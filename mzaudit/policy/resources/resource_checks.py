"""What the policy may not say of resources and expectations though each field is well-formed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mzaudit import kinds
from mzaudit.policy import things
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.loader.diagnostics import Steps, Wrong, shown
from mzaudit.policy.models import Policy, ResourceSpec, StorageSpec, Thing
from mzaudit.policy.name_checks import NO_SERVICE, is_of_services, unknown_place
from mzaudit.policy.resources import expressions
from mzaudit.policy.resources.magnitudes import at_least, has_magnitude
from mzaudit.policy.resources.resource_models import OPERATORS, Condition, Expectations, Values
from mzaudit.policy.rule_vocabulary import Vocabulary, meant
from mzaudit.policy.spec_values import filled, group_of, subscription_of

# What an entry of `secrets` has beside its value in Azure Container Apps; the reader hides whatever else is there.
_SECRETS = "secrets"
_BESIDE_A_SECRET = frozenset({"name", "keyvaulturl", "identity"})
MOST = 2_000
"""Expectations of one policy."""

_SECTIONS: Mapping[str, Callable[[Policy], Mapping[str, Thing]]] = {
    "identities": lambda policy: policy.identities,
    "registries": lambda policy: policy.registries,
    "vaults": lambda policy: policy.vaults,
    "services": lambda policy: policy.services,
    "servers": lambda policy: policy.servers,
    "storage": lambda policy: policy.storage,
    "components": lambda policy: policy.components,
    "resources": lambda policy: policy.resources,
}


def contradictions(policy: Policy, words: Vocabulary) -> Wrong:
    """Every contradiction of the resources and the expectations of a policy."""
    for key, spec in policy.resources.items():
        yield from _resource(policy, key, spec)
    yield from _one_place(policy)
    yield from _allowed(policy)
    every = tuple(policy.environments)
    places: list[tuple[Steps, Expectations, tuple[str, ...]]] = [
        (("expect", kind), told, every) for kind, told in policy.expect.items()
    ]
    for section, steps_of in _SECTIONS.items():
        places += [
            ((section, key, "expect"), spec.expect, spec.environments or every)
            for key, spec in steps_of(policy).items()
        ]
    for key, server in policy.servers.items():
        for held, database in server.databases.items():
            if not isinstance(database, str):
                at = ("servers", key, "databases", held, "expect")
                places.append((at, database.expect, database.environments or server.environments or every))
    for steps, told, environments in places:
        yield from _expectations(policy, words, steps, told, environments)
    if sum(len(told) for _, told, _ in places) > MOST:
        yield ("expect",), f"at most {MOST} expectations in all", "more"


def _resource(policy: Policy, key: str, spec: ResourceSpec) -> Wrong:
    at = ("resources", key)
    every = tuple(policy.environments)
    for position, env in enumerate(spec.environments or ()):
        if env not in every:
            yield (*at, "environments", position), f"one of {', '.join(every)}", meant(env, every)
    for steps, name in _spelt((*at, "name"), spec.name):
        if strange := [part for part in name.replace("{env}", "").split("/") if "{" in part or "}" in part]:
            yield steps, "no braces but {env}", shown(strange[0])
    wanted = spec.environments or every
    for field, value in (("name", spec.name), ("place", spec.place)):
        if isinstance(value, dict):
            for env in value:
                if env not in every:
                    yield (*at, field, env), f"one of {', '.join(every)}", meant(env, every)
            if missing := [env for env in wanted if env not in value]:
                yield (*at, field), f"an entry for {' and '.join(missing)}", f"only {', '.join(value)}"
    if spec.parent is None:
        yield from _places(policy, (*at, "place"), spec)
    elif unknown := things.unknown(policy, spec.parent):
        yield (*at, "parent"), *unknown
        return
    elif _circle(policy, key):
        yield (*at, "parent"), "a parent that is not a part of it", shown(spec.parent)
        return
    elif not things.environments(policy, things.full_name(policy, spec.parent)) & set(wanted):
        found = f"{shown(spec.parent)}, which is in none of them"
        yield (*at, "parent"), "a parent that is in an environment of the resource", found
    yield from _depth(policy, key, spec)


def _places(policy: Policy, at: Steps, spec: ResourceSpec) -> Wrong:
    for steps, place in _spelt(at, spec.place):
        if place not in policy.places:
            yield steps, *unknown_place(policy, place, said="place" in spec.model_fields_set)
        elif is_of_services(policy.places[place]):
            yield steps, NO_SERVICE, shown(place)


def _depth(policy: Policy, key: str, spec: ResourceSpec) -> Wrong:
    """A name has as many parts as its type, less those of a parent that it is a part of."""
    depth = spec.type.count("/")
    above = _above(policy, spec)
    owner = policy.resources[above].type if above is not None else None
    depths = {depth - owner.count("/")} if owner and _is_part(spec.type, owner) else {depth}
    if spec.parent is not None and owner is None:
        depths = set(range(1, depth + 1))  # of a thing of a section: its kind decides
    words = " or ".join(str(each) for each in sorted(depths))
    for steps, name in _spelt(("resources", key, "name"), spec.name):
        if name.count("/") + 1 not in depths:
            yield steps, f"a name of {words} part{'' if words == '1' else 's'}, as {spec.type} has", shown(name)


def _spelt(steps: Steps, value: str | Mapping[str, str]) -> list[tuple[Steps, str]]:
    """Each place where a value is written that may be one for each environment."""
    return [(steps, value)] if isinstance(value, str) else [((*steps, env), one) for env, one in value.items()]


def _is_part(kind: str, owner: str) -> bool:
    return kind.casefold().startswith(owner.casefold() + "/")


def _above(policy: Policy, spec: ResourceSpec) -> str | None:
    """The key of the entry of `resources` that is its parent; None where that is a thing of another section."""
    key = "" if spec.parent is None else things.full_name(policy, spec.parent).removeprefix("resources.")
    return key if key in policy.resources else None


def _circle(policy: Policy, key: str) -> bool:
    seen = [key]
    while (parent := _above(policy, policy.resources[seen[-1]])) is not None:
        if parent in seen:
            return True
        seen.append(parent)
    return False


def _allowed(policy: Policy) -> Wrong:
    """A name that is allowed can be one."""
    for index, each in enumerate(policy.undocumented.allow if policy.undocumented is not None else ()):
        at = ("undocumented", "allow", index, "name")
        if "/" in each.name:
            yield at, "the part's own name, without a slash", shown(each.name)
        elif set("{}") & set(each.name.replace("{env}", "")):
            yield at, "no braces but {env}", shown(each.name)


def _one_place(policy: Policy) -> Wrong:
    """No entry is one resource with another, or with a thing of a section: Azure compares types and names without
    case. An account is the resource of several containers, and may be an entry of its own."""
    first: dict[tuple[str, ...], str] = {}
    for one in documented_names(policy):
        if not isinstance(one.thing, StorageSpec):
            for at in _addresses(policy, one.thing, one.kind.type, one.name, one.key if one.kind is kinds.SITE else ""):
                first.setdefault(at, f"{one.section}.{one.key}")
    for key, spec in policy.resources.items():
        above = "" if spec.parent is None else things.full_name(policy, spec.parent)
        others = [first.setdefault(at, key) for at in _addresses(policy, spec, spec.type, spec.name, "", above)]
        if other := next((each for each in others if each != key), None):
            yield ("resources", key, "name"), "a name of its own", f"that of {other}, in the same place"


def _addresses(
    policy: Policy, thing: Thing, kind: str, name: str | Mapping[str, str], service: str, above: str = ""
) -> Iterator[tuple[str, ...]]:
    """Where a thing is in each of its environments: beneath its parent, else in a resource group; nowhere where a name
    or a place is missing."""
    for env in thing.environments or policy.environments:
        place = policy.places.get(_in(thing.place, env) or "")
        called, group = _in(name, env), None if place is None else _in(group_of(place), env)
        if called is None or env not in policy.environments or (group is None and not above):
            continue
        if above:
            start: tuple[str, ...] = (env, above)
        else:
            own = None if place is None else subscription_of(place, env)
            start = (own or policy.environments[env].subscription or "", filled(group or "", env, service).casefold())
        yield (*start, kind.casefold(), filled(called, env).casefold())


def _in(value: str | Mapping[str, str], env: str) -> str | None:
    return value.get(env) if isinstance(value, Mapping) else value


def _expectations(
    policy: Policy, words: Vocabulary, steps: Steps, told: Expectations, environments: tuple[str, ...]
) -> Wrong:
    first: dict[str, str] = {}
    for expression, expected in told.items():
        at = (*steps, expression)
        bare = "".join(expression.split())
        if (other := first.setdefault(bare, expression)) != expression:
            yield at, "each expression once", f"{shown(expression)} again, as {shown(other)}"
        if complaint := expressions.complaint(expression):
            yield at, *complaint
        elif secret := [each for each in _hidden(expressions.members(expression)) if words.is_secret(each)]:
            yield at, "no member that its provider marks as secret: mzaudit never reads one", shown(secret[0])
        if isinstance(expected, dict):
            yield from _by_environment(policy, at, expected, environments)
        elif isinstance(expected, Condition):
            yield from _condition(policy, at, expected)


def _by_environment(
    policy: Policy, at: Steps, told: Mapping[str, Values | Condition | None], environments: tuple[str, ...]
) -> Wrong:
    """A mapping without an operator has each environment that the thing is in, and nothing else."""
    for env, expected in told.items():
        if env not in policy.environments:
            known = (*policy.environments, *OPERATORS)
            yield (*at, env), f"an environment ({', '.join(policy.environments)}) or an operator", meant(env, known)
        elif isinstance(expected, Condition):
            yield from _condition(policy, (*at, env), expected)
    known_here = [env for env in told if env in policy.environments]
    if known_here and (missing := [env for env in environments if env not in told]):
        yield at, f"an entry for {' and '.join(missing)}", f"only {', '.join(known_here)}"


def _hidden(members: tuple[str, ...]) -> tuple[str, ...]:
    """The members that an expression reads, without `secrets` where it reads of its entries what is no secret."""
    low = {each.casefold() for each in members}
    if "value" in low or low.isdisjoint(_BESIDE_A_SECRET):
        return members
    return tuple(each for each in members if each != _SECRETS)


def _condition(policy: Policy, at: Steps, told: Condition) -> Wrong:
    given = [name for name in Condition.model_fields if getattr(told, name) is not None]
    if not given:
        yield at, "a value, or at least one operator", "an empty mapping"
    if told.absent and len(given) > 1:
        yield at, "absent alone", f"it with {', '.join(each.rstrip('_') for each in given if each != 'absent')}"
    for name in ("at_least", "at_most"):
        bound = getattr(told, name)
        if bound is not None and not has_magnitude(bound, policy.plans.sizes):
            expected = "a number, a version in quotes, a TLS version or a plan's SKU whose size is known"
            yield (*at, name), expected, shown(bound)
    least, most = told.at_least, told.at_most
    if least is not None and most is not None and at_least(most, least, policy.plans.sizes) is False:
        yield (*at, "at_most"), f"no less than {least}", shown(most)
