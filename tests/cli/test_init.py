"""`mzaudit init`: what it writes is valid for those who read it, without the traps of nightly pipelines, and nobody's
file is replaced."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from mzaudit import __version__
from mzaudit.cli import COMMANDS, Lazy, group, output
from mzaudit.errors import InputError
from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]
SCHEMAS = Path(__file__).parents[2].parent / "shared" / "schemas" / "ci"
AZURE, GITHUB = Path("azure-pipelines-mzaudit.yml"), Path(".github/workflows/mzaudit.yml")

WRITTEN: dict[str, tuple[tuple[str, ...], Path]] = {
    "azure": (("azure-pipelines",), AZURE),
    "azure, one environment": (("azure-pipelines", "--env", "prd"), AZURE),
    "azure, matrix": (("azure-pipelines", "--matrix"), AZURE),
    "azure, matrix of one": (("azure-pipelines", "--matrix", "--env", "prd"), AZURE),
    "github": (("github",), GITHUB),
    "github, one environment": (("github", "--env", "stg"), GITHUB),
    "azure, who is told": (("azure-pipelines", "--ticket", "--notify", "--env", "prd"), AZURE),
    "github, who is told": (("github", "--ticket", "--notify", "--env", "prd"), GITHUB),
}


def pipeline(text: str) -> Any:
    """A pipeline as its schema wants it: every scalar a string, but for the inputs of tasks and `continueOnError`."""
    strings, values = YAML(typ="base", pure=True).load(text), YAML(typ="safe", pure=True).load(text)
    for found, typed in zip(_steps(strings), _steps(values), strict=True):
        found |= {key: typed[key] for key in ("inputs", "continueOnError") if key in found}
    return strings


def _steps(document: Any) -> list[Any]:
    return [step for job in document["jobs"] for step in job["steps"]]


@pytest.mark.parametrize("case", WRITTEN)
def test_a_pipeline_is_valid_for_its_service(case: str, mzaudit: Call, folder: Path) -> None:
    args, path = WRITTEN[case]
    assert mzaudit("init", *args).code == 0
    if path == GITHUB:
        name, document = "schemastore-github-workflow.json", YAML(typ="safe", pure=True).load(path.read_text())
    else:
        name, document = "azure-pipelines.service-schema.json", pipeline(path.read_text())
    if not SCHEMAS.exists():
        pytest.skip("the schemas of the pipelines are not beside this checkout")
    jsonschema.Draft7Validator(json.loads((SCHEMAS / name).read_text())).validate(document)


@pytest.mark.parametrize("case", WRITTEN)
def test_a_pipeline_has_none_of_the_traps(case: str, mzaudit: Call, folder: Path) -> None:
    args, path = WRITTEN[case]
    assert mzaudit("init", *args).code == 0
    text = path.read_text()
    assert f"mzaudit {__version__}" in text
    assert "--require-hashes" in text
    # What is fetched for a message alone may be missing; nothing else may.
    fetched = text.partition("displayName: Fetch the report of the last run\n")[2].partition("    inputs:")[0]
    text = text.replace(fetched, "") if fetched else text
    for trap in ("pwsh", "powershell", "continueOnError", "continue-on-error", "| tee", "|| true", "<<", "<%"):
        assert trap not in text
    document = YAML(typ="safe", pure=True).load(text)
    if path == AZURE:
        assert document["schedules"][0]["always"] is True
        assert document["trigger"] == document["pr"] == "none"
        steps = _steps(document)
        for step in steps:
            if "AzureCLI@2" in step.get("task", ""):
                assert step["env"]["SYSTEM_ACCESSTOKEN"] == "$(System.AccessToken)"
        published = [step["inputs"] for step in steps if step.get("task") == "PublishTestResults@2"]
        assert published
        for inputs in published:
            assert inputs["failTaskOnFailedTests"] is True
            assert inputs["failTaskOnMissingResultsFile"] is True
            assert inputs["failTaskOnFailureToPublishResults"] is True
        for job in document["jobs"]:
            first = job["steps"][0]
            assert first == {"checkout": "none"} or (first["checkout"], first["clean"]) == ("self", True)
    else:
        assert document["permissions"] == {}
        for job in document["jobs"].values():
            assert job["permissions"]["id-token"] == "write"
    late = [step for step in _every_step(document) if "comment" in json.dumps(step) or "artifact: mzaudit" in str(step)]
    assert late
    for step in late:
        assert re.search(
            r"succeededOrFailed\(\)|!cancelled\(\)|always\(\)", step.get("condition", "") + step.get("if", "")
        )


def _every_step(document: Any) -> list[Any]:
    jobs = document["jobs"]
    return [step for job in (jobs.values() if isinstance(jobs, dict) else jobs) for step in job["steps"]]


def _lines(document: Any) -> Iterator[list[str]]:
    """Every mzaudit command of a pipeline, as its words."""
    for step in _every_step(document):
        script = step.get("bash") or step.get("run") or step.get("inputs", {}).get("inlineScript") or ""
        for line in script.splitlines():
            words = shlex.split(line.partition("||")[0].split(" # ")[0])
            if words[:1] == ["mzaudit"] and "${parts[@]}" not in words:  # those are run by test_pipelines_run.py
                yield words[1:]


@pytest.mark.parametrize("case", WRITTEN)
def test_every_command_of_a_pipeline_is_one(case: str, mzaudit: Call, folder: Path) -> None:
    """Parsed by the real commands, with the value of every option that they take."""
    args, path = WRITTEN[case]
    mzaudit("init", *args)
    lines = list(_lines(YAML(typ="safe", pure=True).load(path.read_text())))
    assert {line[0] for line in lines} >= {"comment"}
    for name, *rest in lines:
        assert isinstance(group, Lazy)
        command = group.get_command(group.make_context("mzaudit", [], resilient_parsing=True), name)
        assert command is not None
        assert command.make_context(name, list(rest)).params


@pytest.mark.parametrize("case", WRITTEN)
def test_what_a_check_writes_is_what_is_published(case: str, mzaudit: Call, folder: Path) -> None:
    """The reports of the check, run here on a simulated estate, lie where the later steps look for them, and the
    scripts that show them run."""
    args, path = WRITTEN[case]
    mzaudit("init", *args)
    text = path.read_text()
    document = YAML(typ="safe", pure=True).load(text)
    for line in _lines(document):
        if line[0] == "comment":
            asked = [word for flag, word in pairwise(line) if flag == "--env"]
            mzaudit("check", "--simulate", "compliant", *(part for env in asked for part in ("--env", env)))
    scripts = [step.get("bash") or step.get("run") or "" for step in _every_step(document)]
    shown = [_run(script, folder) for script in scripts if "mzaudit report" in script]
    for name in re.findall(r"##vso\[task.uploadsummary\](.+)", "".join(shown)):
        assert Path(name).read_text().startswith("# mzaudit: GATE PASSED")
    assert shown
    assert all("uploadsummary" in said for said in shown) == (path == AZURE)
    if path == GITHUB:
        assert "# mzaudit: GATE PASSED" in (folder / "summary.md").read_text()
    named = re.findall(r"reports/[\w+/.-]+\w", text)
    assert named
    for name in named:
        assert Path(name).exists(), name


def _run(script: str, folder: Path) -> str:
    """Run a step's script as an agent would; gives what it printed."""
    found = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": "summary.md"}
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env={**os.environ, **found}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_starter_is_valid_and_its_estate_passes(mzaudit: Call, folder: Path) -> None:
    outcome = mzaudit("init")
    assert outcome.code == 0
    assert "policies/policy.yaml" in outcome.out
    text = (folder / "policies" / "policy.yaml").read_text()
    assert len([line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]) <= 20
    assert mzaudit("policy", "validate").code == 0
    checked = mzaudit("check", "--env", "prd", "--simulate", "compliant")
    assert checked.code == 0, checked.out + checked.err


