"""Policies that contradict themselves or Azure, and the line that each is told at; notes on what Azure cannot hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary
from tests.policy.bent import SHIPPED, bent, line_of, said_of

VAULT = "expected a vault name (3 to 24 letters, digits and single hyphens, a letter first, no hyphen last)"
APP = "expected an app name (2 to 60 letters, digits and hyphens, no hyphen first or last)"
ACCOUNT = "expected a storage account name (3 to 24 lower-case letters and digits)"
CONTAINER = (
    "expected a container name (3 to 63 lower-case letters, digits and single hyphens, none of these first or last)"
)
SERVER = "expected a SQL server name (1 to 63 lower-case letters, digits and hyphens, no hyphen first or last)"
TOKEN = "CLOUD_INTERNAL_API_TOKEN: {shared: true}"
PLACE = "expected {env} in the name, or a place that environments share, because there is one"
PARITY = "document: Azure Infrastructure\nparity: [{what: plan, reason: cost, between: "

# What is changed; the words in the changed file whose line is told; what is said.
CONTRADICTIONS: dict[str, tuple[tuple[str, str], str, str]] = {
    "two entries that are one resource, by a name for each environment": (
        (
            "document:",
            "resources:\n  p: {type: A.B/c, name: x, place: shared}\n"
            "  q: {type: a.b/C, name: {dev: X, stg: y, prd: z}, place: shared}\ndocument:",
        ),
        "  q:",
        "resources.q.name: expected a name of its own, found that of p, in the same place",
    ),
    "two locks that are one, of a parent by two names": (
        (
            "document:",
            "resources:\n  p: {type: Microsoft.Authorization/locks, name: x, parent: bus}\n"
            "  q: {type: Microsoft.Authorization/locks, name: X, parent: resources.bus}\n"
            "  bus: {type: A.B/c, name: x}\ndocument:",
        ),
        "  q:",
        "resources.q.name: expected a name of its own, found that of p, in the same place",
    ),
    "an allowed name with a slash": (
        (
            "document:",
            "undocumented: {allow: [{type: A.B/c/d,\n  name: c/d, reason: x}]}\ndocument:",
        ),
        "  name: c/d",
        'undocumented.allow[0].name: expected the part\'s own name, without a slash, found "c/d"',
    ),
    "an allowed name with braces": (
        (
            "document:",
            'undocumented: {allow: [{type: A.B/c,\n  name: "{service}-x", reason: x}]}\ndocument:',
        ),
        "  name:",
        'undocumented.allow[0].name: expected no braces but {env}, found "{service}-x"',
    ),
    "an expectation for some environments": (
        ("document:", "resources: {p: {type: A.B/c, name: x, place: shared,\n  expect: {sku: {prd: a}}}}\ndocument:"),
        "  expect:",
        "resources.p.expect.sku: expected an entry for dev and stg, found only prd",
    ),
    "an expectation for an environment that is none": (
        (
            "document:",
            "resources: {p: {type: A.B/c, name: x, place: shared,\n"
            "  expect: {sku: {dev: a, stg: b, prd: c, prod: d}}}}\ndocument:",
        ),
        "  expect:",
        'resources.p.expect.sku.prod: expected an environment (dev, stg, prd) or an operator, found "prod" '
        "(did you mean prd?)",
    ),
    "an operator that is none": (
        (
            "document:",
            "resources: {p: {type: A.B/c, name: x, place: shared,\n  expect: {sku: {equals: b}}}}\ndocument:",
        ),
        "  expect:",
        'resources.p.expect.sku.equals: expected an environment (dev, stg, prd) or an operator, found "equals" '
        "(did you mean equal?)",
    ),
    "a bound that is none, by environment": (
        (
            "document:",
            "resources: {p: {type: A.B/c, name: x, place: shared,\n"
            "  expect: {sku: {dev: a, stg: b, prd: {at_least: Zork}}}}}\ndocument:",
        ),
        "  expect:",
        "resources.p.expect.sku.prd.at_least: expected a number, a version in quotes, a TLS version or a plan's SKU "
        'whose size is known, found "Zork"',
    ),
    "no condition, by environment": (
        (
            "document:",
            "resources: {p: {type: A.B/c, name: x, place: shared,\n"
            "  expect: {sku: {dev: a, stg: b, prd: {}}}}}\ndocument:",
        ),
        "  expect:",
        "resources.p.expect.sku.prd: expected a value, or at least one operator, found an empty mapping",
    ),
    "an object id for an environment that is none": (
        (
            "document:",
            "people: [{name: ops, access: [{role: Reader, on: registries.main}],\n"
            "  object_id: {prod: 5b1d0f0a-0000-4000-8000-000000000001}}]\ndocument:",
        ),
        "  object_id:",
        'people[0].object_id.prod: expected one of dev, stg, prd, found "prod" (did you mean prd?)',
    ),
    "a resource that is a vault of the policy": (
        (
            "document:",
            'resources:\n  q: {type: Microsoft.KeyVault/vaults, name: "kv-mz-cloud-{env}"}\ndocument:',
        ),
        "  q:",
        "resources.q.name: expected a name of its own, found that of vaults.cloud, in the same place",
    ),
    "a rule that is neither off nor weighed": (
        ("document:", "rules: {IMG-005: {environments: [prd]}}\ndocument:"),
        "rules:",
        "rules.IMG-005: expected off with a reason, or a severity with one, found neither",
    ),
    "a rule that is off and weighed": (
        ("document:", "rules: {IMG-005: {off: why, severity: low}}\ndocument:"),
        "rules:",
        "rules.IMG-005: expected off or a severity, found both",
    ),
    "a rule that is weighed without a reason": (
        ("document:", "rules: {IMG-005: {severity: low}}\ndocument:"),
        "rules:",
        "rules.IMG-005: expected a reason beside the severity, found none",
    ),
    "a rule that is weighed without a reason, of several": (
        ("document:", "rules: {IMG-005: [{off: why, environments: [prd]}, {severity: low}]}\ndocument:"),
        "rules:",
        "rules.IMG-005[1]: expected a reason beside the severity, found none",
    ),
    "a rule that is off for two reasons": (
        ("document:", "rules: {IMG-005: {off: why, reason: because}}\ndocument:"),
        "rules:",
        "rules.IMG-005.reason: expected the reason under off alone, found two",
    ),
    "a rule that is off in no environment": (
        ("document:", "rules: {IMG-005: {off: why, environments: [prod]}}\ndocument:"),
        "rules:",
        'rules.IMG-005.environments[0]: expected one of dev, stg, prd, found "prod" (did you mean prd?)',
    ),
    "a rule that is off for nothing": (
        ("document:", "rules: {IMG-005: {off: why, things: [ingset]}}\ndocument:"),
        "rules:",
        'rules.IMG-005.things[0]: expected the key of a documented thing, found "ingset" (did you mean ingest?)',
    ),
    "a rule that is off for one of several": (
        ("document:", "rules: {IMG-005: {off: why, things: [manage]}}\ndocument:"),
        "rules:",
        'rules.IMG-005.things[0]: expected one of vaults.manage, services.manage, databases.manage, found "manage"',
    ),
    "undeclared vault": (
        ("    vault: cloud", "    vault: clowd"),
        "    vault: clowd",
        'services.cloud.vault: expected an entry of vaults (cloud, manage), found "clowd" (did you mean cloud?)',
    ),
    "undeclared storage": (
        ("    storage: [snaps]", "    storage: [snap]"),
        "    storage: [snap]",
        'services.cloud.storage[0]: expected an entry of storage (snaps), found "snap" (did you mean snaps?)',
    ),
    "undeclared database": (
        ("{database: manage", "{database: manager"),
        "{database: manager",
        "services.manage.databases[0].database: expected an entry of the databases of servers (cloud, manage), "
        'found "manager" (did you mean manage?)',
    ),
    "a setting for a secret of no vault": (
        ("    vault: cloud\n", "    vault: cloud\n    settings: {Oidc__Secret: clowd/SECRET_KEY}\n"),
        "Oidc__Secret",
        "services.cloud.settings.Oidc__Secret: expected a secret of an entry of vaults (cloud, manage), "
        'found "clowd/SECRET_KEY" (did you mean cloud/SECRET_KEY?)',
    ),
    "a setting for no secret": (
        ("    vault: cloud\n", "    vault: cloud\n    settings: {Oidc__Secret: cloud/SECRET_KEYS}\n"),
        "Oidc__Secret",
        "services.cloud.settings.Oidc__Secret: expected vault/secret with a secret of cloud, "
        'found "cloud/SECRET_KEYS" (did you mean cloud/SECRET_KEY?)',
    ),
    "a setting that takes another secret's place": (
        ("    vault: cloud\n", "    vault: cloud\n    settings: {MS_CLIENT_ID: cloud/SECRET_KEY}\n"),
        "MS_CLIENT_ID: cloud/SECRET_KEY",
        "services.cloud.settings.MS_CLIENT_ID: expected another name, or one for cloud/MS_CLIENT_ID too, "
        'whose setting it would be, found "cloud/SECRET_KEY"',
    ),
    "a database twice": (
        ("      - {database: manage,", "      - {database: manage, roles: [x]}\n      - {database: manage,"),
        "      - {database: manage, roles: [db",
        'services.manage.databases[1].database: expected each database once, found "manage" again',
    ),
    "one stored name": (
        ("      SNAP_PUBLISH_TOKEN: {}", "      MS-CLIENT_ID: {}"),
        "MS-CLIENT_ID",
        "vaults.cloud.secrets.MS-CLIENT_ID: expected a stored name of its own, "
        'found "MS-CLIENT-ID", under which MS_CLIENT_ID is stored too',
    ),
    "one stored name but for case": (
        ("      SNAP_PUBLISH_TOKEN: {}", "      ms_client_id: {}"),
        "ms_client_id",
        "vaults.cloud.secrets.ms_client_id: expected a stored name of its own, "
        'found "ms-client-id", under which MS_CLIENT_ID is stored too',
    ),
    "unfit stored name": (
        ("SNAP_PUBLISH_TOKEN: {}", "snap.token: {}"),
        "snap.token",
        'vaults.cloud.secrets["snap.token"]: expected a name that underscore-to-dash makes 1 to 127 letters, digits '
        'and hyphens, found "snap.token"',
    ),
    "shared alone": (
        ("SNAP_PUBLISH_TOKEN: {}", "SNAP_PUBLISH_TOKEN: {shared: true}"),
        "SNAP_PUBLISH_TOKEN",
        "vaults.cloud.secrets.SNAP_PUBLISH_TOKEN: expected a second vault that shares it, found it in cloud alone",
    ),
    "shared on one side": (
        (TOKEN, "CLOUD_INTERNAL_API_TOKEN: {}"),
        TOKEN,
        "vaults.manage.secrets.CLOUD_INTERNAL_API_TOKEN: expected it to be shared in every vault that holds it, "
        "found it not shared in cloud",
    ),
    "distinct alone": (
        ("SNAP_PUBLISH_TOKEN: {}", "SNAP_PUBLISH_TOKEN: {distinct: true}"),
        "SNAP_PUBLISH_TOKEN",
        "vaults.cloud.secrets.SNAP_PUBLISH_TOKEN: expected a second vault with a secret of that name, "
        "found it in cloud alone",
    ),
    "distinct in one of two": (
        ("MS_CLIENT_SECRET: {}", "MS_CLIENT_SECRET: {distinct: true}"),
        "MS_CLIENT_SECRET: {distinct: true}",
        "vaults.cloud.secrets.MS_CLIENT_SECRET: expected it to be distinct in every vault that holds it, "
        "found it not distinct in manage",
    ),
    "shared and distinct": (
        (TOKEN, "CLOUD_INTERNAL_API_TOKEN: {shared: true, distinct: true}"),
        "CLOUD_INTERNAL",
        "vaults.cloud.secrets.CLOUD_INTERNAL_API_TOKEN: expected shared or distinct, found both",
    ),
    "one vault for all environments": (
        ("kv-mz-cloud-{env}", "kv-mz-cloud"),
        "kv-mz-cloud",
        f'vaults.cloud.name: {PLACE} vault of a name, found "kv-mz-cloud" for dev and stg',
    ),
    "one app for all environments": (
        ("app-monozu-ingest-{env}", "app-monozu-ingest"),
        "app-monozu-ingest",
        "services.ingest.app: expected {env} in the name, or environments would share one app, "
        'found "app-monozu-ingest" for dev and stg',
    ),
    "one account for all environments": (
        ("stmonozu{env}", "stmonozu"),
        "stmonozu",
        f'storage.snaps.account: {PLACE} storage account of a name, found "stmonozu" for dev and stg',
    ),
    "one server for all environments": (
        ("sql-monozu-{env}", "sql-monozu"),
        "sql-monozu",
        f'servers.main.name: {PLACE} SQL server of a name, found "sql-monozu" for dev and stg',
    ),
    "other braces": (
        ("kv-mz-cloud-{env}", "kv-mz-cloud-{environment}"),
        "kv-mz-cloud",
        'vaults.cloud.name: expected no braces but {env}, found "{environment}"',
    ),
    "an open brace": (
        ('"appi-monozu-{env}"', '"appi-monozu-{env"'),
        "appi-monozu",
        'components.main.name: expected no braces but {env}, found "{env"',
    ),
    "long vault name": (
        ("  dev:", "  development1:"),
        "kv-mz-manage",
        f'vaults.manage.name: {VAULT}, found "kv-mz-manage-development1" for development1',
    ),
    "two hyphens": (
        ("kv-mz-cloud-{env}", "kv--cloud-{env}"),
        "kv--cloud",
        f'vaults.cloud.name: {VAULT}, found "kv--cloud-dev" for dev',
    ),
    "vault with a digit first": (
        ("kv-mz-cloud-{env}", "1-{env}"),
        "name: 1-",
        f'vaults.cloud.name: {VAULT}, found "1-dev" for dev',
    ),
    "the documented registry": (
        ("name: acrmonozu ", "name: acr-monozu "),
        "name: acr-monozu",
        'registries.main.name: expected a registry name (5 to 50 letters and digits), found "acr-monozu"',
    ),
    "account with a hyphen": (
        ("stmonozu{env}", "st-monozu-{env}"),
        "st-monozu",
        f'storage.snaps.account: {ACCOUNT}, found "st-monozu-dev" for dev',
    ),
    "container in capitals": (
        ("container: snaps", "container: Snaps"),
        "Snaps",
        f'storage.snaps.container: {CONTAINER}, found "Snaps"',
    ),
    "long app name": (
        ("app-monozu-ingest-{env}", "a" * 57 + "-{env}"),
        "a" * 57,
        f'services.ingest.app: {APP}, found "{"a" * 57}-d…" for dev',
    ),
    "server in capitals": (
        ("sql-monozu-{env}", "SQL-{env}"),
        "SQL-{env}",
        f'servers.main.name: {SERVER}, found "SQL-dev" for dev',
    ),
    "two services, one app": (
        ("app-monozu-ingest-{env}", "app-MONOZU-cloud-{env}"),
        "app-MONOZU",
        'services.ingest.app: expected a name of its own, found "app-monozu-cloud-dev", which is also that of cloud',
    ),
    "two keys, one vault": (
        ("kv-mz-manage-{env}", "kv-mz-cloud-{env}"),
        "  manage:\n    name: kv-mz-cloud",
        'vaults.manage.name: expected a name of its own, found "kv-mz-cloud-dev", which is also that of cloud',
    ),
    "two keys, one database": (
        ("db-monozu-manage-{env}", "db-monozu-cloud-{env}"),
        'manage: {name: "db-monozu-cloud',
        "servers.main.databases.manage.name: expected a name of its own, "
        'found "db-monozu-cloud-{env}", which is also that of cloud',
    ),
    "minimum is refused": (
        ("P1v3", "p0V3"),
        "p0V3",
        'plans.minimum.Pv3: expected a SKU that is not refused, found "p0V3"',
    ),
    "recommended is no SKU": (
        ("recommended: P2v3", "recommended: P9v9"),
        "recommended:",
        'plans.recommended: expected a SKU such as P2v3 whose size is known, or given under plans.sizes, found "P9v9"',
    ),
    "the minimum of another family": (
        ("    B: B2", "    B: S2"),
        "    B: S2",
        'plans.minimum.B: expected a SKU of the family B, found "S2"',
    ),
    "a minimum of unknown size": (
        ("    Iv2: I1v2", "    FC: FC2"),
        "    FC: FC2",
        'plans.minimum.FC: expected a SKU whose size is known, or given under plans.sizes, found "FC2"',
    ),
    "a side-car without a host": (
        (
            "    image: {repository: cloud-backend}",
            "    image: {repository: cloud-backend}\n    sidecars: {otel: {image: nginx}}",
        ),
        "    sidecars:",
        "services.cloud.sidecars.otel.image: expected an image with its registry's host, such as "
        'mcr.microsoft.com/azure-functions/base:4, found "nginx"',
    ),
    "a size that is none": (
        ("  recommended: P2v3", "  sizes: {FC1: {cores: 1, memory_gib: -1}}\n  recommended: P2v3"),
        "  sizes:",
        "plans.sizes.FC1.memory_gib: expected a number from 0 to 100000, found the number -1",
    ),
    "a size of no SKU": (
        ("  recommended: P2v3", "  sizes: {PremiumV3: {cores: 1, memory_gib: 2}}\n  recommended: P2v3"),
        "  sizes:",
        'plans.sizes.PremiumV3: expected as key the name of a SKU such as P1mv3, found "PremiumV3"',
    ),
    "a size twice": (
        (
            "  recommended: P2v3",
            "  sizes:\n    FC1: {cores: 1, memory_gib: 2}\n    fc1: {cores: 1, memory_gib: 4.5}\n  recommended: P2v3",
        ),
        "    fc1:",
        'plans.sizes.fc1: expected each SKU once, found "fc1" again',
    ),
    "recommended is refused": (
        ("recommended: P2v3", "recommended: F1"),
        "recommended:",
        'plans.recommended: expected a SKU that is not refused, found "F1"',
    ),
    "parity with nobody": (
        ("document: Azure Infrastructure", PARITY + "[dev, qa]}]"),
        "parity",
        'parity[0].between[1]: expected one of dev, stg, prd, found "qa"',
    ),
    "parity twice": (
        (
            "document: Azure Infrastructure",
            PARITY + "[dev, stg, prd]}, {what: plan, reason: again, between: [prd, stg]}]",
        ),
        "parity",
        "parity[1]: expected each difference once, found plan of prd and stg again",
    ),
    "parity with itself": (
        ("document: Azure Infrastructure", PARITY + "[dev, dev]}]"),
        "parity",
        'parity[0].between[1]: expected each environment once, found "dev" again',
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_contradiction_is_told_at_its_line(tmp_path: Path, case: str) -> None:
    change, words, complaint = CONTRADICTIONS[case]
    text = bent(change)
    assert said_of(tmp_path, text) == [f"p.yaml:{line_of(text, words) + words.count(chr(10))}: {complaint}"]


HARMLESS: dict[str, tuple[tuple[str, str], ...]] = {
    "a server and databases for all": (("    name: sql-monozu-{env}", "    name: sql-monozu\n    place: shared"),),
    "one environment": (
        ("  dev:\n    production: false\n  stg:\n    production: false\n", ""),
        ("kv-mz-cloud-{env}", "kv-mz-cloud"),
    ),
    "databases named alike on a server each": (
        ("db-monozu-cloud-{env}", "cloud"),
        ("db-monozu-manage-{env}", "manage"),
    ),
    "a component of one name in a group each": (("appi-monozu-{env}", "appi"),),
    "one resource group": (("rg-monozu-{env}", "rg-monozu"),),
    "a vault nobody owns": (("    vault: manage\n", ""),),
    "as-is": (("naming:\n  secrets: underscore-to-dash", "naming:\n  secrets: lower-dash"),),
    "parity": (("document: Azure Infrastructure", PARITY + "[dev, prd]}]"),),
    "the longest vault name": (("  dev:", "  development:"),),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_no_contradiction(tmp_path: Path, case: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(bent(*HARMLESS[case]))
    assert load(path, vocabulary()).policy.estate == "monozu"


OWN = tuple(
    (f"  {env}:\n", f"  {env}:\n    subscription: {number * 8}-0000-0000-0000-000000000000\n")
    for number, env in (("1", "dev"), ("2", "stg"), ("3", "prd"))
)
HUB = "shared: {group: rg-hub, subscription: 44444444-0000-0000-0000-000000000000}"
NAMED = "  shared: rg-monozu-shared"


def test_environments_with_subscriptions_of_their_own_need_a_place_for_what_they_share(tmp_path: Path) -> None:
    shared = "expected a place with a subscription, because the environments have their own and share one"
    text = bent(*OWN, ("    name: sql-monozu-{env}", "    name: sql-monozu\n    place: shared"))
    assert said_of(tmp_path, text) == [
        f"p.yaml:{line_of(text, 'name: acrmonozu')}: registries.main.name: {shared} registry, "
        'found "acrmonozu" for dev and stg',
        f"p.yaml:{line_of(text, 'name: sql-monozu')}: servers.main.name: {shared} SQL server, "
        'found "sql-monozu" for dev and stg',
    ]


PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "a hub": (*OWN, (NAMED, f"  {HUB}")),
    "a hub beside environments in one subscription": ((NAMED, f"  {HUB}"),),
    "one subscription, spelled twice": (OWN[0], ("  stg:\n", OWN[0][1].replace("dev", "stg"))),
    "a registry for each environment": (*OWN, ("name: acrmonozu", "name: acrmonozu{env}")),
    "a registry for each, named one by one": (
        *OWN,
        ("name: acrmonozu ", "name: {dev: acrdev, stg: acrstg, prd: acrfront} "),
    ),
    "a group for each service": (
        ("places:  ", "places:\n  apps: rg-{service}-{env}\n#"),
        ("    app: app-monozu-cloud", "    place: apps\n    app: app-monozu-cloud"),
    ),
    "a group of its own in one environment": ((NAMED, "  shared: {group: {dev: a, stg: a, prd: a}}"),),
}


@pytest.mark.parametrize("case", PLACES)
def test_where_things_may_be(tmp_path: Path, case: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(bent(*PLACES[case]))
    assert load(path, vocabulary()).policy.estate == "monozu"


UNFIT_PLACES: dict[str, tuple[str, str]] = {
    "a mapping without a group": (
        "shared: {subscription: 44444444-0000-0000-0000-000000000000}",
        "places.shared.group: expected a name without white space or slash, found no such key",
    ),
    "a subscription that is no GUID": (
        "shared: {group: rg-hub, subscription: hub}",
        'places.shared.subscription: expected a GUID, found "hub"',
    ),
    "a misspelt key": (
        HUB.replace("group", "grup"),
        'places.shared.grup: expected one of group or subscription, found "grup" (did you mean group?)',
    ),
    "an unknown key": (
        HUB.replace("}", ", region: west}"),
        'places.shared.region: expected one of group or subscription, found "region"',
    ),
    "a group name that Azure refuses": (
        HUB.replace("rg-hub", "rg-hub."),
        "places.shared.group: expected a resource group name (at most 90 letters, digits and _ - . ( ), no"
        ' dot last), found "rg-hub."',
    ),
    "a number": (
        "shared: 5",
        "places.shared: expected a name without white space or slash, found the number 5 (put it in quotes)",
    ),
    "nothing": ("shared:", "places.shared: expected a name without white space or slash, found nothing"),
    "a list": (
        "shared: [rg-hub]",
        "places.shared: expected a name without white space or slash, found a list of 1",
    ),
}


@pytest.mark.parametrize("case", UNFIT_PLACES)
def test_an_unfit_place_is_told_at_its_line(tmp_path: Path, case: str) -> None:
    written, said = UNFIT_PLACES[case]
    text = bent((NAMED, f"  {written}"))
    assert said_of(tmp_path, text) == [f"p.yaml:{line_of(text, '  shared:')}: {said}"]


def test_what_is_wrong_in_an_expectation_by_environment_is_told_at_its_place(tmp_path: Path) -> None:
    expect = "{sku: {dev: {nott: a}, stg: {one_of: []}, prd: {count: x}}, zones: {dev: [a, {b: c}], stg: 1, prd: null}}"
    said = said_of(
        tmp_path, f"{SHIPPED}\nresources: {{p: {{type: A.B/c, name: x, place: shared, expect: {expect}}}}}\n"
    )
    at = f"p.yaml:{len(SHIPPED.splitlines()) + 2}: resources.p.expect"
    assert said == [
        f"{at}.sku.dev.nott: expected one of equal, not, one_of, at_least, at_most, present, absent, contains, matches "
        'or count, found "nott" (did you mean not?)',
        f'{at}.sku.prd.count: expected a whole number from 0 to 100000, found "x"',
        f"{at}.sku.stg.one_of: expected a list of at least 1, found an empty list",
        f"{at}.zones.dev: expected text, a number, true or false, found a list of 2",
        f"{at}.zones.prd: expected text, a number, true or false, found nothing",
    ]


def test_an_expectation_of_a_type_that_nothing_has_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"{SHIPPED}\nexpect: {{A.B/c: {{sku: a}}, microsoft.web/Sites/config/web: {{x: a}}}}\n")
    notes = [str(note) for note in load(path, vocabulary(), "p.yaml").notes]
    line = len(SHIPPED.splitlines()) + 2
    assert notes[-1] == f"p.yaml:{line}: no documented thing is of the type A.B/c: nothing is asked of it."
    assert sum("no documented thing" in note for note in notes) == 1


def test_notes_say_what_azure_cannot_hold() -> None:
    notes = [str(note) for note in load(shipped(), vocabulary(), "policies").notes]
    assert notes[0] == (
        f"policies/monozu.yaml:{line_of(SHIPPED, 'documented_name')}: the document calls the registry acr-monozu, "
        "which Azure cannot hold (5 to 50 letters and digits); acrmonozu is looked for."
    )
    assert "cloud stores SECRET_KEY as SECRET-KEY, CLOUD_INTERNAL_API_TOKEN as CLOUD-INTERNAL-API-TOKEN, " in notes[1]
    assert notes[3:] == [
        f"policies/monozu.yaml:{line_of(SHIPPED, f'kv-mz-{key}')}: a vault name has at most 24 characters: "
        f"kv-mz-{key}-{{env}} fits an environment name of at most {room}."
        for key, room in (("cloud", 12), ("manage", 11))
    ]


def test_no_notes_where_there_is_nothing_to_say(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(bent(("documented_name: acr-monozu", "documented_name: acrmonozu")))
    assert not any("registry" in note.text for note in load(path, vocabulary()).notes)
