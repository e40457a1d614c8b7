"""The draft of an estate: its services, what they use, and where all of it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mzaudit import kinds
from mzaudit.adoption import draft_names
from mzaudit.adoption.data_draft import BLOB_ROLES, DraftedData, draft_data
from mzaudit.adoption.draft_tree import Branch, Fact, Value
from mzaudit.adoption.observed_apps import Looks, ObservedApp
from mzaudit.adoption.resource_draft import draft_resources
from mzaudit.adoption.vault_draft import DraftedVault, DraftedVaults, draft_vaults
from mzaudit.facts import image_tags
from mzaudit.policy import skus
from mzaudit.policy.enums import SecretStyle
from mzaudit.policy.spec_values import NO_COMPONENT, RUNS
from mzaudit.snapshot.observed import Observed
from mzaudit.snapshot.text.ids import group_of, key, name, subscription_of
from mzaudit.snapshot.values import LiteralValue, ValueClass, VaultReference
from mzaudit.snapshot.web import Setting

_PRODUCTION: Final = frozenset({"prd", "prod", "production", "live"})
_REGISTRY: Final = re.compile(r"([a-z0-9]+)(?:\.[a-z0-9]+\.geo)?\.azurecr\.[a-z.]+")
_SETTING: Final = "APPLICATIONINSIGHTS_CONNECTION_STRING"
_KEY: Final = "instrumentationkey"
_IMPLIED: Final = frozenset({"Key Vault Secrets User", "AcrPull", "Container Registry Repository Reader", *BLOB_ROLES})
_USES: Final = frozenset({"image", "vault", "vaults", "settings", "storage", "databases", "access"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted policy; `remarks` are what it cannot say, and `documented` the ids of the things in it."""

    policy: Branch
    remarks: tuple[str, ...]
    documented: tuple[str, ...]


@dataclass(slots=True)
class _Drafting:
    looks: Looks
    vaults: DraftedVaults
    data: DraftedData
    registries: Mapping[str, tuple[str, str | None]]  # by name: the key, and the id
    components: Mapping[str, str]  # by id: the key
    resources: Mapping[str, tuple[str, Branch]]  # by key: the id
    identities: Mapping[str, tuple[str, str]]  # by `ids.key`: the key, and the id
    homes: list[tuple[Branch, str]] = field(default_factory=list)  # things with the groups that they are in
    remarks: list[str] = field(default_factory=list)


def draft_estate(looks: Looks) -> Draft:
    """The policy of the adopted apps, or of what there is without any, as the newest look shows it."""
    env, apps = looks.env, looks.apps
    vaults, data = draft_vaults(looks), draft_data(looks)
    registries, components, identities = _registries(looks), _components(looks), _identities(looks)
    documented = (
        *(app.id for app in apps),
        *(id_ for _, id_ in registries.values() if id_ is not None),
        *(each.id for each in vaults.by_name.values() if each.id is not None),
        *(id_ for id_, _ in data.servers.values()),
        *data.things,
        *(id_ for _, id_ in identities.values()),
        *components,
    )
    others = draft_resources(looks, documented)
    found = _Drafting(looks, vaults, data, registries, components, others.by_key, identities)
    keys = draft_names.keys((name(app.id) for app in apps), env)
    root = Branch()
    root.put("version", 1)
    root.put("estate", _estate(looks), "from the names of its " + ("apps" if apps else "things"))
    root.put("document", "infrastructure.md", "name the page that this policy restates")
    if found.vaults.style is not SecretStyle.UNDERSCORE_TO_DASH:
        style = Fact(found.vaults.style.value, "from settings and the secrets that they refer to")
        root.entries["naming"] = Branch({"secrets": style})
    environment = Branch()
    environment.put("production", bool(_PRODUCTION & set(draft_names.words(env))), "from its name")
    environment.put("subscription", looks.subscription)
    root.entries["environments"] = Branch({env: environment})
    root.entries["places"] = places = Branch()
    sections = {
        "registries": {each: _registry(found, called, id_) for called, (each, id_) in found.registries.items()},
        "vaults": {each.key: _at(found, each.branch, each.id) for each in found.vaults.by_name.values()},
        "identities": {each: _at(found, _thing(looks, id_), id_) for each, id_ in found.identities.values()},
        "services": {keys[name(app.id)]: _at(found, _service(found, app), app.id) for app in apps},
        "servers": {each: _at(found, branch, id_) for each, (id_, branch) in found.data.servers.items()},
        "storage": {each: _at(found, branch, id_) for each, (id_, branch) in found.data.storage.items()},
        "components": {each: _at(found, _component(found, id_, each), id_) for id_, each in found.components.items()},
        "resources": {each: _at(found, branch, id_) for each, (id_, branch) in found.resources.items()},
    }
    for section, held in sections.items():
        root.entries[section] = Branch(dict[str, Fact | Branch](held))
    root.entries["plans"] = _plans(looks)
    _place(found, places)
    remarks = (*vaults.remarks, *others.remarks, *found.remarks)
    return Draft(root, remarks, (*documented, *(id_ for id_, _ in others.by_key.values())))