def test_environments_are_named_as_jobs_and_variables_may_be(
    mzaudit: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/jobs-job and
    https://docs.github.com/actions/reference/workflows-and-actions/variables; their schemas allow more."""
    asked = ["eu", "eu-1", *(f"environment-{number}" for number in range(10, 20))]
    assert mzaudit("init").code == 0
    policy = folder / "policies" / "policy.yaml"
    added = "".join(f"  {env}: {{production: false}}\n" for env in asked)
    policy.write_text(policy.read_text().replace("  prd:\n", f"{added}  prd:\n"))
    flags = [word for env in asked for word in ("--env", env)]
    for kind in (("azure-pipelines",), ("azure-pipelines", "--matrix"), ("github",)):
        AZURE.unlink(missing_ok=True)
        outcome = mzaudit("init", *kind, *flags)
        assert outcome.code == 0, outcome.err
        text = (GITHUB if kind == ("github",) else AZURE).read_text()
        document = YAML(typ="safe", pure=True).load(text)
        names = re.findall(r"\bvars\.([^ }]+)", text)
        if kind != ("github",):
            names += [job["job"] for job in document["jobs"]]
        assert [each for each in names if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", each)] == []
        if "--matrix" in kind:
            assert document["jobs"][-1]["dependsOn"] == [job["job"] for job in document["jobs"][1:-1]]
            [script] = (step["bash"] for step in _every_step(document) if "mzaudit check" in step.get("bash", ""))
            assert f"reports/{output.label(asked)}/TEST-mzaudit-{output.label(asked)}.xml" in text
    monkeypatch.setenv("PARTS", "parts")
    held = {"eu": "parts/snapshot-eu-1-2/snapshot-eu.json", "eu-1": "parts/snapshot-eu-1-1-1/snapshot-eu-1.json"}
    for path in ("parts/snapshot-eu-1-1/snapshot-eu.json", *held.values()):
        Path(path).parent.mkdir(parents=True)
        Path(path).touch()
    words = _run(f'mzaudit() {{ printf "%s\\n" "$@"; }}\n{script}', folder).split()
    found = dict(zip(words[2::4], words[4::4], strict=True))
    assert list(found) == asked
    assert {env: found[env] for env in held} == held


def test_an_example_that_is_none_is_refused(mzaudit: Call, folder: Path) -> None:
    outcome = mzaudit("init", "--example", "contoso")
    assert (outcome.code, list(folder.iterdir())) == (2, [])
    assert "no example is called 'contoso'; there is monozu" in outcome.err
    assert "--example goes with no pipeline" in mzaudit("init", "github", "--example", "monozu").err


def test_nobodys_file_is_replaced(mzaudit: Call, folder: Path) -> None:
    for args, path in ((("azure-pipelines",), AZURE), (("github",), GITHUB)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        outcome = mzaudit("init", *args)
        assert outcome.code == 2
        assert f"{path}: is there already; nothing was written" in outcome.err
        assert path.read_text() == "mine"


def test_half_a_policy_is_not_left(mzaudit: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next try would refuse to replace what this one wrote."""
    write_file = output.write_file

    def failing(path: Path, chunks: Iterable[str], mode: int = 0o644) -> None:
        if path.name == "waivers.yaml":
            raise InputError(f"{path}: cannot be written: No space left on device")
        write_file(path, chunks, mode)

    with monkeypatch.context() as broken:
        broken.setattr(output, "write_file", failing)
        assert mzaudit("init", "--example", "monozu").code == 2
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert mzaudit("init", "--example", "monozu").code == 0


REFUSED: dict[str, tuple[str, ...]] = {
    "an unknown service": ("gitlab",),
    "an unknown environment": ("github", "--env", "prod"),
    "a name that is no environment's": ("github", "--env", "a; rm -rf /"),
    "a matrix on GitHub": ("github", "--matrix"),
    "a matrix of nothing": ("--matrix",),
    "a ticket for the policy": ("--ticket",),
    "an environment for the policy": ("--env", "prd"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, mzaudit: Call, folder: Path) -> None:
    outcome = mzaudit("init", *REFUSED[case])
    assert outcome.code == 2, outcome.out
    assert not list(folder.iterdir())


def test_the_environments_are_those_of_ones_own_policy(mzaudit: Call, folder: Path) -> None:
    mzaudit("init", "--example", "monozu")
    assert mzaudit("init", "azure-pipelines").code == 0
    assert [job["job"] for job in YAML(typ="safe", pure=True).load(AZURE.read_text())["jobs"]] == ["dev", "stg", "prd"]


# What is typed, and one of the words that a shell is offered.
TYPED: dict[str, str] = {"mzaudit com": "comment", "mzaudit comment --r": "--require-comment", "mzaudit x ": ""}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("typed", TYPED)
def test_a_shell_completes(shell: str, typed: str, mzaudit: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    script = mzaudit("completion", shell)
    assert script.code == 0
    assert f"_MZAUDIT_COMPLETE={shell}_complete" in script.out
    words = typed.split(" ")
    monkeypatch.setenv("_MZAUDIT_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
    outcome = mzaudit()
    assert outcome.code == 0
    assert TYPED[typed] in outcome.out
    assert outcome.err == ""


def test_every_command_is_completed(mzaudit: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"COMP_WORDS": "mzaudit ", "COMP_CWORD": "1", "_MZAUDIT_COMPLETE": "bash_complete"}
    for name, value in typed.items():
        monkeypatch.setenv(name, value)
    assert {line.split(",")[1] for line in mzaudit().out.splitlines()} == set(COMMANDS)
