"""What `mzaudit init` writes, run as the agents do: first run, rerun, cancelled, fork, one part missing, all green."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.cli import agents
from tests.cli.agents import CANCELED, FAILED, SUCCEEDED, PipelineRun
from tests.cli.conftest import Outcome
from tests.publish.conftest import variables
from tests.publish.services import HEAD, HOOK, Services, serve

FOLDER = "infra/audit"  # a folder of a monorepo
CHECK = {"azure": "Check prd", "matrix": "Check stg + prd", "github": "Check prd"}
MATRIX = ("azure-pipelines", "--matrix", "--env", "stg", "--env", "prd", "--ticket", "--notify")
WRITTEN = {
    "azure": ("azure-pipelines", "--env", "prd", "--ticket", "--notify"),
    "matrix": MATRIX,
    "github": ("github", "--env", "prd", "--ticket", "--notify"),
}


# GitHub's own client: the last scheduled run, if there was one, and its artifacts, each in a folder of its name. A
# later run of the branch is of a fork's pull request from a branch of the same name, whose artifacts are not ours.
GH = """#!/bin/bash
[ -n "$GH_TOKEN" ] && [ "$GH_REPO" ] && [ -n "$3" ] || exit 1
case "$1 $2" in
  "run list") [ -z "$(ls {held})" ] || {{ [[ "$*" = *" --event schedule "* ]] && echo 41 || echo 42; }};;
  "run download") [ "${{*:3:4}}" = "41 --pattern mzaudit-prd-* --dir" ] && cp -r {held} "$7";;
esac
"""


@dataclass
class Forge:
    """A repository with a generated pipeline, its agent's programs and its forge."""

    name: str
    services: Services
    tools: Path
    checkout: Path
    document: Any
    variables: dict[str, str]

    def start(self, number: int, cancel_before: str = "", before: PipelineRun | None = None) -> PipelineRun:
        """A run of the pipeline that a pull request started, or what the variables say."""
        own = {"BUILD_BUILDID": str(number), "GITHUB_RUN_ID": str(number), "GITHUB_STEP_SUMMARY": "/dev/null"}
        kept = before.artifacts if before is not None else {}
        return PipelineRun(self.checkout, self.tools / str(number), {**self.variables, **own}, cancel_before, kept)

    def run(self, one: PipelineRun, **event: str) -> dict[str, str]:
        """One attempt."""
        one.tools.mkdir(exist_ok=True)
        for program in self.tools.glob("*.program"):
            (one.tools / program.stem).write_text(program.read_text())
            (one.tools / program.stem).chmod(0o755)
        if self.name != "github":
            return agents.azure(one, self.document)
        one.variables["RUNNER_TEMP"] = str(one.tools)
        agents.fetch(one.before, "*/*", one.tools / "held")
        (one.tools / "gh").write_text(GH.format(held=one.tools / "held"))
        (one.tools / "gh").chmod(0o755)
        whose = "github.event.pull_request.head.repo.full_name"
        known = {"github.event_name": "pull_request", "github.repository": "fabrikam/infra", whose: "fabrikam/infra"}
        return agents.github(one, self.document, known | event)

    def comments(self) -> list[str]:
        """The text of each."""
        if self.name == "github":
            return [comment["body"] for comment in self.services.comments]
        return [thread["comments"][0]["content"] for thread in self.services.threads]

    def without(self, env: str) -> None:
        """Let an environment's login be refused."""
        (self.tools / f"{env}.json").rename(self.tools / f"{env}.gone")

    def again(self, env: str) -> None:
        """Let it be had again."""
        (self.tools / f"{env}.gone").rename(self.tools / f"{env}.json")


def _program(tools: Path, name: str, text: str) -> None:
    (tools / f"{name}.program").write_text(f"#!/bin/bash\n{text}\n")


@pytest.fixture(params=WRITTEN)
def forge(
    request: pytest.FixtureRequest,
    mzaudit: Callable[..., Outcome],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Forge]:
    """A monorepo with the generated pipeline of one of its folders, and an estate that is as documented."""
    name = str(request.param)
    checkout, tools = folder / "s", folder / "tools"
    (checkout / ".git").mkdir(parents=True)
    (checkout / FOLDER / ".mzaudit").mkdir(parents=True)
    (checkout / FOLDER / ".mzaudit" / "requirements.txt").write_text("")
    tools.mkdir()
    monkeypatch.chdir(checkout / FOLDER)
    assert mzaudit("init", "--example", "monozu").code == 0
    assert mzaudit("init", *WRITTEN[name]).code == 0
    [path] = (*checkout.glob("*.yml"), *checkout.glob(".github/workflows/*.yml"))
    assert path.name.endswith("mzaudit-infra-audit.yml")
    for env in ("stg", "prd"):
        monkeypatch.setenv("MZAUDIT_LABEL_KEY", "ab" * 32)
        assert mzaudit("collect", "--env", env, "--simulate", "compliant", "-o", str(tools / f"{env}.json")).code == 0
    assert mzaudit("collect", "--env", "prd", "--simulate", "drifted", "-o", str(tools / "drifted.json")).code == 0
    monkeypatch.delenv("MZAUDIT_LABEL_KEY")
    # Azure is what was collected above, or a login that is refused; all else is the real program.
    real = f"{shlex.quote(sys.executable)} -m mzaudit"
    _program(
        tools,
        "mzaudit",
        f"""case "$1 $*" in
          "collect "*) [ "$MZAUDIT_LABEL_KEY" = {"ab" * 32} ] && cp {tools}/$3.json "${{@: -1}}" || exit 4;;
          "check "*--snapshot*) exec {real} "$@";;
          "check "*) [ -f {tools}/$3.json ] || exit 4; exec {real} "$@" --snapshot {tools}/$3.json;;
          *) exec {real} "$@";;
        esac""",
    )
    _program(
        tools,
        "python",
        f'[ "$1 $2 $3 $4" = "-I -m pip install" ] && [ -f "${{@: -1}}" ] && exit; {sys.executable} "$@"',
    )
    monkeypatch.chdir(folder)
    document = YAML(typ="safe", pure=True).load(path.read_text())
    with serve(folder) as services:
        held = variables("github" if name == "github" else "azure-devops", folder)
        where = "GITHUB_WORKSPACE" if name == "github" else "BUILD_SOURCESDIRECTORY"
        held |= {where: str(checkout), "HTTPS_PROXY": services.proxy, "SSL_CERT_FILE": services.ca_file}
        yield Forge(name, services, tools, checkout, document, held)


