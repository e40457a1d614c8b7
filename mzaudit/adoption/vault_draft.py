"""The vaults of a draft: those that settings refer to, with what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mzaudit import kinds
from mzaudit.adoption import draft_names
from mzaudit.adoption.draft_tree import Branch, Fact, Value
from mzaudit.adoption.observed_apps import Looks, Reference
from mzaudit.policy.enums import SecretStyle
from mzaudit.snapshot.observed import Observed
from mzaudit.snapshot.text.ids import key, name
from mzaudit.snapshot.values import SecretValue

_KINDS: Final = ("application-insights", "database", "storage", "service-bus", "pem", "json", "guid", "url")
_HARMLESS: Final = frozenset({"application-insights", "guid", "url"})
_READERS: Final = ("Key Vault Secrets User", "Key Vault Secrets Officer", "Key Vault Administrator")


@dataclass(frozen=True, slots=True)
class DraftedVault:
    """A vault: its id is None where it is not in the subscriptions that were read. `secrets` are its documented names
    by the stored ones."""

    key: str
    name: str
    id: str | None
    secrets: Mapping[str, str]
    branch: Branch


@dataclass(frozen=True, slots=True)
class DraftedVaults:
    """All of them, by casefolded name, how their secrets are named, and what no policy can say of them."""

    style: SecretStyle
    by_name: Mapping[str, DraftedVault]
    remarks: tuple[str, ...]


def draft_vaults(looks: Looks) -> DraftedVaults:
    """Every vault that a setting of an adopted app refers to; where there is no app, every adopted one with secrets."""
    references = [one for app in looks.apps for one in app.references]
    names = {one.vault.casefold(): one.vault for one in references}
    if not looks.apps:
        names = {
            name(each).casefold(): name(each) for each in looks.within(kinds.VAULT.type) if _stored(looks, each, [])
        }
    ids = {low: looks.named(kinds.VAULT.type, called) for low, called in names.items()}
    called = {low: draft_names.own(ids[low]) or vault for low, vault in names.items()}
    stored = {low: _stored(looks, ids[low], [o for o in references if o.vault.casefold() == low]) for low in names}
    pairs = [(one.setting, one.stored) for one in references]
    style = draft_names.secret_style(pairs, {each for held in stored.values() for each in held})
    keys = draft_names.keys(called.values(), looks.env)
    remarks: list[str] = []
    drafted: dict[str, DraftedVault] = {}
    listed: list[Branch] = []
    for low in sorted(names):
        branch = Branch()
        branch.put("name", *draft_names.named(ids[low], called[low], looks.env, "vault"))
        if _by_policies(looks, ids[low]):
            branch.put("authorization", "access-policies")
        secrets, documented = Branch(), dict[str, str]()
        for each in stored[low]:
            settings = [one.setting for one in references if one.stored == each]  # one name in every vault
            documented_as = draft_names.documented(style, each, settings)
            if documented_as is None:
                remarks.append(f"{called[low]} holds {each}, a name that this policy's secrets cannot have")
                continue
            documented[each] = documented_as
            secrets.entries[documented_as] = _secret(looks, ids[low], each)
        branch.entries["secrets"] = secrets
        readers = tuple(_readers(looks, ids[low]))
        if readers:
            branch.put("readers", readers, "who these are is yours to say")
        drafted[low] = DraftedVault(keys[called[low]], called[low], ids[low], documented, branch)
        listed.append(secrets)
    _share(listed)
    return DraftedVaults(style, drafted, tuple(remarks))


def _share(vaults: list[Branch]) -> None:
    """Say that a secret is shared only where every vault that holds one of its name has that value."""
    for stored in {stored for vault in vaults for stored in vault.entries}:
        held = [(vault, each) for vault in vaults if isinstance(each := vault.entries.get(stored), Fact)]
        specs = [dict(each.value) if isinstance(each.value, Mapping) else {} for _, each in held]
        if len(specs) < 2 or not all(spec.get("shared") for spec in specs):
            for (vault, each), spec in zip(held, specs, strict=True):
                if spec.pop("shared", None):
                    vault.entries[stored] = Fact(spec, each.guess if spec else "")


def _stored(looks: Looks, vault: str | None, references: list[Reference]) -> tuple[str, ...]:
    """What is stored in a vault, and what is referred to there; not what backs a certificate."""
    items = looks.newest.vault(vault).secrets.items if vault is not None else ()
    managed = {each.name for each in items if isinstance(each.managed, Observed) and each.managed.value}
    held = {each.name.casefold(): each.name for each in items}
    referred = {one.stored for one in references if one.stored.casefold() not in held}
    return tuple(sorted({*held.values(), *referred} - managed))


def _secret(looks: Looks, vault: str | None, stored: str) -> Fact:
    """What is said of a secret, from the form of its value."""
    value = looks.newest.vault(vault).value(stored) if vault is not None else None
    if vault is None or not isinstance(value, Observed) or value.value is None:
        return Fact({})
    spec: dict[str, Value] = {}
    kind = next((each for each in _KINDS if each in value.value.kinds), None)
    if kind is not None:
        spec["kind"] = kind
    if kind in _HARMLESS:
        spec["sensitive"] = False
    elif _same_elsewhere(looks, vault, stored, value.value):
        spec["shared"] = True
    return Fact(spec, "from the form of its value" if spec else "")


def _same_elsewhere(looks: Looks, vault: str, stored: str, value: SecretValue) -> bool:
    """Whether another vault holds the same value under that name."""
    others = (other.value(stored) for other in looks.newest.vaults.values() if key(other.id) != key(vault))
    values = (other.value for other in others if isinstance(other, Observed) and other.value is not None)
    return any(other.same == value.same for other in values)


def _by_policies(looks: Looks, vault: str | None) -> bool:
    """Whether a vault was seen to let in by access policies."""
    seen = looks.newest.vault(vault).properties if vault is not None else None
    return isinstance(seen, Observed) and seen.value is not None and not seen.value.rbac


def _readers(looks: Looks, vault: str | None) -> Iterator[Value]:
    """The people and groups that read a vault's secrets by a role on exactly the vault, or by an access policy."""
    if vault is not None and _by_policies(looks, vault):
        yield from _by_policy(looks, vault)
        return
    for role, held in looks.holders(vault) if vault is not None else ():
        if (held.principal_type or "").casefold() in ("user", "group") and role in _READERS:
            yield {"object_id": held.principal_id, "name": f"{held.principal_type} with {role}"}


def _by_policy(looks: Looks, vault: str) -> Iterator[Value]:
    """Whom an access policy lets read secrets, besides the apps and whoever looks."""
    own = {app.principal_id.casefold() for app in looks.apps if app.principal_id is not None}
    own |= {looks.newest.caller.object_id.casefold()} if looks.newest.caller is not None else set()
    seen = looks.newest.vault(vault).properties
    policies = seen.value.access_policies if isinstance(seen, Observed) and seen.value is not None else None
    for policy in policies or ():
        if policy.object_id.casefold() not in own and {"get", "all"} & set(policy.secrets):
            yield {"object_id": policy.object_id, "name": "holder of an access policy"}
