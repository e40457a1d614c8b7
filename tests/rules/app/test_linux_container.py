"""APP-002, case by case."""

from __future__ import annotations

import pytest

from mzaudit.audit import Fail, Inconclusive, Pass
from mzaudit.rules.app.linux_container import linux_container
from mzaudit.snapshot.web import Runtime
from tests.estate import Bend, ask, gap, said, service, site, site_config, site_properties

CLOUD = service("cloud")


def form(name: str, stack: str = "") -> Bend:
    return site_config(CLOUD, runtime=Runtime(name, stack))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "compose": ((form("compose"),), Pass, ""),
    "site containers": ((form("sitecontainers"),), Pass, ""),
    "the word container is free text": ((site_properties(CLOUD, kind=("app", "linux")),), Pass, ""),
    "kinds in another order": ((site_properties(CLOUD, kind=("linux", "app")),), Pass, ""),
    "a runtime stack": ((form("stack", "node"),), Fail, "runs the runtime stack node"),
    "no image": ((form("empty"),), Fail, "no image configured"),
    "kubernetes": ((form("kube"),), Fail, "Kubernetes"),
    "a Windows container": ((site_config(CLOUD, windows_fx_version="DOCKER|x"),), Fail, "a Windows container"),
    "not reserved": ((site_properties(CLOUD, reserved=False),), Fail, "runs on Windows"),
    "a Windows kind": ((site_properties(CLOUD, kind=("app",)),), Fail, "its kind is app"),
    "a function app": ((site_properties(CLOUD, kind=("functionapp", "linux", "container")),), Fail, "functionapp"),
    "a logic app": ((site_properties(CLOUD, kind=("functionapp", "workflowapp", "linux")),), Fail, "workflowapp"),
    "Azure silent on reserved": ((site_properties(CLOUD, reserved=None),), Inconclusive, "properties.reserved"),
    "Azure silent on kind": ((site_properties(CLOUD, kind=()),), Inconclusive, "kind"),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
    "app refused": ((site(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
    "app refused, on a stack": ((site(CLOUD, properties=gap()), form("stack", "node")), Fail, "node"),
}


@pytest.mark.parametrize("case", CASES)
def test_linux_container(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(linux_container, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
