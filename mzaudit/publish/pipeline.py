"""Where a run is: the pipeline, its pull request and its own identity, from the variables that the pipeline sets.

Azure Pipelines: https://learn.microsoft.com/azure/devops/pipelines/build/variables
GitHub Actions: https://docs.github.com/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mzaudit.publish.sealed_token import Token

_PULL = re.compile(r"refs/pull/(\d+)/")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class NoPullRequestError(Exception):
    """No pull request can be written to from here; `str()` says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Build:
    """The run of the pipeline: `number` orders the runs, `link` shows it, `commit` is the head of what it looked at,
    `root` is where the repository lies."""

    number: int
    link: str
    commit: str
    root: str


@dataclass(frozen=True, slots=True)
class AzureDevOps:
    """A pull request in Azure Repos; `collection` and `pull` are the URLs of their APIs."""

    collection: str
    pull: str
    build: Build
    token: Token


@dataclass(frozen=True, slots=True)
class GitHub:
    """A pull request on GitHub; `repository` is the URL of the repository's API, `graphql` that of the other API."""

    repository: str
    graphql: str
    pull: int
    build: Build
    token: Token


Place = AzureDevOps | GitHub


def find(env: Mapping[str, str]) -> Place:
    """The pull request that this run was started for; raises `NoPullRequestError`."""
    if env.get("GITHUB_ACTIONS") == "true":
        return _actions(env)
    if env.get("TF_BUILD", "").casefold() == "true":
        return _pipelines(env)
    raise NoPullRequestError("no pipeline was found: neither TF_BUILD (Azure Pipelines) nor GITHUB_ACTIONS is set")


def _pipelines(env: Mapping[str, str]) -> Place:
    provider = env.get("BUILD_REPOSITORY_PROVIDER", "")
    if env.get("BUILD_REASON") != "PullRequest":
        raise NoPullRequestError("this run was not started for a pull request (BUILD_REASON is not PullRequest)")
    collection = _https(env, "SYSTEM_COLLECTIONURI").rstrip("/")
    project = f"{collection}/{quote(_need(env, 'SYSTEM_TEAMPROJECT'), safe='')}"
    number = _number(env, "BUILD_BUILDID")
    build = Build(
        number,
        f"{project}/_build/results?buildId={number}",
        _commit(env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID", "")),
        env.get("BUILD_SOURCESDIRECTORY", ""),
    )
    if provider == "TfsGit":
        pull = _number(env, "SYSTEM_PULLREQUEST_PULLREQUESTID")
        repository = quote(_need(env, "BUILD_REPOSITORY_ID"), safe="")
        token = _token(env, "SYSTEM_ACCESSTOKEN", "env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}")
        api = f"{project}/_apis/git/repositories/{repository}/pullRequests/{pull}"
        return AzureDevOps(collection, api, build, token)
    if provider == "GitHub":
        pull = _number(env, "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")
        token = _token(env, "GITHUB_TOKEN", "a secret variable with a token that may write to pull requests, mapped")
        name = _repository(_need(env, "BUILD_REPOSITORY_NAME"))
        return GitHub(f"https://api.github.com/repos/{name}", "https://api.github.com/graphql", pull, build, token)
    whose = provider or "an unnamed provider"
    raise NoPullRequestError(f"pull requests of {whose} are not written to; those of Azure Repos and GitHub are")


def _actions(env: Mapping[str, str]) -> Place:
    event = _event(env.get("GITHUB_EVENT_PATH", ""))
    in_ref = _PULL.match(env.get("GITHUB_REF", ""))
    number = event.get("number", int(in_ref[1]) if in_ref else None)
    if not isinstance(number, int):
        raise NoPullRequestError(
            "this run was not started for a pull request (no pull_request in the event, none in GITHUB_REF)"
        )
    head = event.get("head")
    name = _repository(_need(env, "GITHUB_REPOSITORY"))
    run = _number(env, "GITHUB_RUN_ID")
    api = _https(env, "GITHUB_API_URL").rstrip("/")
    build = Build(
        run,
        f"{_https(env, 'GITHUB_SERVER_URL').rstrip('/')}/{name}/actions/runs/{run}",
        _commit(str(head.get("sha", "")) if isinstance(head, dict) else ""),
        env.get("GITHUB_WORKSPACE", ""),
    )
    token = _token(env, "GITHUB_TOKEN", "env: {GITHUB_TOKEN: ${{ github.token }}}")
    graphql = _https(env, "GITHUB_GRAPHQL_URL") if env.get("GITHUB_GRAPHQL_URL") else f"{api}/graphql"
    return GitHub(f"{api}/repos/{name}", graphql, number, build, token)


def _event(path: str) -> dict[str, object]:
    """The pull request of the event that started the run; empty if it is of none, or cannot be read."""
    try:
        event: object = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError):
        return {}
    pull = event.get("pull_request") if isinstance(event, dict) else None
    return pull if isinstance(pull, dict) else {}


def _need(env: Mapping[str, str], name: str) -> str:
    if not env.get(name):
        raise NoPullRequestError(f"{name} is not set, as every run for a pull request has it")
    return env[name]


def _number(env: Mapping[str, str], name: str) -> int:
    text = _need(env, name)
    if not (text.isascii() and text.isdigit()):
        raise NoPullRequestError(f"{name}: expected a number")
    return int(text)


def _https(env: Mapping[str, str], name: str) -> str:
    url = _need(env, name)
    if not url.casefold().startswith("https://"):
        raise NoPullRequestError(f"{name}: expected an https:// address: the job's token is sent over nothing else")
    return url


def _repository(name: str) -> str:
    return quote(name, safe="/")


def _commit(text: str) -> str:
    return text if _COMMIT.fullmatch(text) else ""


def _token(env: Mapping[str, str], name: str, cure: str) -> Token:
    text = env.get(name, "").strip()  # a file's last line ends in a line feed
    if not text:
        raise NoPullRequestError(f"{name} is not set: hand the step its token ({cure})")
    return Token(text)
