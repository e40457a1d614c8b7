"""IMG-002, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.evaluate import verdict_of
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.policy.models import SidecarSpec
from mzaudit.rules import load
from mzaudit.rules.image.image_source import image_source
from mzaudit.snapshot.observed import Listing, Observed, need
from mzaudit.snapshot.web import Runtime, SiteContainer
from tests.built_estate import (
    SHA,
    SUBSCRIPTION,
    Bend,
    ask,
    bent,
    compliant,
    findings,
    gap,
    image,
    registry,
    said,
    service,
    site,
    site_config,
    wanted,
)
from tests.written import container_of, stack_of

CLOUD = service("cloud")
OWN = f"acrmonozu.azurecr.io/cloud-backend:{SHA}"


def login_server(host: str | None) -> Bend:
    properties = need(compliant().registry(CLOUD.registry.id).properties)
    assert properties is not None
    return registry(CLOUD, properties=Observed(replace(properties, login_server=host)))


def composed(*images: str, problem: str = "") -> Bend:
    named = tuple(container_of(f"c{number}", text, number == 0) for number, text in enumerate(images))
    return site_config(CLOUD, runtime=Runtime("compose", containers=named, problem=problem))


def contained(*images: str, main: int = 0, cut: bool = False) -> tuple[Bend, ...]:
    items = tuple(
        SiteContainer(container_of(f"c{number}", text, number == main), False, None)
        for number, text in enumerate(images)
    )
    return (
        site_config(CLOUD, runtime=Runtime("sitecontainers")),
        site(CLOUD, containers=Listing(items, gap() if cut else None)),
    )


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "host in another case": ((image(CLOUD, f"ACRMonozu.AzureCR.io/cloud-backend:{SHA}"),), Pass, ""),
    "host with the default port": ((image(CLOUD, f"acrmonozu.azurecr.io:443/cloud-backend:{SHA}"),), Pass, ""),
    "a host of a region": ((image(CLOUD, f"acrmonozu.westeurope.geo.azurecr.io/cloud-backend:{SHA}"),), Pass, ""),
    "a data host of a region": ((image(CLOUD, f"AcrMonozu.WestEurope.Data.azurecr.io/cloud-backend:{SHA}"),), Pass, ""),
    "a host of a region, with a suffix": (
        (
            login_server("acrmonozu-a1b2c3.azurecr.io"),
            image(CLOUD, f"acrmonozu-a1b2c3.westeurope.geo.azurecr.io/cloud-backend:{SHA}"),
        ),
        Pass,
        "",
    ),
    "a host of a region of another registry": (
        (image(CLOUD, f"other.westeurope.geo.azurecr.io/cloud-backend:{SHA}"),),
        Fail,
        "comes from other.westeurope.geo.azurecr.io",
    ),
    "a host of a region in another cloud": (
        (image(CLOUD, f"acrmonozu.chinaeast2.geo.azurecr.cn/cloud-backend:{SHA}"),),
        Fail,
        "comes from acrmonozu.chinaeast2.geo.azurecr.cn",
    ),
    "the same name in another cloud": (
        (image(CLOUD, f"acrmonozu.azurecr.cn/cloud-backend:{SHA}"),),
        Fail,
        "comes from acrmonozu.azurecr.cn",
    ),
    "a host below another domain": (
        (image(CLOUD, f"acrmonozu.westeurope.geo.azurecr.io.example.com/cloud-backend:{SHA}"),),
        Fail,
        "example.com",
    ),
    "by digest": ((image(CLOUD, "acrmonozu.azurecr.io/cloud-backend@sha256:" + "ab" * 32),), Pass, ""),
    "the tag is IMG-003's business": ((image(CLOUD, "acrmonozu.azurecr.io/cloud-backend"),), Pass, ""),
    "a login server with a suffix": (
        (login_server("acrmonozu-a1b2c3.azurecr.io"), image(CLOUD, f"acrmonozu-a1b2c3.azurecr.io/cloud-backend:{SHA}")),
        Pass,
        "",
    ),
    "no login server is told": ((login_server(None),), Inconclusive, ""),
    "a login server in another case": ((login_server("ACRMonozu.azurecr.io"),), Pass, ""),
    "the name where the login server has a suffix": (
        (login_server("acrmonozu-a1b2c3.azurecr.io"),),
        Fail,
        "comes from acrmonozu.azurecr.io, not from acrmonozu-a1b2c3.azurecr.io",
    ),
    "Docker Hub": ((image(CLOUD, f"docker.io/monozu/cloud-backend:{SHA}"),), Fail, "comes from Docker Hub"),
    "Docker Hub, without a host": ((image(CLOUD, f"cloud-backend:{SHA}"),), Fail, "comes from Docker Hub"),
    "another registry": ((image(CLOUD, f"other.azurecr.io/cloud-backend:{SHA}"),), Fail, "comes from other.azurecr.io"),
    "another service's repository": (
        (image(CLOUD, f"acrmonozu.azurecr.io/ingestor:{SHA}"),),
        Fail,
        "the repository ingestor, not from cloud-backend",
    ),
    "a repository below": ((image(CLOUD, f"acrmonozu.azurecr.io/x/cloud-backend:{SHA}"),), Fail, "x/cloud-backend"),
    "no reference": ((image(CLOUD, "https://acrmonozu.azurecr.io/cloud-backend"),), Fail, "not an image reference"),
    "no container": ((site_config(CLOUD, runtime=stack_of("node")),), Fail, "No container of"),
    "compose: own image alone": ((composed(OWN),), Pass, ""),
    "compose: own image second": ((composed("acrmonozu.azurecr.io/proxy:1", OWN),), Pass, ""),
    "compose: foreign side-car": (
        (composed(OWN, "nginx:1"),),
        Fail,
        "c1 of app-monozu-cloud-prd comes from Docker Hub",
    ),
    "compose: none is the own": (
        (composed("acrmonozu.azurecr.io/a:1", "acrmonozu.azurecr.io/b:1"),),
        Fail,
        "No container of app-monozu-cloud-prd runs an image of cloud-backend",
    ),
    "compose: unreadable": ((composed(problem="the compose file is not YAML"),), Inconclusive, "is not YAML"),
    "site containers: main and side-car": (contained(OWN, "acrmonozu.azurecr.io/otel:1"), Pass, ""),
    "site containers: main second": (contained("acrmonozu.azurecr.io/otel:1", OWN, main=1), Pass, ""),
    "site containers: the side-car is the own": (
        contained("acrmonozu.azurecr.io/otel:1", OWN),
        Fail,
        "the repository otel, not from cloud-backend",
    ),
    "site containers: foreign side-car": (contained(OWN, "nginx"), Fail, "comes from Docker Hub"),
    "site containers: none is main": (contained(OWN, main=-1), Fail, "No container of"),
    "site containers: none": (contained(), Fail, "No container of"),
    "site containers: cut short": (contained(OWN, cut=True), Inconclusive, "forbidden"),
    "site containers: foreign side-car, cut short": (contained(OWN, "nginx", cut=True), Fail, "Docker Hub"),
    "site containers: main not seen": (contained("acrmonozu.azurecr.io/otel:1", main=-1, cut=True), Inconclusive, ""),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
    "registry refused": ((registry(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_image_source(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(image_source, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_a_stack_is_one_finding() -> None:
    mine = findings(load(), site_config(CLOUD, runtime=stack_of("node")))
    failed = [f.rule for f in mine if f.status.value == "fail" and f.subject.name == "cloud"]
    assert failed == ["APP-002"]
    assert [str(f.cause) for f in mine if f.rule == "IMG-002" and f.subject.name == "cloud"] == ["APP-002 cloud"]


COLLECTOR = "mcr.microsoft.com/opentelemetry/collector"


def documented(reference: str) -> Desired:
    """The shipped policy with a side-car of the cloud backend, named as the containers here are."""
    bound = wanted()
    service = bound.policy.services["cloud"].model_copy(update={"sidecars": {"C1": SidecarSpec(image=reference)}})
    policy = bound.policy.model_copy(update={"services": {**bound.policy.services, "cloud": service}})
    return bind(policy, bound.where, bound.asked, dict.fromkeys(bound.environments, SUBSCRIPTION))


SIDECARS: dict[str, tuple[str, str, type, str]] = {
    "as documented": (COLLECTOR, f"{COLLECTOR}:1", Pass, ""),
    "as documented, by tag": (f"{COLLECTOR}:1", f"{COLLECTOR}:1", Pass, ""),
    "by digest, where the document gives a tag": (f"{COLLECTOR}:1", f"{COLLECTOR}@sha256:{'ab' * 32}", Fail, "c1"),
    "another tag": (f"{COLLECTOR}:1", f"{COLLECTOR}:2", Fail, f"does not run the documented image {COLLECTOR}:1"),
    "another repository": (COLLECTOR, f"{COLLECTOR}-old:1", Fail, "does not run the documented image"),
    "another host": (COLLECTOR, "docker.io/opentelemetry/collector:1", Fail, "does not run the documented image"),
    "the shared registry instead": (COLLECTOR, "acrmonozu.azurecr.io/otel:1", Fail, "the documented image"),
    "no image reference": (COLLECTOR, "https://x", Fail, "does not run the documented image"),
}


@pytest.mark.parametrize("case", SIDECARS)
def test_a_documented_sidecar(case: str) -> None:
    reference, running, kind, words = SIDECARS[case]
    bound = documented(reference)
    subject = next(s for s in image_source.over(bound, bound.environments["prd"]) if s.name == "cloud")
    verdict = verdict_of(image_source, subject, bent(*contained(OWN, running)))
    assert type(verdict) is kind
    assert words in said(verdict)


@pytest.mark.parametrize("cut", [False, True], ids=["whole list", "cut short"])
def test_a_documented_sidecar_that_is_not_run_is_told(cut: bool) -> None:
    bound = documented(COLLECTOR)
    subject = next(s for s in image_source.over(bound, bound.environments["prd"]) if s.name == "cloud")
    verdict = verdict_of(image_source, subject, bent(*contained(OWN, cut=cut)))
    if cut:
        assert isinstance(verdict, Inconclusive)
        return
    assert isinstance(verdict, Pass)
    assert [(each.expected, each.observed) for each in verdict.evidence if "C1" in each.note] == [(COLLECTOR, "absent")]


def test_the_main_container_is_no_sidecar() -> None:
    bound = documented(COLLECTOR)
    subject = next(s for s in image_source.over(bound, bound.environments["prd"]) if s.name == "cloud")
    assert isinstance(verdict_of(image_source, subject, bent(*contained(OWN, f"{COLLECTOR}:1", main=1))), Fail)


def test_the_cure_of_an_undocumented_sidecar_fits_a_public_image() -> None:
    verdict = ask(image_source, "cloud", *contained(OWN, f"{COLLECTOR}:1"))
    assert isinstance(verdict, Fail)
    assert "services.cloud.sidecars.c1.image" in verdict.remediation
    assert verdict.fix is not None
    at = service("cloud").registry.id.split("/")[2]  # which need not be the app's own
    assert verdict.fix.commands == (f"az acr import --name acrmonozu --source {COLLECTOR}:1 --subscription {at}",)
