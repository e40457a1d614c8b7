"""APP-002, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.app.linux_container import linux_container
from mzaudit.snapshot.text.shown import Shown
from mzaudit.snapshot.web import Runtime
from tests.built_estate import Bend, ask, gap, said, service, site, site_config, site_properties

CLOUD = service("cloud")


def form(name: str, stack: str = "") -> Bend:
    return site_config(CLOUD, runtime=Runtime(name, Shown(stack)))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "compose": ((form("compose"),), Pass, ""),
    "site containers": ((form("sitecontainers"),), Pass, ""),
    "the word container is free text": ((site_properties(CLOUD, kind=("app", "linux")),), Pass, ""),
    "kinds in another order": ((site_properties(CLOUD, kind=("linux", "app")),), Pass, ""),
    "a runtime stack": ((form("stack", "node"),), Fail, "runs the runtime stack node"),
    "no image": ((form("empty"),), Fail, "no Linux image"),
    "kubernetes": ((form("kube"),), Fail, "Kubernetes"),
    "a Windows image left behind": ((site_config(CLOUD, windows_fx_version="DOCKER|x"),), Pass, "no effect on Linux"),
    "a Windows image alone": (
        (site_config(CLOUD, windows_fx_version="DOCKER|x"), form("empty")),
        Fail,
        "no Linux image",
    ),
    "not reserved": ((site_properties(CLOUD, reserved=False),), Fail, "runs on Windows"),
    "not reserved, whatever its kind says": (
        (site_properties(CLOUD, reserved=False, kind=("app", "linux")),),
        Fail,
        "runs on Windows",
    ),
    "kind app": ((site_properties(CLOUD, kind=("app",)),), Pass, ""),
    "kind app,container": ((site_properties(CLOUD, kind=("app", "container")),), Pass, ""),
    "kind web": ((site_properties(CLOUD, kind=("web",)),), Pass, ""),
    "no kind": ((site_properties(CLOUD, kind=()),), Pass, ""),
    "a function app": ((site_properties(CLOUD, kind=("functionapp", "linux", "container")),), Fail, "functionapp"),
    "a logic app": ((site_properties(CLOUD, kind=("functionapp", "workflowapp", "linux")),), Fail, "workflowapp"),
    "Azure silent on reserved": ((site_properties(CLOUD, reserved=None),), Inconclusive, "properties.reserved"),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
    "app refused": ((site(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
    "app refused, on a stack": ((site(CLOUD, properties=gap()), form("stack", "node")), Fail, "node"),
}


@pytest.mark.parametrize("case", CASES)
def test_linux_container(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(linux_container, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict) + "".join(each.note for each in getattr(verdict, "evidence", ()))


def test_no_cure_takes_an_app_away() -> None:
    for bends, kind, _ in CASES.values():
        verdict = ask(linux_container, "cloud", *bends)
        if kind is Fail:
            assert isinstance(verdict, Fail)
            said_so = (verdict.remediation, *(verdict.fix.commands if verdict.fix is not None else ()))
            assert not any(word in each.casefold() for word in ("delete", "again") for each in said_so)
