"""The files that other tools read at the root of this repository: the GitHub action, the pre-commit hook, the image."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from docs import release
from mzaudit.cli.output import label
from tests.cli.conftest import Outcome, folder, mzaudit

__all__ = ["folder", "mzaudit"]

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT.parent / "shared" / "schemas" / "ci"
SCHEMA_OF = {
    "action.yml": "schemastore-github-action.json",
    ".pre-commit-hooks.yaml": "schemastore-pre-commit-hooks.json",
}


def read(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((ROOT / name).read_text())


@pytest.mark.parametrize("name", SCHEMA_OF)
def test_a_file_is_valid_for_its_reader(name: str) -> None:
    if not SCHEMAS.exists():
        pytest.skip("the schemas of the pipelines are not beside this checkout")
    schema = json.loads((SCHEMAS / SCHEMA_OF[name]).read_text())
    jsonschema.Draft7Validator(schema).validate(read(name))


def test_the_hook_validates_the_policy_offline(mzaudit: Callable[..., Outcome], folder: Path) -> None:
    (hook,) = read(".pre-commit-hooks.yaml")
    program, *args = shlex.split(hook["entry"])
    assert program == "mzaudit"
    assert mzaudit("init", "--example", "monozu").code == 0
    for path in (folder / "policies").glob("*.yaml"):
        assert re.search(hook["files"], str(path.relative_to(folder)))
    assert mzaudit(*args).code == 0
    (folder / "policies" / "monozu.yaml").write_text("version: 1\nservises: {}\n")
    assert mzaudit(*args).code == 2


def test_no_script_of_the_action_holds_an_input() -> None:
    """An input that stands in a script would be run; in a variable it is only read."""
    for step in read("action.yml")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize(
    ("asked", "code"), [("prd", 0), ("stg\nprd\n", 0), ("stg prd stg", 0), ("prd --simulate=drifted", 2)]
)
def test_the_check_of_the_action(asked: str, code: int, folder: Path) -> None:
    """Run as the action's runner would, with a stand-in for the one step before it: where mzaudit is installed."""
    (step,) = [step for step in read("action.yml")["runs"]["steps"] if step.get("id") == "check"]
    where = folder / "mzaudit" / "bin"
    where.mkdir(parents=True)
    stand_in = where / "mzaudit"
    stand_in.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -m mzaudit "$@" --simulate compliant\n')
    stand_in.chmod(0o755)
    python = where / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    assert (
        subprocess.run(
            [sys.executable, "-m", "mzaudit", "init", "--example", "monozu"], cwd=folder, capture_output=True
        ).returncode
        == 0
    )
    (folder / "hashlib.py").write_text("raise SystemExit('a module of the checkout was run')\n")
    variables = {
        **os.environ,
        "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "ENVIRONMENTS": asked,
        "POLICY": "policies",
        "FAIL_ON": "medium",
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    outputs = dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())
    assert outputs["exit-code"] == str(code)
    assert outputs["report"].endswith(".json"), "where the comment looks for one"
    assert all((folder / outputs[name]).is_file() for name in outputs.keys() - {"exit-code", "report"})
    if code == 0:
        for name in ("junit", "markdown", "json"):
            assert (folder / outputs[name]).is_file()
            assert label(asked.split()) in outputs[name], "every environment, on however many lines"
        assert (folder / "summary").read_text().startswith("# mzaudit: GATE PASSED")


def test_the_action_refuses_a_windows_runner(folder: Path) -> None:
    (step,) = [step for step in read("action.yml")["runs"]["steps"] if step.get("id") == "install"]
    variables = {**os.environ, "RUNNER_OS": "Windows", "PYTHON": "false", "ACTION": "", "RUNNER_TEMP": str(folder)}
    done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=folder, env=variables, capture_output=True, text=True)
    assert (done.returncode, "runs-on: ubuntu" in done.stdout) == (2, True)


