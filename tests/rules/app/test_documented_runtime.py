"""APP-002, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.app.documented_runtime import documented_runtime
from mzaudit.snapshot.text.shown import Shown
from mzaudit.snapshot.web import Runtime
from tests.built_estate import Bend, ask, bent, gap, said, service, site, site_config, site_properties

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
def test_documented_runtime(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(documented_runtime, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict) + "".join(each.note for each in getattr(verdict, "evidence", ()))


def test_no_cure_takes_an_app_away() -> None:
    for bends, kind, _ in CASES.values():
        verdict = ask(documented_runtime, "cloud", *bends)
        if kind is Fail:
            assert isinstance(verdict, Fail)
            said_so = (verdict.remediation, *(verdict.fix.commands if verdict.fix is not None else ()))
            assert not any(word in each.casefold() for word in ("delete", "again") for each in said_so)


PYTHON = Runtime("stack", Shown("python"), version=Shown("3.12"))
EMPTY = Runtime("empty")
# What the policy says of kind and stack, the app's kind, linuxFxVersion, functionAppConfig.
RUNS: dict[str, tuple[bool, str | None, tuple[str, ...], Runtime, Runtime | None, type, str]] = {
    "a stack": (False, "PYTHON|3.12", ("app", "linux"), PYTHON, None, Pass, ""),
    "another version": (False, "PYTHON|3.13", ("app",), PYTHON, None, Fail, "stack python|3.12, not the documented"),
    "another stack": (False, "NODE|3.12", ("app",), PYTHON, None, Fail, "not the documented stack NODE|3.12"),
    "a container for a stack": (False, "PYTHON|3.12", ("app",), Runtime("docker"), None, Fail, "runs a container"),
    "a function app on a stack": (True, "PYTHON|3.12", ("functionapp", "linux"), PYTHON, None, Pass, ""),
    "a function app on Flex Consumption": (True, "PYTHON|3.12", ("functionapp",), EMPTY, PYTHON, Pass, ""),
    "another stack on Flex Consumption": (True, "NODE|22", ("functionapp",), EMPTY, PYTHON, Fail, "python|3.12"),
    "a stack of a function app left on a web app": (False, "PYTHON|3.12", ("app",), EMPTY, PYTHON, Fail, "no Linux"),
    "a function app in a container": (True, None, ("functionapp", "container"), Runtime("docker"), None, Pass, ""),
    "a web app for a function app": (True, None, ("app",), Runtime("docker"), None, Fail, "is not a function app"),
    "a logic app for a function app": (
        True,
        None,
        ("functionapp", "workflowapp"),
        Runtime("docker"),
        None,
        Fail,
        "is not a function app",
    ),
}


@pytest.mark.parametrize("case", RUNS)
def test_what_is_documented_to_run(case: str) -> None:
    function, stack, kinds, runtime, flexible, kind, words = RUNS[case]
    image = CLOUD.image if stack is None else None
    want = replace(CLOUD, function=function, stack=stack, image=image)
    seen = bent(
        site_properties(CLOUD, kind=kinds, function_runtime=flexible),
        site_config(CLOUD, runtime=runtime),
    )
    verdict = documented_runtime.check(want, seen)
    assert type(verdict) is kind
    assert words in said(verdict)