def _estate(looks: Looks) -> str:
    """The words that the names of all apps share, or of all that is adopted where there is no app."""
    named = [app.id for app in looks.apps] or [each for kind in looks.there for each in looks.within(kind)]
    split = [draft_names.words(name(each)) for each in named]
    shared = [word for word in (split[0] if split else ()) if all(word in each for each in split)]
    return "-".join(word for word in shared if word not in ("app", "func", looks.env)) or "estate"


def _at(found: _Drafting, branch: Branch, resource_id: str | None) -> Branch:
    """The branch of a thing, noted with where it is."""
    if resource_id is not None:
        found.homes.append((branch, group_of(resource_id)))
    return branch


def _place(found: _Drafting, places: Branch) -> None:
    """Name the places: the default is where most things are; every other thing says where it is."""
    looks = found.looks
    counts = Counter(key(group) for _, group in found.homes)
    spelled = {key(group): group for _, group in reversed(found.homes)}
    groups = [spelled[each] for each, _ in counts.most_common()]
    called = {key(group): name(group) for group in groups[1:]}
    for group in groups:
        template = draft_names.template(name(group), looks.env)
        home = subscription_of(group)
        elsewhere = home.casefold() != looks.subscription.casefold()
        value: Value = {"group": template, "subscription": home} if elsewhere else template
        places.put(called.get(key(group), "default"), value)
    for branch, group in found.homes:
        if key(group) in called:
            branch.put("place", called[key(group)])


def _registries(looks: Looks) -> Mapping[str, tuple[str, str | None]]:
    hosts = [image.host for app in looks.apps for _, image in app.images[:1]]
    names = dict.fromkeys(match[1] for match in map(_REGISTRY.fullmatch, hosts) if match)
    if not looks.apps:
        names = dict.fromkeys(map(name, looks.within(kinds.REGISTRY.type)))
    keys = draft_names.keys(names, looks.env) if len(names) > 1 else dict.fromkeys(names, "main")
    return {each: (keys[each], looks.named(kinds.REGISTRY.type, each)) for each in names}


def _registry(found: _Drafting, called: str, resource_id: str | None) -> Branch:
    branch = Branch()
    shown = draft_names.own(resource_id) or called
    branch.put("name", *draft_names.named(resource_id, shown, found.looks.env, "registry"))
    return _at(found, branch, resource_id)


def _components(looks: Looks) -> Mapping[str, str]:
    """The components of the adopted groups, else those of the subscriptions that an app exports to."""
    within = looks.within(kinds.COMPONENT.type)
    every = within or (looks.all(kinds.COMPONENT.type) if looks.apps else ())
    exporting = {_told(looks, app) for app in looks.apps} - {None}
    ids = [each for each in every if not exporting or _own_key(looks, each) in (None, *exporting)]
    keys = draft_names.keys(map(name, ids), looks.env) if len(ids) > 1 else {}
    return (
        {each: keys.get(name(each), "main") for each in ids}
        if not looks.apps or any(_connection_string(looks, app) for app in looks.apps)
        else {}
    )


def _thing(looks: Looks, resource_id: str) -> Branch:
    """A thing of which only the name is said."""
    branch = Branch()
    branch.put("name", draft_names.template(name(resource_id), looks.env))
    return branch


def _component(found: _Drafting, resource_id: str, called: str) -> Branch:
    """A component, with the setting that names it where that is not the usual one."""
    branch = _thing(found.looks, resource_id)
    for app in found.looks.apps:
        told = _connection_string(found.looks, app)
        if told is not None and told[0] != _SETTING and _component_of(found, app) == called:
            branch.put("connection_string", told[0])
            break
    return branch