def locked(name: str) -> dict[str, frozenset[str]]:
    """Every version of a lock, with the hashes of its files."""
    parts = re.split(r"^(?=[A-Za-z0-9])", (ROOT / name).read_text(), flags=re.M)[1:]
    return {part.split()[0]: frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", part)) for part in parts}


def test_what_runs_is_a_part_of_what_is_locked() -> None:
    whole, runtime = locked("constraints.txt"), locked("runtime.txt")
    assert all(whole[version] == hashes != frozenset() for version, hashes in runtime.items())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {re.split("[>=]", one)[0].casefold().replace(".", "-") for one in project["project"]["dependencies"]}
    assert asked <= {version.partition("==")[0] for version in runtime}
    [backend] = project["build-system"]["requires"]
    assert backend in runtime, "the build backend is the locked one"
    assert project["project"]["optional-dependencies"]["build"] == [backend]


def test_the_action_installs_by_hash_and_asks_no_index_for_the_rest() -> None:
    (step,) = [s for s in read("action.yml")["runs"]["steps"] if s.get("name") == "Install mzaudit"]
    lines = [line for line in step["run"].splitlines() if " install " in line]
    assert [("--require-hashes" in line, "--no-index" in line) for line in lines] == [(True, False), (False, True)]
    assert 'runtime.txt"' in lines[0]


def workflows(folder: Path) -> list[Path]:
    """What runs on GitHub: the action, and what `init` writes, with one environment and with several."""
    written = [ROOT / "action.yml"]
    for asked in ((), ("--env", "prd"), ("--env", "stg", "--ticket")):
        path = folder / "-".join(("mzaudit", *asked[1:])) / ".github" / "workflows" / "mzaudit.yml"
        path.parent.mkdir(parents=True)
        done = subprocess.run(
            [sys.executable, "-m", "mzaudit", "init", "github", *asked], cwd=path.parents[2], capture_output=True
        )
        assert done.returncode == 0, done.stderr
        written.append(path)
    return written


def test_nothing_that_runs_on_github_has_a_known_weakness(folder: Path) -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    paths = workflows(folder)
    done = subprocess.run([zizmor, "--offline", "--persona", "auditor", *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "No findings to report" in done.stdout
    for path in paths:
        for used in re.findall(r"^ *(?:- )?uses: (.+)$", path.read_text(), re.M):
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments)."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_is_not_root_has_no_entry_point_and_ends_in_a_command() -> None:
    names = [name for name, _ in instructions()]
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "CMD"}
    assert set(names) <= known
    last = names[len(names) - 1 - names[::-1].index("FROM") :]
    assert "USER" in last
    assert "ENTRYPOINT" not in names
    assert dict(instructions())["USER"] not in ("root", "0")
    assert last[-1] == "CMD"
    for base in (rest for name, rest in instructions() if name == "FROM"):
        assert re.match(r"python:3\.13-slim@sha256:[0-9a-f]{64}$", base), base


def test_the_image_copies_what_is_there_and_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for kind, rest in instructions() if kind == "COPY" for name in rest.split()[:-1]}
    assert copied == let_in
    assert copied == {"dist/mzaudit"}, "what `make release` writes"


def test_the_image_installs_the_release_by_hash() -> None:
    [run] = [rest for name, rest in instructions() if name == "RUN" and "pip " in rest]
    assert "--require-hashes" in run
    assert "--only-binary :all:" in run


def test_a_release_is_the_wheel_and_all_that_it_needs_by_hash(tmp_path: Path) -> None:
    wheel = tmp_path / "mzaudit-9.9.9-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    release.main(str(ROOT / "runtime.txt"), str(tmp_path))
    (tmp_path / "runtime.txt").write_text((tmp_path / "requirements.txt").read_text())
    written = locked(str(tmp_path / "runtime.txt"))
    digest = hashlib.sha256(b"a wheel").hexdigest()
    assert written["mzaudit==9.9.9"] == {f"sha256:{digest}"}
    left_out = {version.partition("==")[0] for version in locked("runtime.txt").keys() - written.keys()}
    assert left_out == {"hatchling"}
    assert all(written.values())
