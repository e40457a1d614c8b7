"""ENV-001, case by case: prd against stg."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass, Verdict
from mzaudit.engine.evaluate import verdict_of
from mzaudit.policy.desired import Desired
from mzaudit.policy.models import AllowedDifference
from mzaudit.rules.parity.environment_parity import environment_parity
from mzaudit.snapshot.insights import Component
from mzaudit.snapshot.keyvault import SecretItem
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.storage import StorageAccount
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.web import Identity, Runtime, UserAssigned
from tests.built_estate import (
    SECRETS_USER,
    TAKEN,
    Bend,
    assigned_to,
    bent,
    gap,
    granted,
    literal,
    principal,
    revoked,
    service,
    setting,
    site,
    site_config,
    site_properties,
    vault,
    vault_facets,
    vault_properties,
    wanted,
)
from tests.written import mount_of, reference_to, setting_of

CLOUD, THERE = service("cloud"), service("cloud", "stg")
VAULT = vault("cloud")
PRD = wanted().environments["prd"]
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def extra(name: str, managed: bool = False) -> Bend:
    def mutate(seen: Any) -> Any:
        listing = seen.vault(VAULT.id).secrets
        item = SecretItem(name, True, None, None, TAKEN, "1", Observed(managed))
        return vault_facets(VAULT, secrets=replace(listing, items=(*listing.items, item)))(seen)

    return mutate


def storage_keys(accepted: bool | None) -> Bend:
    def change(account: StorageAccount) -> StorageAccount:
        assert isinstance(account.properties, Observed)
        assert account.properties.value is not None
        return replace(account, properties=Observed(replace(account.properties.value, shared_key=accepted)))

    at = key(PRD.storage[0].account_id)
    return lambda seen: replace(seen, accounts={**seen.accounts, at: change(seen.accounts[at])})


def telemetry_keys(refused: bool | None) -> Bend:
    def change(component: Component) -> Component:
        assert isinstance(component.properties, Observed)
        assert component.properties.value is not None
        return replace(component, properties=Observed(replace(component.properties.value, local_auth_disabled=refused)))

    at = key(PRD.components[0].id)
    return lambda seen: replace(seen, components={**seen.components, at: change(seen.components[at])})


ATTACHED = Identity(("systemassigned", "userassigned"), principal(CLOUD), None, (UserAssigned("/x", "1", "2"),))
SUBJECTS = {"service": "cloud", "vault": VAULT.name, "environment": "prd"}
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "service: alike": ((), Pass, ""),
    "service: a plan that may differ": ((), Pass, ""),
    "service: a setting more here": ((setting(CLOUD, "DEBUG", literal()),), Fail, "only in prd: DEBUG"),
    "service: a setting more there": ((setting(THERE, "DEBUG", literal()),), Fail, "only in stg: DEBUG"),
    "service: the same in both, another value": (
        (setting(CLOUD, "DEBUG", literal()), setting(THERE, "DEBUG", literal())),
        Pass,
        "",
    ),
    "service: a reference here, plain there": (
        (setting(CLOUD, "X", reference_to("kv-mz-cloud-prd", "X", None)), setting(THERE, "X", literal())),
        Fail,
        "only in stg: X; only in prd: X (reference)",
    ),
    "service: a documented secret is SET-001's": ((setting(CLOUD, "SECRET_KEY", None),), Pass, ""),
    "service: a connection string more": (
        (site(CLOUD, connection_strings=Observed((setting_of("Main", literal(), "SQLAzure"),))),),
        Fail,
        "connection-strings of prd differ from stg: only in prd: Main [SQLAzure]",
    ),
    "service: a mount more": (
        (site(CLOUD, mounts=Observed((mount_of("share", "st", literal()),))),),
        Fail,
        "mounts of prd differ",
    ),
    "service: another runtime": (
        (site_config(CLOUD, runtime=Runtime("compose")),),
        Fail,
        "only in stg: docker; only in prd: compose",
    ),
    "service: an identity more": ((site_properties(CLOUD, identity=ATTACHED),), Fail, "1 user-assigned"),
    "service: a role more": (
        (granted(principal(CLOUD), READER, PRD.resource_group_id),),
        Fail,
        f"only in prd: {READER} on resource group",
    ),
    "service: the same role in both, each on its own group": (
        tuple(
            granted(principal(which), READER, wanted().environments[which.env].resource_group_id)
            for which in (CLOUD, THERE)
        ),
        Pass,
        "",
    ),
    "service: a documented role that one lacks is RBAC-001's": ((revoked(principal(THERE), SECRETS_USER),), Pass, ""),
    "service: missing here": ((site(CLOUD, properties=Observed(None)),), NotApplicable, "missing in stg"),
    "service: settings refused there": ((site(THERE, settings=gap()),), Inconclusive, ""),
    "service: roles refused": ((assigned_to(principal(CLOUD), Listing(gap=gap())),), Inconclusive, ""),
    "service: a difference, the rest refused": (
        (setting(CLOUD, "DEBUG", literal()), site(CLOUD, mounts=gap())),
        Fail,
        "DEBUG",
    ),
    "vault: alike": ((), Pass, ""),
    "vault: an undocumented secret": ((extra("OLD"),), Fail, "vault-secrets of prd differ from stg"),
    "vault: a certificate's": ((extra("TLS", managed=True),), Pass, ""),
    "vault: another network": (
        (vault_properties(VAULT, default_action="Deny"),),
        Fail,
        "only in stg: allow; only in prd: deny",
    ),
    "vault: Azure's silence is its default": ((vault_properties(VAULT, default_action="Allow"),), Pass, ""),
    "vault: missing": ((vault_facets(VAULT, properties=Observed(None)),), NotApplicable, "missing"),
    "vault: list refused": ((vault_facets(VAULT, secrets=Listing(gap=gap())),), Inconclusive, ""),
    "environment: alike": ((), Pass, ""),
    "environment: storage accepts keys": ((storage_keys(None),), Fail, "snaps accepted"),
    "environment: telemetry refuses keys": ((telemetry_keys(True),), Fail, "only in prd: main refused"),
}


@pytest.mark.parametrize("case", CASES)
def test_environment_parity(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = told(wanted("stg", "prd"), SUBJECTS[case.split(":")[0]], *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", getattr(verdict, "because", ""))


def told(bound: Desired, name: str, *bends: Bend) -> Verdict:
    subjects = {s.name: s for s in environment_parity.over(bound, bound.environments["prd"])}
    return verdict_of(environment_parity, subjects[name], bent(*bends))


def allowing(*differences: AllowedDifference, asked: tuple[str, ...] = ("stg", "prd")) -> Desired:
    bound = wanted(*asked)
    return replace(bound, policy=bound.policy.model_copy(update={"parity": differences}))


def may_differ(what: str, *between: str) -> AllowedDifference:
    return AllowedDifference(what=what, between=between, reason="because")


def test_a_difference_that_the_policy_does_not_allow_fails() -> None:
    verdict = told(allowing(), "cloud")
    assert isinstance(verdict, Fail)
    assert "plan of prd differ from stg: only in stg: b2; only in prd: p2v3" in verdict.note


APP = "--resource-group rg-monozu-prd --name app-monozu-cloud-prd"
COMMANDS: dict[str, tuple[str, tuple[Bend, ...], tuple[str, ...]]] = {
    "a setting more here": (
        "cloud",
        (setting(CLOUD, "DEBUG", literal()),),
        (f"az webapp config appsettings delete {APP} --setting-names DEBUG",),
    ),
    "a setting more there": (
        "cloud",
        (setting(THERE, "DEBUG", literal()),),
        (f"az webapp config appsettings set {APP} --settings DEBUG=SETTING_VALUE",),
    ),
    "a reference instead of plain text": (
        "cloud",
        (setting(CLOUD, "X", reference_to("kv-mz-cloud-prd", "X", None)), setting(THERE, "X", literal())),
        (f"az webapp config appsettings set {APP} --settings X=SETTING_VALUE",),
    ),
    "a connection string more there": (
        "cloud",
        (site(THERE, connection_strings=Observed((setting_of("Main", literal(), "SQLAzure"),))),),
        (
            f"az webapp config connection-string set {APP} --connection-string-type SQLAzure "
            "--settings Main=SETTING_VALUE",
        ),
    ),
    "a mount more": (
        "cloud",
        (site(CLOUD, mounts=Observed((mount_of("share", "st", literal()),))),),
        (f"az webapp config storage-account delete {APP} --custom-id share",),
    ),
    "an identity more": (
        "cloud",
        (site_properties(CLOUD, identity=ATTACHED),),
        (f"az webapp identity remove {APP} --identities IDENTITY_ID",),
    ),
    "another runtime": (
        "cloud",
        (site_config(CLOUD, runtime=Runtime("compose")),),
        (
            "az webapp config container set --name app-monozu-cloud-prd --resource-group rg-monozu-prd "
            "--container-image-name acrmonozu.azurecr.io/cloud-backend:COMMIT",
        ),
    ),
    "a role more": (
        "cloud",
        (granted(principal(CLOUD), READER, PRD.resource_group_id),),
        (f"az role assignment delete --assignee {principal(CLOUD)} --role {READER} --scope SCOPE",),
    ),
    "another network": (
        VAULT.name,
        (vault_properties(VAULT, default_action="Deny"),),
        ("az keyvault update --name kv-mz-cloud-prd --public-network-access enabled --default-action allow",),
    ),
    "a secret more": (
        VAULT.name,
        (extra("OLD"),),
        ("az keyvault secret set-attributes --vault-name kv-mz-cloud-prd --name old --enabled false",),
    ),
    "storage accepts keys": (
        "prd",
        (storage_keys(None),),
        (
            "az storage account update --name stmonozuprd --resource-group rg-monozu-prd "
            "--allow-shared-key-access false",
        ),
    ),
    "telemetry refuses keys": (
        "prd",
        (telemetry_keys(True),),
        (f"az resource update --ids {PRD.components[0].id} --set properties.DisableLocalAuth=false",),
    ),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_each_difference_has_its_commands(case: str) -> None:
    name, bends, commands = COMMANDS[case]
    verdict = told(wanted("stg", "prd"), name, *bends)
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert verdict.fix.role
    assert verdict.fix.commands == commands


def test_the_setting_of_a_component_that_one_environment_lacks_is_no_difference() -> None:
    plain = setting(service("ingest", "stg"), PRD.components[0].setting, None)
    assert isinstance(told(wanted("stg", "prd"), "ingest", plain), Pass)


def test_the_command_of_an_app_with_a_public_image() -> None:
    bound = wanted("stg", "prd")
    without = {
        name: replace(env, services=tuple(replace(one, image=None) for one in env.services))
        for name, env in bound.environments.items()
    }
    bend = site_config(CLOUD, runtime=Runtime("compose"))
    verdict = told(replace(bound, environments=without), "cloud", bend)
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert verdict.fix.commands == (
        "az webapp config container set --name app-monozu-cloud-prd --resource-group rg-monozu-prd"
        " --container-image-name IMAGE",
    )


@pytest.mark.parametrize(
    ("what", "between", "bends", "kind", "words"),
    [
        ("plan", ("stg", "prd"), (), Pass, "as allowed: because"),
        ("runtime", ("stg", "prd"), (), Fail, "but they do not"),
        ("colour", ("stg", "prd"), (), Fail, "which is not compared"),
        ("mounts", ("stg", "prd"), (site(CLOUD, mounts=gap()),), Inconclusive, ""),
        ("plan", ("stg", "prd"), (site(CLOUD, properties=gap()),), Pass, ""),
    ],
)
def test_an_allowed_difference_must_occur(
    what: str, between: tuple[str, ...], bends: tuple[Bend, ...], kind: type, words: str
) -> None:
    verdict = told(allowing(may_differ(what, *between)), f"{what} between stg, prd", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_it_is_only_asked_when_all_its_environments_were_and_names_its_line() -> None:
    count: Callable[[Desired], list[str]] = lambda bound: [  # noqa: E731 - one use, twice
        s.where
        for env in bound.asked
        for s in environment_parity.over(bound, bound.environments[env])
        if s.kind == "allowed-difference"
    ]
    entry = may_differ("plan", "dev", "stg", "prd")
    assert count(allowing(entry)) == []
    (where,) = count(allowing(entry, asked=("prd", "dev", "stg")))
    assert where.startswith("policies/monozu.yaml:") or "monozu.yaml" in where


def test_one_environment_is_compared_with_nothing() -> None:
    assert isinstance(told(wanted("prd"), "prd"), NotApplicable)


def test_the_order_of_the_options_does_not_matter() -> None:
    def names(bound: Desired) -> set[str]:
        return {s.name for s in environment_parity.over(bound, bound.environments["prd"])}

    assert names(wanted("stg", "prd")) == names(wanted("prd", "stg"))


def test_what_is_alike_stays_alike_in_all_three() -> None:
    bound = wanted("dev", "stg", "prd")
    for env in bound.asked:
        for subject in environment_parity.over(bound, bound.environments[env]):
            assert isinstance(verdict_of(environment_parity, subject, bent()), Pass | NotApplicable), subject.name