def _own_key(looks: Looks, component: str) -> int | None:
    """The label of a component's instrumentation key; None where it was not read."""
    seen = looks.newest.component(component).properties
    told = seen.value.connection_string if isinstance(seen, Observed) and seen.value is not None else None
    return told.part(_KEY) if told is not None else None


def _connection_string(looks: Looks, app: ObservedApp) -> tuple[str, ValueClass | None] | None:
    """The setting that an app exports with, and its value where that was read: the usual one, else one that holds a
    connection string; None where it has neither."""
    for one in sorted(app.settings, key=lambda setting: setting.name != _SETTING):
        value = _value(looks, one)
        if one.name == _SETTING or (value is not None and "application-insights" in value.kinds):
            return one.name, value
    return None


def _value(looks: Looks, setting: Setting) -> ValueClass | None:
    """The class of what a setting holds, or of the secret that it refers to."""
    if isinstance(setting.value, LiteralValue):
        return setting.value.value
    if isinstance(setting.value, VaultReference) and setting.value.vault and setting.value.secret:
        vault = looks.named(kinds.VAULT.type, setting.value.vault)
        read = looks.newest.vault(vault).value(setting.value.secret) if vault is not None else None
        return read.value if isinstance(read, Observed) else None
    return None


def _told(looks: Looks, app: ObservedApp) -> int | None:
    """The label of the instrumentation key that an app exports with; None where it was not read."""
    found = _connection_string(looks, app)
    return found[1].part(_KEY) if found is not None and found[1] is not None else None


def _plans(looks: Looks) -> Branch:
    """The smallest size in each family that an app runs on."""
    least: dict[str, skus.Sku] = {}
    for app in looks.apps:
        plan = looks.newest.plan(app.properties.plan_id or "") if app.properties is not None else None
        size = plan.value.sku if isinstance(plan, Observed) and plan.value is not None else None
        known = skus.sku(size, {}) if size else None
        if known is not None and (known.family not in least or least[known.family].at_least(known)):
            least[known.family] = known
    branch = Branch()
    if least:
        families: dict[str, Value] = {family: known.name for family, known in sorted(least.items())}
        branch.put("minimum", families, "what the apps run on is enough")
    return branch


def _service(found: _Drafting, app: ObservedApp) -> Branch:
    branch = Branch(guess="its key, from the app's name")
    branch.put("app", draft_names.template(name(app.id), found.looks.env))
    if app.properties is not None and "functionapp" in app.properties.kind:
        branch.put("kind", "function")
    _image(found, branch, app)
    _secrets(found, branch, app)
    if app_containers := found.data.containers.get(key(app.id)):
        branch.put("storage", app_containers)
    if databases := found.data.databases.get(key(app.id)):
        branch.put("databases", databases)
    component = _component_of(found, app)
    if found.components and component is None:
        branch.put("component", NO_COMPONENT, "no setting of it is a connection string")
    elif component is not None and len(found.components) > 1:
        branch.put("component", component)
    further = tuple(_access(found, app))
    if further:
        branch.put("access", further)
    _identity(found, branch, app)
    return branch


def _identity(found: _Drafting, branch: Branch, app: ObservedApp) -> None:
    """Whom the app acts as, where that is not its own identity. One that has none and uses something needs one, which
    is a difference."""
    if app.attached is not None:
        branch.put("identity", f"user:{found.identities[key(app.attached.id)][0]}")
    elif app.properties is not None and not app.properties.identity.system_assigned and not _USES & set(branch.entries):
        branch.put("identity", "none")


def _access(found: _Drafting, app: ObservedApp) -> Iterator[Value]:
    """The further roles of the app's identity: on what this draft documents; others are remarked."""
    known = {key(id_): f"components.{called}" for id_, called in found.components.items()}
    known |= {key(id_): f"registries.{called}" for called, id_ in found.registries.values() if id_ is not None}
    known |= {key(each.id): f"vaults.{each.key}" for each in found.vaults.by_name.values() if each.id is not None}
    known |= {key(id_): f"servers.{called}" for called, (id_, _) in found.data.servers.items()}
    known |= {key(id_): f"resources.{called}" for called, (id_, _) in found.resources.items()}
    known |= dict(found.data.things)
    implied = {key(id_) for id_ in _used(found, app)}
    for role, scope in found.looks.roles_of(app):
        if role in _IMPLIED and (key(scope) in implied or key(scope) in found.data.things):
            continue
        if key(scope) in known:
            yield {"role": role, "on": known[key(scope)]}
        else:
            found.remarks.append(f"{name(app.id)} holds {role} on {scope}, which this draft does not say")


