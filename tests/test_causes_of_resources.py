"""A resource that is a part of another, or set on it: one that is missing is one finding, at its cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Finding, Status
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.rules.image.registry_exists import registry_exists
from mzaudit.rules.keyvault.vault_exists import vault_exists
from mzaudit.rules.resource.resource_exists import resource_exists
from mzaudit.rules.resource.resource_fact import resource_fact
from mzaudit.snapshot.observed import Gap, Observed
from mzaudit.snapshot.registry import Registry
from mzaudit.snapshot.resources import FactKind, ResourceBody, ResourceFact
from mzaudit.snapshot.text.ids import key
from tests.built_estate import POLICIES, SUBSCRIPTION, bent, gap, vault, vault_facets

PARTS = """
resources:
  keep: {type: Microsoft.Authorization/locks, name: keep, parent: orders}
  orders: {type: Microsoft.ServiceBus/namespaces/queues, name: orders, parent: bus, expect: {properties.status: Active}}
  bus: {type: Microsoft.ServiceBus/namespaces, name: "sb-{env}", expect: {sku.name: Premium}}
  other: {type: Microsoft.ServiceBus/namespaces, name: "sb-{env}-2"}
  vault-lock: {type: Microsoft.Authorization/locks, name: keep, parent: vaults.cloud}
  vault-lock-note: {type: Microsoft.Authorization/locks, name: keep, parent: vault-lock}
  hook: {type: Microsoft.ContainerRegistry/registries/webhooks, name: deploy, parent: registries.main}
expect:
  Microsoft.ServiceBus/namespaces/networkRuleSets/default: {properties.defaultAction: Deny}
"""
BUS = ("bus", "orders", "keep")


@cache
def bound() -> Desired:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text((POLICIES / "monozu.yaml").read_text("utf-8") + PARTS, "utf-8")
        loaded = load(path, vocabulary(), "policy.yaml")
    return bind(loaded.policy, loaded.where, ("prd",), dict.fromkeys(loaded.policy.environments, SUBSCRIPTION))


def findings(missing: tuple[str, ...] = (), hidden: tuple[str, ...] = ()) -> Mapping[tuple[str, str], Finding]:
    """What the rules say where these resources answer 404, and those are refused; all else is there, as documented."""
    values = {"sku.name": "Premium", "properties.status": "Active", "properties.defaultAction": "Deny"}
    bodies: dict[str, Observed[ResourceBody | None] | Gap] = {}
    for one in bound().environments["prd"].expected:
        facts = {name: ResourceFact(FactKind.VALUE, value) for name, value in values.items()}
        bodies[key(one.id)] = Observed(None if one.key in missing else ResourceBody("2024-01-01", facts))
        if one.key in hidden:
            bodies[key(one.id)] = gap(one.key)
    seen = replace(bent(), bodies=bodies)
    if "vaults.cloud" in missing:
        seen = vault_facets(vault("cloud"), properties=Observed(None))(seen)
    if "registries.main" in missing:
        registry = bound().environments["prd"].registries[0].id
        seen = replace(seen, registries={key(registry): Registry(registry, Observed(None), {})})
    rules = (registry_exists, vault_exists, resource_exists, resource_fact)
    return {(one.rule, one.subject.name): one for one in evaluate(bound(), seen, rules)}


def of_resources(found: Mapping[tuple[str, str], Finding]) -> Mapping[str, tuple[str, str]]:
    """The resources that are not as documented: status, and cause."""
    return {
        name: (one.status.value, str(one.cause or ""))
        for (rule, name), one in found.items()
        if rule.startswith("RES-") and one.status is not Status.PASS
    }


PART = "bus/networkRuleSets/default"
CASES: dict[str, tuple[tuple[str, ...], tuple[str, ...], Mapping[str, tuple[str, str]]]] = {
    "all there": ((), (), {}),
    "the root, and so all beneath it": (
        (*BUS, PART),
        (),
        {
            "bus": ("fail", ""),
            "orders": ("not-applicable", "RES-001 bus"),
            "keep": ("not-applicable", "RES-001 bus"),
            "bus/sku.name": ("not-applicable", "RES-001 bus"),
            "orders/properties.status": ("not-applicable", "RES-001 bus"),
            f"{PART}/properties.defaultAction": ("not-applicable", "RES-001 bus"),
        },
    ),
    "a leaf alone": (("keep",), (), {"keep": ("fail", "")}),
    "the middle": (
        ("orders", "keep"),
        (),
        {
            "orders": ("fail", ""),
            "keep": ("not-applicable", "RES-001 orders"),
            "orders/properties.status": ("not-applicable", "RES-001 orders"),
        },
    ),
    "one beside it, of a name that begins alike": (("other",), (), {"other": ("fail", "")}),
    "a part, while its owner is hidden": (
        ("orders",),
        ("bus", "keep"),
        {
            "bus": ("inconclusive", ""),
            "bus/sku.name": ("inconclusive", ""),
            "orders": ("fail", ""),
            "keep": ("inconclusive", ""),
            "orders/properties.status": ("not-applicable", "RES-001 orders"),
        },
    ),
    "what is set on a missing registry": (
        ("registries.main", "hook"),
        (),
        {"hook": ("not-applicable", f"IMG-001 {bound().environments['prd'].registries[0].name}")},
    ),
    "what is set on a missing vault, and on that": (
        ("vaults.cloud", "vault-lock", "vault-lock-note"),
        (),
        {
            "vault-lock": ("not-applicable", "KV-001 kv-mz-cloud-prd"),
            "vault-lock-note": ("not-applicable", "KV-001 kv-mz-cloud-prd"),
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_root_is_the_finding(case: str) -> None:
    missing, hidden, expected = CASES[case]
    assert of_resources(findings(missing, hidden)) == expected
