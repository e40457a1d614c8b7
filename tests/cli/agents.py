"""What an agent of Azure Pipelines and a runner of GitHub Actions do with a pipeline, as far as ours go: conditions,
macros, bash as each of them starts it, artifacts whose names are taken once a run.

Documented at https://learn.microsoft.com/azure/devops/pipelines/process/conditions and
https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

SUCCEEDED, FAILED, CANCELED, SKIPPED = "succeeded", "failed", "canceled", "skipped"


@dataclass
class PipelineRun:
    """One run of a pipeline in a checkout, with all its attempts. `cancel_before` is a step's name; `tools` is a folder
    of programs that come first; `variables` are the environment of every step; `before` are the artifacts of the run
    before it on the branch."""

    checkout: Path
    tools: Path
    variables: dict[str, str]
    cancel_before: str = ""
    before: dict[str, Path] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    attempt: int = 1
    results: dict[str, str] = field(default_factory=dict)

    def bash(self, options: list[str], script: str, cwd: Path, env: dict[str, str]) -> bool:
        """Run a script as a file; whether it succeeded."""
        file = self.tools / "script.sh"
        file.write_text(script)
        found = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}", **self.variables, **env}
        done = subprocess.run(["bash", *options, file], cwd=cwd, env=found, capture_output=True, text=True)
        self.log.append(done.stdout + done.stderr)
        return done.returncode == 0

    def clean(self) -> None:
        """As `git clean -ffdx` leaves the checkout."""
        for reports in [*self.checkout.rglob("reports")]:
            shutil.rmtree(reports)

    def keep(self, name: str, path: Path, *, required: bool) -> bool:
        """Upload an artifact."""
        if name in self.artifacts:
            self.log.append(f"artifact {name} exists already")
            return False
        if not path.exists():
            self.log.append(f"{path} is not there")
            return not required
        kept = self.tools / "artifacts" / name
        kept.parent.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, kept)
        else:
            kept.mkdir()
            shutil.copy(path, kept)
        self.artifacts[name] = kept
        return True


def azure(run: PipelineRun, document: Any) -> dict[str, str]:
    """Run the jobs that have not succeeded yet, as `rerun failed jobs` does; gives what became of each."""
    for job in document["jobs"]:
        name = job["job"]
        if run.results.get(name) == SUCCEEDED:
            continue
        needs = job.get("dependsOn", [])
        before = [run.results[each] for each in ([needs] if isinstance(needs, str) else needs)]
        outcome = CANCELED if CANCELED in before else FAILED if set(before) - {SUCCEEDED} else SUCCEEDED
        if not _azure_condition(job.get("condition", "succeeded()"), outcome, run):
            run.results[name] = CANCELED if outcome == CANCELED else SKIPPED
            continue
        run.results[name] = _azure_job(run, job, CANCELED if outcome == CANCELED else SUCCEEDED)
    return run.results


def _azure_job(run: PipelineRun, job: Any, state: str) -> str:
    place = {
        "Build.ArtifactStagingDirectory": str(run.tools / "staging"),
        "Pipeline.Workspace": str(run.checkout.parent),
        "System.DefaultWorkingDirectory": str(run.checkout),
        "System.AccessToken": run.variables.get("SYSTEM_ACCESSTOKEN", ""),
        "System.StageAttempt": str(run.attempt),
        "System.JobAttempt": str(run.attempt),
        "labels": "ab" * 32,
        **{name: value for name, value in run.variables.items() if name.endswith("_WEBHOOK")},
    }
    (run.tools / "staging").mkdir(exist_ok=True)
    if job.get("workspace") == {"clean": "all"}:
        for fetched in ("parts", "before"):
            shutil.rmtree(run.checkout.parent / fetched, ignore_errors=True)

    def macros(text: str) -> str:
        return re.sub(r"\$\(([\w.]+)\)", lambda found: place.get(found[1], found[0]), text)

    for step in job["steps"]:
        title = step.get("displayName") or step.get("task") or step.get("checkout")
        if title == run.cancel_before:
            state = CANCELED
        if not _azure_condition(step.get("condition", "succeeded()"), state, run):
            continue
        run.ran.append(f"{job['job']}: {title}")
        env = {key: macros(value) for key, value in step.get("env", {}).items()}
        inputs = step.get("inputs", {})
        cwd = run.checkout / (step.get("workingDirectory") or inputs.get("workingDirectory") or "")
        match step:
            case {"bash": script}:
                good = run.bash(["--noprofile", "--norc"], macros(script), cwd, env)
            case {"task": "AzureCLI@2"}:
                good = run.bash([], macros(inputs["inlineScript"]), cwd, env)
            case {"task": "PublishTestResults@2"}:
                good = (run.checkout / inputs["testResultsFiles"]).exists()
            case {"task": "DownloadPipelineArtifact@2"}:
                held = run.before if inputs.get("buildType") == "specific" else run.artifacts
                good = fetch(held, inputs["itemPattern"], Path(macros(inputs["targetPath"])))
            case {"publish": path}:
                good = run.keep(macros(step["artifact"]), Path(macros(path)), required=True)
            case {"checkout": _}:
                run.clean()
                good = True
            case _:
                good = True
        good = good or step.get("continueOnError", False)
        state = FAILED if not good and state == SUCCEEDED else state
    return state


def fetch(held: dict[str, Path], pattern: str, into: Path) -> bool:
    """Download from artifacts what a pattern `ARTIFACT/FILE` matches, each to a folder of its name, beside what is
    there already; whether any did."""
    into.mkdir(exist_ok=True)
    found = [file for name, kept in held.items() for file in kept.rglob("*") if fnmatch(f"{name}/{file.name}", pattern)]
    for file in found:
        (into / file.parent.name).mkdir(exist_ok=True)
        shutil.copy(file, into / file.parent.name)
    return bool(found)


def _azure_condition(text: str, state: str, run: PipelineRun) -> bool:
    names: dict[str, Callable[..., bool]] = {
        "always": lambda: True,
        "succeeded": lambda: state == SUCCEEDED,
        "succeededOrFailed": lambda: state in (SUCCEEDED, FAILED),
        "canceled": lambda: state == CANCELED,
        "not_": lambda one: not one,
        "and_": lambda *all_: all(all_),
        "eq": lambda one, other: one == other,
        "ne": lambda one, other: one != other,
    }
    known = {"Build.Reason": run.variables.get("BUILD_REASON", "")}
    spelt = re.sub(r"\b(and|not)\(", r"\1_(", text)
    return bool(eval(spelt, {"__builtins__": {}}, {**names, "variables": known}))  # of our own pipelines only


def github(run: PipelineRun, document: Any, event: dict[str, Any]) -> dict[str, str]:
    """Run the jobs that have not succeeded yet; gives what became of each."""
    for name, job in document["jobs"].items():
        if run.results.get(name) != SUCCEEDED:
            run.results[name] = _github_job(run, document, job, event)
    return run.results


def _github_job(run: PipelineRun, document: Any, job: Any, event: dict[str, Any]) -> str:
    state = SUCCEEDED
    outcomes: dict[str, str] = {}
    default = document.get("defaults", {}).get("run", {}).get("working-directory", "")
    for step in job["steps"]:
        title = step.get("name") or step["uses"].partition("@")[0]
        if title == run.cancel_before:
            state = CANCELED
        if not _github_condition(step.get("if", "${{ success() }}"), state, outcomes, event):
            outcomes[step.get("id", "")] = SKIPPED
            continue
        run.ran.append(title)
        good = True
        if "run" in step:
            token = run.variables.get("GITHUB_TOKEN", "")
            env = {k: _filled(v, run).replace("${{ github.token }}", token) for k, v in step.get("env", {}).items()}
            good = run.bash(["-e"], step["run"], run.checkout / default, env)
        elif "upload-artifact" in step["uses"]:
            given = step["with"]
            path = run.checkout / given["path"]
            good = run.keep(_filled(given["name"], run), path, required=given["if-no-files-found"] == "error")
        elif "checkout" in step["uses"]:
            run.clean()
        outcomes[step.get("id", "")] = "success" if good else "failure"
        state = FAILED if not good and state == SUCCEEDED else state
    return state


def _filled(text: str, run: PipelineRun) -> str:
    text = re.sub(r"\$\{\{ (?:vars|secrets)\.(\w+) \}\}", lambda found: run.variables.get(found[1], ""), text)
    return text.replace("${{ github.run_attempt }}", str(run.attempt))


def _github_condition(text: str, state: str, outcomes: dict[str, str], event: dict[str, Any]) -> bool:
    known: dict[str, str] = {f"steps.{name}.outcome": outcome for name, outcome in outcomes.items()} | event
    spelt = text.removeprefix("${{").removesuffix("}}").strip()
    named = any(f"{word}()" in spelt for word in ("always", "cancelled", "failure", "success"))
    spelt = re.sub(r"(?:github|steps)(?:\.\w+)+", lambda found: repr(known.get(found[0], "")), spelt)
    spelt = spelt.replace("!=", "\0").replace("!", " not ").replace("\0", "!=").replace("&&", " and ")
    names: dict[str, Callable[[], bool]] = {
        "always": lambda: True,
        "success": lambda: state == SUCCEEDED,
        "failure": lambda: state == FAILED,
        "cancelled": lambda: state == CANCELED,
    }
    held = bool(eval(spelt, {"__builtins__": {}}, names))  # of our own pipelines only
    return held and (named or state == SUCCEEDED)
