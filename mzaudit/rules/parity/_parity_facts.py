"""The facts by which environments are compared: those that no other rule holds every environment to.

A fact is read as a tuple of words, so that two environments compare as sets; `None` where there is nothing to compare,
because the thing itself is missing and another rule says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mzaudit.access.effective_access import reach_of
from mzaudit.facts.existing import principal_of, require_field
from mzaudit.facts.setting_references import held
from mzaudit.policy.desired import DesiredEnvironment, DesiredService, DesiredVault
from mzaudit.rules.parity._parity_subjects import Comparable
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import need, whole
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.values import LiteralValue
from mzaudit.snapshot.web import Setting

Words = tuple[str, ...] | None


def facts(thing: Comparable) -> tuple[str, ...]:
    """The names of the facts that a thing is compared by."""
    match thing:
        case DesiredService():
            return tuple(_APP)
        case DesiredVault():
            return tuple(_VAULT)
        case DesiredEnvironment():
            return tuple(_ENVIRONMENT)


def read(thing: Comparable, what: str, seen: Snapshot) -> Words:
    """One fact of a thing; stops the rule as inconclusive at a gap."""
    match thing:
        case DesiredService():
            return None if need(seen.site(thing.id).properties) is None else _APP[what](thing, seen)
        case DesiredVault():
            return None if need(seen.vault(thing.id).properties) is None else _VAULT[what](thing, seen)
        case DesiredEnvironment():
            return _ENVIRONMENT[what](thing, seen)


def _app_settings(want: DesiredService, seen: Snapshot) -> tuple[str, ...]:
    documented = {setting.name for setting in want.settings}
    documented |= {want.exports_to.setting} if want.exports_to is not None else set()
    settings = held(seen.site(want.id).settings, f"POST {want.id}/config/appsettings/list")
    return tuple(_form(setting) for setting in settings if setting.name not in documented)


def _connection_strings(want: DesiredService, seen: Snapshot) -> tuple[str, ...]:
    strings = held(seen.site(want.id).connection_strings, f"POST {want.id}/config/connectionstrings/list")
    return tuple(f"{_form(setting)} [{setting.kind}]" for setting in strings)


def _form(setting: Setting) -> str:
    return setting.name if isinstance(setting.value, LiteralValue) else f"{setting.name} (reference)"


def _mounts(want: DesiredService, seen: Snapshot) -> tuple[str, ...]:
    mounts = held(seen.site(want.id).mounts, f"POST {want.id}/config/azurestorageaccounts/list")
    return tuple(mount.name for mount in mounts)


def _plan(want: DesiredService, seen: Snapshot) -> tuple[str, ...]:
    site = held(seen.site(want.id).properties, f"GET {want.id}")
    if site.managed_environment is not None:
        return ("a Container Apps environment",)
    plan_id = require_field(site.plan_id, f"GET {want.id}", "serverFarmId")
    sku = require_field(held(seen.plan(plan_id), f"GET {plan_id}").sku, f"GET {plan_id}", "sku.name")
    return (sku.casefold(),)


def _runtime(want: DesiredService, seen: Snapshot) -> tuple[str, ...]:
    call = f"GET {want.id}/config/web"
    runtime = require_field(held(seen.site(want.id).config, call).runtime, call, "properties.linuxFxVersion")
    return (f"{runtime.form} {runtime.stack}".strip(),)


def _identity(want: DesiredService, seen: Snapshot) -> tuple[str, ...]:
    identity = held(seen.site(want.id).properties, f"GET {want.id}").identity
    attached = len(identity.user_assigned)
    return (*identity.types, *((f"{attached} user-assigned",) if attached else ()))


def _roles(want: DesiredService, seen: Snapshot) -> tuple[str, ...]:
    who = principal_of(want, held(seen.site(want.id).properties, f"GET {want.id}"))
    if who is None:
        return ()
    held_by_it = whole(reach_of(seen, seen.access(want.id), who))
    registry = (want.image.registry.id,) if want.image is not None else ()
    documented = {key(each) for each in (*want.reaches, *registry)}  # which may be there in one environment alone
    return tuple(f"{a.role} on {_level(a.scope)}" for a in held_by_it if key(a.scope) not in documented)


def _level(scope: str) -> str:
    """What kind of thing a scope is: its resource type, or the level above resources."""
    before, _, resource = scope.casefold().rpartition("/providers/")
    if not before:
        levels = {3: "subscription", 5: "resource group"}
        return levels.get(len(scope.rstrip("/").split("/")), "management group")
    provider, *rest = resource.rstrip("/").split("/")
    return "/".join([provider, *rest[::2]])


def _secrets(want: DesiredVault, seen: Snapshot) -> tuple[str, ...]:
    documented = {secret.stored.casefold() for secret in want.secrets}
    items = whole(seen.vault(want.id).secrets)
    extra = [item for item in items if item.name.casefold() not in documented]
    return tuple(item.name.casefold() for item in extra if not need(item.managed))


def _network(want: DesiredVault, seen: Snapshot) -> tuple[str, ...]:
    properties = held(seen.vault(want.id).properties, f"GET {want.id}")
    access, action = properties.public_network_access, properties.default_action
    # Azure leaves out what was never set: reachable from everywhere
    return ((access or "Enabled").casefold(), (action or "Allow").casefold())


def _storage_keys(want: DesiredEnvironment, seen: Snapshot) -> Words:
    allowed = []
    for storage in want.storage:
        properties = need(seen.account(storage.account_id).properties)
        if properties is None:
            return None
        allowed.append(f"{storage.key} {'refused' if properties.shared_key is False else 'accepted'}")
    return tuple(allowed)


def _telemetry_keys(want: DesiredEnvironment, seen: Snapshot) -> Words:
    allowed = []
    for component in want.components:
        properties = need(seen.component(component.id).properties)
        if properties is None:
            return None
        allowed.append(f"{component.key} {'refused' if properties.local_auth_disabled else 'accepted'}")
    return tuple(allowed)


_APP: Mapping[str, Callable[[DesiredService, Snapshot], Words]] = {
    "app-settings": _app_settings,
    "connection-strings": _connection_strings,
    "identity": _identity,
    "mounts": _mounts,
    "plan": _plan,
    "roles": _roles,
    "runtime": _runtime,
}
_VAULT: Mapping[str, Callable[[DesiredVault, Snapshot], Words]] = {
    "vault-network": _network,
    "vault-secrets": _secrets,
}
_ENVIRONMENT: Mapping[str, Callable[[DesiredEnvironment, Snapshot], Words]] = {
    "storage-keys": _storage_keys,
    "telemetry-keys": _telemetry_keys,
}
NAMES = frozenset({*_APP, *_VAULT, *_ENVIRONMENT})
