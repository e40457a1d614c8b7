"""A policy cut down to one environment."""

from __future__ import annotations

from typing import Any

from mzaudit.policy.models import Policy
from mzaudit.policy.semantics import by_environment

_THINGS = ("registries", "vaults", "services", "servers", "storage", "components")


def narrowed(policy: Policy, env: str) -> dict[str, Any]:
    """The policy of one environment as plain data: the things that are in it, with the values that they have there."""
    tree = policy.model_dump(mode="json", exclude_defaults=True)
    for steps, value in by_environment(policy):
        around: Any = tree
        for step in steps[:-1]:
            around = around[step]
        if env in value:
            around[steps[-1]] = value[env]
        else:
            around.pop(steps[-1])
    tree["environments"] = {env: tree["environments"][env]}
    tree.pop("parity", None)  # it speaks of several environments
    for section in _THINGS:
        kept = {key: one for key, one in tree.get(section, {}).items() if env in one.pop("environments", [env])}
        if section in tree:
            tree[section] = kept
    for server in tree.get("servers", {}).values():
        databases = server["databases"].items()
        server["databases"] = {
            key: one for key, one in databases if isinstance(one, str) or env in one.pop("environments", [env])
        }
    tree["servers"] = {key: one for key, one in tree.get("servers", {}).items() if one["databases"]}
    for service in tree["services"].values():
        _connect(service, tree)
    return {key: value for key, value in tree.items() if value != {}}


def _connect(service: dict[str, Any], tree: dict[str, Any]) -> None:
    """Leave out what a service names and this environment does not have."""
    vaults, storage = tree.get("vaults", {}), tree.get("storage", {})
    databases = {key for server in tree.get("servers", {}).values() for key in server["databases"]}
    if service.get("vault") not in vaults:
        service.pop("vault", None)
    for field, held in (("vaults", vaults), ("storage", storage)):
        if field in service:
            service[field] = [key for key in service[field] if key in held]
    if "databases" in service:
        service["databases"] = [grant for grant in service["databases"] if grant["database"] in databases]
    if "settings" in service:
        service["settings"] = {
            name: path for name, path in service["settings"].items() if path.partition("/")[0] in vaults
        }
