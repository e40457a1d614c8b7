"""Where a run is: the pipeline, its pull request or its project, and its own identity, from the variables that the
pipeline sets.

Azure Pipelines: https://learn.microsoft.com/azure/devops/pipelines/build/variables
GitHub Actions: https://docs.github.com/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from mzaudit.publish.sealed_token import Token
from mzaudit.report.formats.sarif_automation import AzurePipelineRun
from mzaudit.service_address import is_address

_PULL = re.compile(r"refs/pull/([0-9]{1,18})/")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap
_LARGEST_EVENT = 25_000_000
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ORGANIZATION = re.compile(r"https://(?:dev\.azure\.com/([^/]+)|([^/.]+)\.visualstudio\.com)/?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,18}")
_NO_PIPELINE = "no pipeline was found: neither TF_BUILD (Azure Pipelines) nor GITHUB_ACTIONS is set"


class NoPlaceError(Exception):
    """Nothing can be written to from here; `str()` says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Build:
    """The run of the pipeline: `number` orders the runs, `link` shows it, `commit` is the head of what it looked at,
    `root` is where the repository lies, and `folder` where in it this runs, empty for the root itself."""

    number: int
    link: str
    commit: str
    root: str
    folder: str = ""


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


@dataclass(frozen=True, slots=True)
class AzureBoards:
    """A project's work items; `collection` and `project` are the URLs of the organization and the project."""

    collection: str
    project: str
    build: Build
    token: Token


@dataclass(frozen=True, slots=True)
class GitHubIssues:
    """A repository's issues; `repository` is the URL of the repository's API, `graphql` that of the other API."""

    repository: str
    graphql: str
    build: Build
    token: Token


Tracker = AzureBoards | GitHubIssues


def find(env: Mapping[str, str]) -> Place:
    """The pull request that this run was started for; raises `NoPlaceError`."""
    if env.get("GITHUB_ACTIONS") == "true":
        return _actions(env)
    if env.get("TF_BUILD", "").casefold() == "true":
        return _pipelines(env)
    raise NoPlaceError(_NO_PIPELINE)


def find_tracker(env: Mapping[str, str]) -> Tracker:
    """The project whose tickets this run keeps; raises `NoPlaceError`, also for a run of a pull request: what that
    judges by is not agreed yet, and its comment tells of it."""
    if env.get("GITHUB_ACTIONS") == "true":
        if env.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
            raise NoPlaceError("this run is a pull request's, which has its comment: a ticket is for the nightly run")
        token = _token(env, "GITHUB_TOKEN", "env: {GITHUB_TOKEN: ${{ github.token }}}")
        build = _actions_build(env, env.get("GITHUB_SHA", ""))
        return GitHubIssues(_actions_repository(env), _actions_graphql(env), build, token)
    if env.get("TF_BUILD", "").casefold() == "true":
        if env.get("BUILD_REASON") == "PullRequest":
            raise NoPlaceError("this run is a pull request's, which has its comment: a ticket is for the nightly run")
        token = _token(env, "SYSTEM_ACCESSTOKEN", "env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}")
        build = _pipelines_build(env, env.get("BUILD_SOURCEVERSION", ""))
        return AzureBoards(_collection(env), _project(env), build, token)
    raise NoPlaceError(_NO_PIPELINE)


def find_build(env: Mapping[str, str]) -> Build | None:
    """The run of the pipeline; none outside of one, or where its variables are not whole."""
    try:
        if env.get("GITHUB_ACTIONS") == "true":
            return _actions_build(env, env.get("GITHUB_SHA", ""))
        if env.get("TF_BUILD", "").casefold() == "true":
            return _pipelines_build(env, env.get("BUILD_SOURCEVERSION", ""))
    except NoPlaceError:
        return None
    return None


def find_azure_run(env: Mapping[str, str]) -> AzurePipelineRun | None:
    """The job of Azure Pipelines as Advanced Security knows it; none elsewhere, on a server of one's own, or where its
    variables are not whole."""
    organization = _ORGANIZATION.fullmatch(env.get("SYSTEM_COLLECTIONURI", ""))
    if env.get("TF_BUILD", "").casefold() != "true" or organization is None:
        return None
    run = AzurePipelineRun(
        organization=organization[1] or organization[2],
        project_id=env.get("SYSTEM_TEAMPROJECTID", ""),
        definition_id=env.get("SYSTEM_DEFINITIONID", ""),
        definition_name=env.get("BUILD_DEFINITIONNAME", "").strip(),
        phase_id=env.get("SYSTEM_PHASEID", ""),
        phase_name=env.get("SYSTEM_PHASENAME", "").strip(),
        branch=env.get("BUILD_SOURCEBRANCH", ""),
        build_id=env.get("BUILD_BUILDID", ""),
    )
    guids = all(_GUID.fullmatch(guid) and int(guid[:8], 16) for guid in (run.project_id, run.phase_id))
    numbers = all(_NUMBER.fullmatch(text) and 0 < int(text) < 2**31 for text in (run.definition_id, run.build_id))
    return run if guids and numbers and run.definition_name and run.phase_name and run.branch else None


