"""A pull request in either service, and the real command in the environment of its pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from mzaudit.engine.results import Report, Status
from mzaudit.report import render
from tests.cli.conftest import Outcome, folder, mzaudit
from tests.publish.services import (
    ADO_TOKEN,
    GITHUB_TOKEN,
    HEAD,
    OTHERS_TOKEN,
    REPOSITORY,
    Services,
    serve,
)
from tests.report.sample import MISSING, UNREADABLE, finding, report

__all__ = ["folder", "mzaudit"]

GREEN = report([finding("KV-003", "kv-mz-cloud-prd/SECRET_KEY", Status.PASS)])
RED = report([MISSING])
DOUBTFUL = report([*GREEN.findings, finding("KV-006", "A", Status.INCONCLUSIVE, gaps=(UNREADABLE,))])


@dataclass
class Pull:
    """One pull request: how it looks from outside, and what a person does to it."""

    name: str
    services: Services
    run_command: Callable[..., Outcome]
    folder: Path
    patch: pytest.MonkeyPatch

    @property
    def create(self) -> str:
        """The request that writes a comment."""
        return r"POST .*/threads$" if self.name == "azure-devops" else r"POST .*/issues/17/comments$"

    @property
    def edit(self) -> str:
        """The request that edits one."""
        return r"PATCH .*/comments/\d+$"

    @property
    def look(self) -> str:
        """The request that lists them."""
        return r"GET .*/threads$" if self.name == "azure-devops" else r"GET .*/issues/17/comments$"

    @property
    def status(self) -> str:
        """The request that sets the status."""
        return r"POST .*/statuses"

    def comments(self) -> list[str]:
        """The text of every comment that is shown, with the state of its thread before it where there is one."""
        if self.name == "azure-devops":
            shown = [t for t in self.services.threads if not t["comments"][0]["isDeleted"]]
            return [f"{thread['status']} {thread['comments'][0]['content']}" for thread in shown]
        return [comment["body"] for comment in self.services.comments]

    def states(self) -> list[str]:
        """Every status that was set, in order."""
        held = self.services.ado_statuses if self.name == "azure-devops" else self.services.github_statuses
        return [str(status["state"]) for status in held]

    def write(self, content: str, *, ours: bool) -> None:
        """Let a comment be there, by us or by somebody else."""
        if self.name == "azure-devops":
            self.services.start_thread(content, ADO_TOKEN if ours else OTHERS_TOKEN)
        else:
            self.services.write_comment(content, GITHUB_TOKEN if ours else OTHERS_TOKEN)

    def tell(self, about: Report, *options: str, run: int = 4321) -> Outcome:
        """Run `mzaudit comment` on a report, as the pipeline's run of that number."""
        (self.folder / "report.json").write_text(render("json", about))
        self.patch.setenv("BUILD_BUILDID", str(run))
        self.patch.setenv("GITHUB_RUN_ID", str(run))
        return self.run_command("comment", "report.json", *options)


def variables(name: str, folder: Path) -> dict[str, str]:
    """What the pipeline sets for a run that a pull request started."""
    if name == "azure-devops":
        return {
            "TF_BUILD": "True",
            "BUILD_REASON": "PullRequest",
            "BUILD_REPOSITORY_PROVIDER": "TfsGit",
            "BUILD_REPOSITORY_ID": REPOSITORY,
            "BUILD_SOURCESDIRECTORY": "/home/vsts/work/1/s",
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/fabrikam/",
            "SYSTEM_TEAMPROJECT": "Fabrikam Fiber",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "22",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
            "SYSTEM_ACCESSTOKEN": ADO_TOKEN,
        }
    event = folder / "event.json"
    event.write_text(json.dumps({"action": "synchronize", "pull_request": {"number": 17, "head": {"sha": HEAD}}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "fabrikam/infra",
        "GITHUB_REF": "refs/pull/17/merge",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_WORKSPACE": "/home/runner/work/infra/infra",
        "GITHUB_TOKEN": GITHUB_TOKEN,
    }


PIPELINES = ("azure-devops", "github")


@pytest.fixture(params=PIPELINES)
def pull(
    request: pytest.FixtureRequest, mzaudit: Callable[..., Outcome], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pull]:
    """A pull request without comments, in either service; waits are short."""
    for name in ("TF_BUILD", "GITHUB_ACTIONS", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("mzaudit.publish.http._WAITS", (0.0, 0.0, 0.0))
    monkeypatch.setattr("mzaudit.publish.sticky_comment._LOOKS", (0.0, 0.0, 0.0))
    monkeypatch.setattr("mzaudit.publish.http._TIMEOUT", aiohttp.ClientTimeout(total=600))  # however busy the machine
    monkeypatch.setattr("mzaudit.publish.publish_comment._LONGEST", 600.0)
    with serve(folder) as services:
        name = str(request.param)
        for variable, value in variables(name, folder).items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("HTTPS_PROXY", services.proxy)
        monkeypatch.setenv("SSL_CERT_FILE", services.ca_file)
        yield Pull(name, services, mzaudit, folder, monkeypatch)


def nightly(pull: Pull) -> None:
    """Let the run be one that a schedule started."""
    for name, value in {
        "BUILD_REASON": "Schedule",
        "BUILD_SOURCEVERSION": HEAD,
        "GITHUB_EVENT_NAME": "schedule",
        "GITHUB_SHA": HEAD,
        "GITHUB_REF": "refs/heads/main",
    }.items():
        pull.patch.setenv(name, value)
    (pull.folder / "event.json").write_text("{}")


def named(about: Report, policy: str) -> Report:
    """The same report of another policy."""
    return replace(about, run=replace(about.run, policy=policy))
