"""What a policy of several things at places of their own may not say, and the line and nearest name that are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mzaudit.policy import role_names
from tests.policy.bent import line_of, said_of

TEXT = Path(__file__).with_name("several.yaml").read_text(encoding="utf-8")
ENVIRONMENTS = "expected one of pre-prod, eu-1"
EARLY = '  b: {name: sql-m-b, place: hub, databases: {bill: "bill-{env}"'
EARLY_ALONE = (
    "  b: {name: sql-m-b, place: hub, environments: [eu-1], databases:"
    ' {bill: {name: "bill-{env}", environments: [pre-prod]}'
)

# What is changed, and to what; the words whose line is told; what is said.
SAID: dict[str, tuple[tuple[str, str], str, str]] = {
    "an unknown place": (
        ("app: app-m-web-{env}\n    place: apps", "app: app-m-web-{env}\n    place: app"),
        "place: app\n",
        'services.web.place: expected an entry of places (default, apps, hub), found "app" (did you mean apps?)',
    ),
    "no default place": (
        ("  default: rg-m-{env}", "  defaults: rg-m-{env}"),
        "  web: {name",
        "vaults.web.place: expected an entry of places (defaults, apps, hub), "
        "found none, and no place is called default",
    ),
    "a place of services for another thing": (
        ('"appi-other", place: hub', '"appi-other-{env}", place: apps'),
        "  other: {name",
        'components.other.place: expected a place without {service}, which only a service\'s own app has, found "apps"',
    ),
    "an environment missing in a name": (
        ("kv-m-web-pp, eu-1: kv-front", "kv-m-web-pp"),
        "  web: {name",
        "vaults.web.name: expected an entry for eu-1, found only pre-prod",
    ),
    "an unknown environment in a name": (
        ("{pre-prod: acrmpp, eu-1: acrmeu1}", "{pre-prod: acrmpp, eu-1: acrmeu1, eu-2: acrmeu2}"),
        "  own: {name",
        f'registries.own.name.eu-2: {ENVIRONMENTS}, found "eu-2" (did you mean eu-1?)',
    ),
    "an unknown environment of a thing": (
        ("name: kv-m-extra, environments: [eu-1]", "name: kv-m-extra, environments: [eu-1, prepord]"),
        "  extra: {name",
        f'vaults.extra.environments[1]: {ENVIRONMENTS}, found "prepord" (did you mean pre-prod?)',
    ),
    "an environment missing in a fact": (
        ("places:\n", "secrets: {expiring_days: {eu-1: 7}}\nplaces:\n"),
        "secrets: {expiring",
        "secrets.expiring_days: expected an entry for pre-prod, found only eu-1",
    ),
    "two containers at one address": (
        ("container: archive", "container: outbox"),
        "  arch: {account",
        'storage.arch.container: expected a name of its own, found "outbox", which is also that of out',
    ),
    "two things whose names meet in one environment": (
        ("eu-1: kv-front}", "eu-1: kv-m-extra}"),
        "  extra: {name",
        'vaults.extra.name: expected a name of its own, found "kv-m-extra", which is also that of web',
    ),
    "one account in two groups": (
        (
            "  arch: {account: {pre-prod: stmpp, eu-1: stmeu}",
            "  arch: {place: hub, account: {pre-prod: stmpp, eu-1: stmeu}",
        ),
        "  arch: {place",
        "storage.arch.account: expected {env} in the name, or a place that environments share, because there is one"
        ' storage account of a name, found "stmpp"',
    ),
    "an app for two environments": (
        ("    app: app-m-live\n    environments: [eu-1]", "    app: app-m-live\n    place: hub"),
        "app: app-m-live",
        'services.live.app: expected {env} in the name, or environments would share one app, found "app-m-live" for'
        " pre-prod and eu-1",
    ),
    "a container that is never where the service is": (
        ("    storage: [out]", "    storage: [in]"),
        "storage: [in]",
        'services.live.storage[0]: expected a thing that is in an environment of the service, found "in", which is in'
        " none of them",
    ),
    "no registry where the service is": (
        ("  hub: {name: acrmulti, place: hub}", "  hub: {name: acrmulti, place: hub, environments: [eu-1]}"),
        "image: {registry: hub",
        'services.web.image.registry: expected a registry in each environment of the service, found "hub", which is not'
        " in pre-prod",
    ),
    "one registry of several, unnamed": (
        ("{registry: own, repository: api}", "{repository: api}"),
        "image: {repository: api",
        "services.api.image: expected registry, an entry of registries (hub, own), found none, and there are several",
    ),
    "one component of several, unnamed": (
        ("    component: other\n", ""),
        "  api:",
        "services.api.component: expected an entry of components (main, other) or none, found nothing, and there are"
        " several",
    ),
    "a role misspelt": (
        ("    storage: [out]", "    storage: [out]\n    access: [{role: Key Vault Secret User, on: vaults.web}]"),
        "access: [{role",
        "services.live.access[0].role: expected the name of a built-in role, or of one of the tenant's own, found"
        ' "Key Vault Secret User" (did you mean Key Vault Secrets User?)',
    ),
    "a container's role misspelt": (
        ("container: outbox", "container: outbox, role: Storage Blob Data Raeder"),
        "container: outbox",
        "storage.out.role: expected the name of a built-in role, or of one of the tenant's own, found"
        ' "Storage Blob Data Raeder" (did you mean Storage Blob Data Reader?)',
    ),
    "a database's key on two servers": (
        ('bill: "bill-{env}"', 'ref: "bill-{env}"'),
        "  b: {name",
        "servers.b.databases.ref: expected a key that no other server's database has, "
        'found "ref", which is also one of a',
    ),
}

# As above: what cannot stand in one policy with the others.
APART: dict[str, tuple[tuple[str, str], str, str]] = {
    "a role on a thing that is never where the service is": (
        ("    storage: [out]", "    storage: [out]\n    access: [{role: Reader, on: in}]"),
        "access: [{role: Reader",
        'services.live.access[0].on: expected a thing that is in an environment of the service, found "in", which is in'
        " none of them",
    ),
    "a secret of a vault that is never where the service is": (
        (
            "app: app-m-live\n    environments: [eu-1]",
            "app: app-m-live\n    environments: [pre-prod]\n    settings: {T: extra/EXTRA}",
        ),
        "settings: {T",
        'services.live.settings.T: expected a thing that is in an environment of the service, found "extra", which is'
        " in none of them",
    ),
    "a database that is never where its server is": (
        (EARLY, EARLY_ALONE),
        "  b: {name",
        "servers.b.databases.bill.environments[0]: expected an environment that its server is in (eu-1), found"
        ' "pre-prod"',
    ),
    "a database that is never where the service is": (
        (EARLY, EARLY_ALONE),
        "databases: [{database: orders",
        'services.web.databases[1].database: expected a thing that is in an environment of the service, found "bill",'
        " which is in none of them",
    ),
    "a place of services for a resource": (
        (
            "services:\n",
            "resources:\n  bus: {type: Microsoft.ServiceBus/namespaces, name: sb, place: apps}\nservices:\n",
        ),
        "  bus:",
        'resources.bus.place: expected a place without {service}, which only a service\'s own app has, found "apps"',
    ),
    "a parent that is never where the resource is": (
        (
            "services:\n",
            "resources:\n  keep: {type: Microsoft.Authorization/locks, name: keep, parent: vaults.extra,"
            " environments: [pre-prod]}\nservices:\n",
        ),
        "  keep:",
        'resources.keep.parent: expected a parent that is in an environment of the resource, found "vaults.extra",'
        " which is in none of them",
    ),
    "an environment missing in the place of a resource": (
        (
            "places:\n",
            "resources:\n  wall: {type: Microsoft.Network/azureFirewalls, name: afw, place: net}\nplaces:\n"
            "  net: {group: {eu-1: rg-net}}\n",
        ),
        "  net:",
        "places.net.group: expected an entry for pre-prod, found only eu-1",
    ),
    "a resource of no place": (
        (
            "places:\n  default: rg-m-{env}\n",
            "resources:\n  wall: {type: Microsoft.Network/azureFirewalls, name: afw}\n"
            "places:\n  defaults: rg-m-{env}\n",
        ),
        "  wall:",
        "resources.wall.place: expected an entry of places (defaults, apps, hub), "
        "found none, and no place is called default",
    ),
}


@pytest.mark.parametrize("case", SAID | APART)
def test_it_is_told_at_its_line(tmp_path: Path, case: str) -> None:
    (old, new), words, said = (SAID | APART)[case]
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    assert f"p.yaml:{line_of(text, words)}: {said}" in said_of(tmp_path, text)


def test_all_are_told_at_once(tmp_path: Path) -> None:
    text = TEXT
    for old, new in ((old, new) for (old, new), _, _ in SAID.values()):
        text = text.replace(old, new, 1)
    assert len(said_of(tmp_path, text)) >= 12


ROLES = {
    "Key Vault Secrets User": None,
    "key vault secrets user": None,
    "Storage Blob Data Raeder": "Storage Blob Data Reader",
    "Acr Pull": "AcrPull",
    "AcrPul": "AcrPull",
    "KeyVault Secrets User": "Key Vault Secrets User",
    "Azure ServiceBus Data Sender": "Azure Service Bus Data Sender",
    "Contributer": "Contributor",
    # of the tenant's own
    "Storage Blob Data Writer": None,
    "Storage Blob Data Reader 2": None,
    "Our Key Vault Secrets User": None,
    "Deploy Operator": None,
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_misspelt_is_told_from_one_of_the_tenants_own(role: str) -> None:
    assert role_names.misspelt(role) == ROLES[role]


def test_no_built_in_role_is_another_misspelt() -> None:
    assert [name for name in role_names.BUILT_IN if role_names.misspelt(name)] == []