def started(env: Mapping[str, str]) -> float | None:
    """When this run began, in seconds since 1970: none where nothing tells it. The file of the event is written when
    the job starts, by the clock that dates all other files."""
    try:
        if env.get("GITHUB_ACTIONS") == "true" and env.get("GITHUB_EVENT_PATH"):
            return Path(env["GITHUB_EVENT_PATH"]).stat().st_mtime
        if env.get("SYSTEM_PIPELINESTARTTIME"):
            return datetime.fromisoformat(env["SYSTEM_PIPELINESTARTTIME"]).timestamp()
    except (OSError, ValueError):
        return None
    return None


def _pipelines(env: Mapping[str, str]) -> Place:
    provider = env.get("BUILD_REPOSITORY_PROVIDER", "")
    if env.get("BUILD_REASON") != "PullRequest":
        raise NoPlaceError("this run was not started for a pull request (BUILD_REASON is not PullRequest)")
    collection, project = _collection(env), _project(env)
    build = _pipelines_build(env, env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID", ""))
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
    raise NoPlaceError(f"pull requests of {whose} are not written to; those of Azure Repos and GitHub are")


def _collection(env: Mapping[str, str]) -> str:
    return _https(env, "SYSTEM_COLLECTIONURI").rstrip("/")


def _project(env: Mapping[str, str]) -> str:
    return f"{_collection(env)}/{quote(_need(env, 'SYSTEM_TEAMPROJECT'), safe='')}"


def _pipelines_build(env: Mapping[str, str], commit: str) -> Build:
    number = _number(env, "BUILD_BUILDID")
    link = f"{_project(env)}/_build/results?buildId={number}"
    root = env.get("BUILD_SOURCESDIRECTORY", "")
    return Build(number, link, _commit(commit), root, _within(root))


def _actions(env: Mapping[str, str]) -> Place:
    event = _event(env.get("GITHUB_EVENT_PATH", ""))
    in_ref = _PULL.match(env.get("GITHUB_REF", ""))
    number = event.get("number", int(in_ref[1]) if in_ref else None)
    if not isinstance(number, int):
        raise NoPlaceError(
            "this run was not started for a pull request (no pull_request in the event, none in GITHUB_REF)"
        )
    head = event.get("head")
    build = _actions_build(env, str(head.get("sha", "")) if isinstance(head, dict) else "")
    token = _token(env, "GITHUB_TOKEN", "env: {GITHUB_TOKEN: ${{ github.token }}}")
    return GitHub(_actions_repository(env), _actions_graphql(env), number, build, token)


def _actions_repository(env: Mapping[str, str]) -> str:
    return f"{_https(env, 'GITHUB_API_URL').rstrip('/')}/repos/{_repository(_need(env, 'GITHUB_REPOSITORY'))}"


def _actions_graphql(env: Mapping[str, str]) -> str:
    if env.get("GITHUB_GRAPHQL_URL"):
        return _https(env, "GITHUB_GRAPHQL_URL")
    return f"{_https(env, 'GITHUB_API_URL').rstrip('/')}/graphql"


def _actions_build(env: Mapping[str, str], commit: str) -> Build:
    run = _number(env, "GITHUB_RUN_ID")
    name = _repository(_need(env, "GITHUB_REPOSITORY"))
    link = f"{_https(env, 'GITHUB_SERVER_URL').rstrip('/')}/{name}/actions/runs/{run}"
    root = env.get("GITHUB_WORKSPACE", "")
    return Build(run, link, _commit(commit), root, _within(root))


def repository_folder(env: Mapping[str, str]) -> str:
    """Where in the checked out repository this runs; empty for its root, and outside of a pipeline."""
    return _within(env.get("GITHUB_WORKSPACE") or env.get("BUILD_SOURCESDIRECTORY") or "")


def _within(root: str) -> str:
    here = Path.cwd()
    inside = bool(root) and here.is_relative_to(root) and here != Path(root)
    return here.relative_to(root).as_posix() if inside else ""


def _event(path: str) -> dict[str, object]:
    """The pull request of the event that started the run; empty if it is of none, or cannot be read."""
    try:
        if not path or not Path(path).is_file():
            return {}
        with Path(path).open("rb") as file:
            raw = file.read(_LARGEST_EVENT + 1)
        event: object = json.loads(raw.decode()) if len(raw) <= _LARGEST_EVENT else {}
    except (OSError, ValueError, RecursionError):
        return {}
    pull = event.get("pull_request") if isinstance(event, dict) else None
    return pull if isinstance(pull, dict) else {}


def _need(env: Mapping[str, str], name: str) -> str:
    if not env.get(name):
        raise NoPlaceError(f"{name} is not set, as every run of a pipeline has it")
    return env[name]


def _number(env: Mapping[str, str], name: str) -> int:
    text = _need(env, name)
    if not _NUMBER.fullmatch(text):
        raise NoPlaceError(f"{name}: expected a number")
    return int(text)


def _https(env: Mapping[str, str], name: str) -> str:
    url = _need(env, name)
    if not is_address(url):
        raise NoPlaceError(f"{name}: expected an https:// address: the job's token is sent over nothing else")
    return url


def _repository(name: str) -> str:
    return quote(name, safe="/")


def _commit(text: str) -> str:
    return text if _COMMIT.fullmatch(text) else ""


def _token(env: Mapping[str, str], name: str, fix: str) -> Token:
    text = env.get(name, "").strip()  # a file's last line ends in a line feed
    if not text:
        raise NoPlaceError(f"{name} is not set: hand the step its token ({fix})")
    return Token(text)