def _used(found: _Drafting, app: ObservedApp) -> Iterator[str]:
    """The ids of the registry of its image and of the vaults that its settings refer to."""
    matches = (_REGISTRY.fullmatch(image.host) for _, image in app.images[:1])
    for called in (match[1] for match in matches if match):
        yield from (id_ for _, id_ in (found.registries[called],) if id_ is not None)
    vaults = (found.vaults.by_name[one.vault.casefold()] for one in app.references)
    yield from (vault.id for vault in vaults if vault.id is not None)


def _identities(looks: Looks) -> Mapping[str, tuple[str, str]]:
    """The user-assigned identities that apps act as, or all that are adopted where there is no app, by `ids.key`: the
    key, and the id."""
    ids = {key(app.attached.id): app.attached.id for app in looks.apps if app.attached is not None}
    if not looks.apps:
        ids = {key(each): each for each in looks.within(kinds.USER_IDENTITY.type)}
    keys = draft_names.keys(map(name, ids.values()), looks.env) if len(ids) > 1 else {}
    return {each: (keys.get(name(id_), "main"), id_) for each, id_ in ids.items()}


def _component_of(found: _Drafting, app: ObservedApp) -> str | None:
    """The key of the component that an app exports to; the only one, where that cannot be told."""
    if not found.components or _connection_string(found.looks, app) is None:
        return None
    told = _told(found.looks, app)
    known = {_own_key(found.looks, each): called for each, called in found.components.items()}
    return known.get(told) or next(iter(found.components.values()))


def _image(found: _Drafting, branch: Branch, app: ObservedApp) -> None:
    images, runtime = app.images, app.runtime
    if runtime is not None and runtime.form == "stack":
        runs = f"{runtime.stack.upper()}|{runtime.version}"
        if re.fullmatch(RUNS, runs):
            branch.put("runs", runs)
        else:  # what is not shown cannot be drafted
            found.remarks.append(f"{name(app.id)} runs a stack whose name or version is unknown: set it as `runs`")
    if not images:
        return
    (_, main), *others = images
    registry = _REGISTRY.fullmatch(main.host)
    if registry is None:
        found.remarks.append(f"{name(app.id)} runs {main.host}/{main.repository}, which is from no registry of Azure's")
        return
    image: dict[str, Value] = {"repository": main.repository}
    if len(found.registries) > 1:
        image["registry"] = found.registries[registry[1]][0]
    style = style_of(main.tag)
    if main.digest is not None and main.tag is None:
        image["digest"] = main.digest
    elif style is not None:
        image["tags"] = style
    branch.put("image", image, "the style of its tags, from the one that runs" if "tags" in image else "")
    if others:
        sidecars: dict[str, Value] = {called: {"image": f"{each.host}/{each.repository}"} for called, each in others}
        branch.put("sidecars", sidecars)


def style_of(tag: str | None) -> str | None:
    """The style that a running tag may be of; None for a commit, which is the usual one."""
    if tag is None or image_tags.is_of(image_tags.COMMIT, tag):
        return None
    return image_tags.SEMVER if image_tags.is_of(image_tags.SEMVER, tag) else image_tags.ANY


def _secrets(found: _Drafting, branch: Branch, app: ObservedApp) -> None:
    """Its vaults: a vault is its own if every secret there is a setting; what has another name is said by setting."""
    by_vault: dict[str, dict[str, list[str]]] = {}
    for one in app.references:
        by_vault.setdefault(one.vault.casefold(), {}).setdefault(one.stored.casefold(), []).append(one.setting)
    own: list[str] = []
    settings: dict[str, Value] = {}
    for low, referred in by_vault.items():
        vault = found.vaults.by_name[low]
        whole = bool(vault.secrets) and all(stored.casefold() in referred for stored in vault.secrets)
        own += [vault.key] if whole else []
        settings.update(_renamed(vault, referred, whole=whole))
    if len(own) == 1:
        branch.put("vault", own[0])
    elif own:
        branch.put("vaults", tuple(own))
    if settings:
        branch.put("settings", settings)


def _renamed(vault: DraftedVault, referred: Mapping[str, list[str]], *, whole: bool) -> Iterator[tuple[str, Value]]:
    for stored, documented in vault.secrets.items():
        names = referred.get(stored.casefold(), [])
        if not whole or names != [documented]:
            yield from ((setting, f"{vault.key}/{documented}") for setting in names)