def test_the_nights_of_a_pipeline(forge: Forge) -> None:
    """All green; cancelled before it could judge; a login that is refused, and a rerun of the failed jobs after it is
    had again: one comment all along, that says what the last of them saw."""
    green = forge.start(1)
    assert set(forge.run(green).values()) == {SUCCEEDED}, green.log
    [comment] = forge.comments()
    assert "GATE PASSED" in comment
    assert "prd (infra/audit/policies)" in comment.replace("&#40;", "(").replace("&#41;", ")")
    assert any(name.startswith("mzaudit-") for name in green.artifacts)
    assert forge.services.issues == forge.services.work_items == [], "the pull request's run keeps no ticket"

    cancelled = forge.start(2, CHECK[forge.name])
    assert CANCELED in forge.run(cancelled).values()
    [comment] = forge.comments()
    assert "NOT JUDGED" in comment, cancelled.log
    assert "GATE PASSED" not in comment

    forge.without("prd")
    failed = forge.start(3)
    assert FAILED in forge.run(failed).values()
    [comment] = forge.comments()
    if forge.name == "matrix":
        assert "INCOMPLETE" in comment, "what was read is judged"
        assert "a part of this snapshot is missing" in comment
    else:
        assert "NOT JUDGED" in comment

    if forge.name != "matrix":  # whose first attempt has kept a report: now the others' has too
        (forge.tools / "drifted.json").rename(forge.tools / "prd.json")
        failed.attempt = 2
        assert FAILED in forge.run(failed).values()
        [comment] = forge.comments()
        assert "GATE FAILED" in comment

    forge.again("prd")
    failed.attempt = 3
    assert set(forge.run(failed).values()) == {SUCCEEDED}, failed.log
    [comment] = forge.comments()
    assert "GATE PASSED" in comment

    if forge.name == "matrix":  # whose parts cannot be fetched at all
        forge.without("stg")
        forge.without("prd")
        nothing = forge.start(4)
        assert FAILED in forge.run(nothing).values()
        assert f"check: {CHECK['matrix']}" in nothing.ran
        [comment] = forge.comments()
        assert "NOT JUDGED" in comment


def test_a_night_is_compared_with_the_one_before(forge: Forge) -> None:
    forge.variables |= {
        "BUILD_REASON": "Schedule",
        "BUILD_SOURCEVERSION": HEAD,
        "GITHUB_EVENT_NAME": "schedule",
        "GITHUB_SHA": HEAD,
        "GITHUB_REF_NAME": "main",
        "GITHUB_WORKFLOW": "mzaudit-infra-audit",
        "MZAUDIT_WEBHOOK": f"https://{HOOK}/notify?key=secret",
    }
    scheduled = {"github.event_name": "schedule"}
    first = forge.start(1)
    assert set(forge.run(first, **scheduled).values()) == {SUCCEEDED}, first.log
    assert any("not compared with the baseline" in said for said in first.log), "there was none"
    if forge.name != "matrix":
        (forge.tools / "drifted.json").rename(forge.tools / "prd.json")
    second = forge.start(2, before=first)
    forge.run(second, **scheduled)
    assert not any("not compared with the baseline" in said for said in second.log), second.log
    before, after = forge.services.told
    assert before["verdict"] == "GATE PASSED"
    if forge.name != "matrix":
        assert "New violations" in {part["title"] for part in after["parts"]}, second.log


def test_a_policy_that_is_wrong_takes_the_word_back(forge: Forge) -> None:
    policy = forge.checkout / FOLDER / "policies" / "monozu.yaml"
    assert set(forge.run(forge.start(1)).values()) == {SUCCEEDED}
    policy.write_text("version: [\n")
    assert FAILED in forge.run(forge.start(2)).values()
    [comment] = forge.comments()
    assert "NOT JUDGED" in comment


@pytest.mark.parametrize("forge", ["github"], indirect=True)
def test_a_fork_is_refused_in_a_sentence_and_runs_nothing_else(forge: Forge) -> None:
    one = forge.start(1)
    whose = {"github.event.pull_request.head.repo.full_name": "somebody/infra"}
    assert forge.run(one, **whose) == {"prd": FAILED}
    assert "a fork's pull request cannot sign in to Azure" in one.log[-1]
    assert one.ran == ["actions/checkout", "Refuse a fork, whose jobs get no token to sign in with"]
    assert forge.services.exchanges == []
