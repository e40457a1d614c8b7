"""IMG-007, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.image.pull_by_identity import pull_by_identity
from mzaudit.snapshot.authorization import Denied, Permission
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.web import Identity, Runtime, SiteContainer
from tests.built_estate import (
    ACR_PULL,
    READER,
    Bend,
    ask,
    assigned_to,
    authorization,
    denied,
    gap,
    granted,
    granted_by_group,
    literal,
    principal,
    registry_properties,
    revoked,
    service,
    setting,
    site,
    site_config,
    site_properties,
)
from tests.rules.rbac.roles import GROUP, REPOSITORY_READER, SUB, repository_reader
from tests.written import container_of, reference_to

CLOUD = service("cloud")
ME = principal(CLOUD)
REGISTRY = CLOUD.registry.id
NONE = revoked(ME, ACR_PULL)
BY_REPOSITORY = registry_properties(role_mode="AbacRepositoryPermissions")
PASSWORD, USER = "DOCKER_REGISTRY_SERVER_PASSWORD", "DOCKER_REGISTRY_SERVER_USERNAME"


def condition(comparison: str) -> str:
    actions = "!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND "
    actions += "!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})"
    return f"(({actions}) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] {comparison}))"


def site_container(auth: str | None, name: str = "main", user_name: bool = False) -> SiteContainer:
    return SiteContainer(
        container_of(name, "acrmonozu.azurecr.io/cloud-backend:1", name == "main", auth), user_name, None
    )


def public(auth: str | None) -> SiteContainer:
    return SiteContainer(container_of("otel", "mcr.microsoft.com/otel/collector:1", False, auth), False, None)


def of_containers(*containers: SiteContainer) -> tuple[Bend, ...]:
    config = site_config(CLOUD, runtime=Runtime("sitecontainers"), acr_use_managed_identity=None)
    return (config, site(CLOUD, containers=Listing(containers)))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "pull by Reader, where the registry honours it": ((NONE, granted(ME, READER, REGISTRY)), Pass, ""),
    "pull from the subscription": ((NONE, granted(ME, ACR_PULL, SUB)), Pass, ""),
    "pull through a group": ((NONE, granted_by_group(ME, GROUP, ACR_PULL, REGISTRY)), Pass, ""),
    "no right to pull": ((NONE,), Fail, "may not pull cloud-backend from acrmonozu"),
    "a right on another registry": ((NONE, granted(ME, ACR_PULL, REGISTRY + "2")), Fail, "may not pull"),
    "denied": (
        (denied(REGISTRY, Permission(actions=("*/read",)), to=(Denied(ME, "ServicePrincipal"),)),),
        Fail,
        "denied by lock",
    ),
    "the mode said in words": ((registry_properties(role_mode="LegacyRegistryPermissions"),), Pass, ""),
    "by repository, and AcrPull has no effect": ((BY_REPOSITORY,), Fail, "may not pull"),
    "by repository, with the repository role": (
        (BY_REPOSITORY, repository_reader(), granted(ME, REPOSITORY_READER, REGISTRY)),
        Pass,
        "",
    ),
    "by repository, under a condition that lets it pass": (
        (
            BY_REPOSITORY,
            repository_reader(),
            granted(ME, REPOSITORY_READER, REGISTRY, condition=condition("StringEqualsIgnoreCase 'Cloud-Backend'")),
        ),
        Pass,
        "",
    ),
    "by repository, under a condition for another": (
        (
            BY_REPOSITORY,
            repository_reader(),
            granted(ME, REPOSITORY_READER, REGISTRY, condition=condition("StringStartsWith 'manage'")),
        ),
        Fail,
        "may not pull",
    ),
    "the repository role where the registry does not honour it": (
        (NONE, repository_reader(), granted(ME, REPOSITORY_READER, REGISTRY)),
        Fail,
        "may not pull",
    ),
    "a role mode that is not known": ((registry_properties(role_mode="Other"),), Inconclusive, ""),
    "a public side-car, pulled by nobody": (
        of_containers(site_container("SystemIdentity"), public("Anonymous")),
        Pass,
        "",
    ),
    "a public side-car, nothing said": (of_containers(site_container("SystemIdentity"), public(None)), Pass, ""),
    "a side-car from the registry, pulled by nobody": (
        of_containers(site_container("SystemIdentity"), site_container("Anonymous", "helper")),
        Fail,
        "does not pull",
    ),
    "the app does not use its identity": ((site_config(CLOUD, acr_use_managed_identity=False),), Fail, "does not pull"),
    "Azure does not say whether it does": (
        (site_config(CLOUD, acr_use_managed_identity=None),),
        Inconclusive,
        "",
    ),
    "the app uses an attached identity": (
        (site_config(CLOUD, acr_user_managed_identity="cccccccc-0000-0000-0000-00000000000c"),),
        Fail,
        "but with another one",
    ),
    "the attached identity is an empty text": ((site_config(CLOUD, acr_user_managed_identity=""),), Pass, ""),
    "the identity is off": (
        (site_properties(CLOUD, identity=Identity((), None, None)),),
        Fail,
        "no system-assigned identity",
    ),
    "the registry refuses App Service's tokens": (
        (registry_properties(arm_tokens="disabled"),),
        Fail,
        "refuses the tokens",
    ),
    "Azure does not say whether it does so": ((registry_properties(arm_tokens=None),), Inconclusive, ""),
    "the admin user is only shown": ((registry_properties(admin_user=True),), Pass, ""),
    "a registry password is left": ((setting(CLOUD, PASSWORD, literal()),), Fail, PASSWORD),
    "a registry password is left, by reference": (
        (setting(CLOUD, PASSWORD, reference_to("kv-mz-cloud-prd", "ACR-PASSWORD", None)),),
        Fail,
        PASSWORD,
    ),
    "a registry user is left, in another case": ((setting(CLOUD, USER.lower(), literal()),), Fail, USER.lower()),
    "an empty registry password": ((setting(CLOUD, PASSWORD, literal(empty=True)),), Pass, ""),
    "the registry's address is no credential": (
        (setting(CLOUD, "DOCKER_REGISTRY_SERVER_URL", literal("url")),),
        Pass,
        "",
    ),
    "site containers that pull with the identity": (of_containers(site_container("SystemIdentity")), Pass, ""),
    "a site container that pulls with a password": (
        of_containers(site_container("SystemIdentity"), site_container("UserCredentials", "agent", user_name=True)),
        Fail,
        "does not pull with the system-assigned identity",
    ),
    "a user name left at a site container": (
        of_containers(site_container("SystemIdentity", user_name=True)),
        Fail,
        "main",
    ),
    "Azure does not say how a site container pulls": (of_containers(site_container(None)), Inconclusive, ""),
    "site containers unread": (
        (*of_containers(), site(CLOUD, containers=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "the settings unread": ((site(CLOUD, settings=gap()),), Inconclusive, ""),
    "the configuration unread": ((site(CLOUD, config=gap()),), Inconclusive, ""),
    "the app unread": ((site(CLOUD, properties=gap()),), Inconclusive, ""),
    "the assignments unread": (
        (assigned_to(ME, Listing(gap=gap())), authorization(assignments=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "role definitions unread": ((authorization(roles=Listing(gap=gap())),), Inconclusive, ""),
    "deny assignments unread": ((authorization(denies=Listing(gap=gap())),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_pull_by_identity(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(pull_by_identity, "cloud", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_an_app_that_is_missing_pulls_nothing() -> None:
    assert isinstance(ask(pull_by_identity, "cloud", site(CLOUD, properties=Observed(None))), NotApplicable)
