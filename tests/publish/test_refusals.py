"""What can be refused, by whom, and how it is told: the cause and the cure, no token, and the gate's own exit code."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path

import pytest
import trustme

from mzaudit.cli import publishing
from mzaudit.engine.results import Report
from mzaudit.publish.publish_comment import PublishResult
from tests.publish.conftest import DOUBTFUL, GREEN, RED, Pull
from tests.publish.services import ADO_TOKEN, GITHUB_TOKEN, HEAD, SIGN_IN, Fault

# A fault at every request, and what the line on stderr names for Azure DevOps and for GitHub.
REFUSALS: dict[str, tuple[Fault, str, str]] = {
    "wrong token": (Fault(".", status=401), r"SYSTEM_ACCESSTOKEN: \$\(System.AccessToken\)", r"github\.token"),
    "sign-in page, 203": (Fault(".", status=203, body=SIGN_IN), "a page to sign in on", "did not take GITHUB_TOKEN"),
    "sign-in page, 200": (Fault(".", status=200, body=SIGN_IN), "a page to sign in on", "did not take GITHUB_TOKEN"),
    "redirect": (
        Fault(".", status=302, headers={"Location": "https://evil.example/"}),
        "a page to sign in on",
        "no redirect",
    ),
    "no permission": (
        Fault(".", status=403, body='{"message": "TF401027: You need the Git \'PullRequestContribute\' permission"}'),
        "`Contribute to pull requests`",
        "pull-requests: write",
    ),
    "not visible": (Fault(".", status=404), "does not see this pull request", "does not see this pull request"),
    "too many requests": (
        Fault(".", status=429, headers={"Retry-After": "3600"}),
        "again in 3600 s",
        "again in 3600 s",
    ),
    "secondary rate limit": (
        Fault(".", status=403, body='{"message": "You have exceeded a secondary rate limit."}'),
        "Contribute",
        "rate limit is used up",
    ),
    "primary rate limit": (
        Fault(".", status=403, headers={"x-ratelimit-remaining": "0"}),
        "Contribute",
        "rate limit is used up",
    ),
    "the service fails": (Fault(".", status=500), r"failed \(HTTP 500\)", r"failed \(HTTP 500\)"),
    "the connection breaks": (Fault(".", "drop"), "the connection broke", "the connection broke"),
    "not its shape": (Fault(".", status=200, body="[1]"), "other than it documents", "other than it documents"),
    "cut short": (Fault(".", status=200, body='{"value": ['), "cut short", "cut short"),
    "locked": (
        Fault(".", status=403, body='{"message": "Unable to create comment because issue is locked."}'),
        "Contribute",
        "the conversation is locked",
    ),
    "archived": (
        Fault(".", status=403, body='{"message": "Repository was archived so is read-only."}'),
        "Contribute",
        "the repository is archived",
    ),
    "not accepted": (Fault(".", status=422), r"HTTP 422", "the head commit is gone"),
    "gone": (Fault(".", status=410), "HTTP 410", "it was deleted, or issues are turned off"),
    "too many requests, until a date": (
        Fault(
            ".",
            status=429,
            headers={"Retry-After": "Tue, 03 Mar 2026 10:00:00 GMT", "Date": "Tue, 03 Mar 2026 09:58:30 GMT"},
        ),
        "again in 90 s",
        "again in 90 s",
    ),
    "too many requests, until a date that is none": (
        Fault(".", status=429, headers={"Retry-After": "tomorrow"}),
        "again later",
        "again later",
    ),
}
GATES: dict[str, tuple[Report, int]] = {"green": (GREEN, 0), "red": (RED, 1), "incomplete": (DOUBTFUL, 3)}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_told_with_its_cure_and_changes_no_gate(case: str, pull: Pull) -> None:
    fault, azure, github = REFUSALS[case]
    fault.times = 10_000
    pull.services.faults.append(fault)
    for about, code in GATES.values():
        outcome = pull.tell(about)
        assert outcome.code == code, outcome.err
        for what in ("comment", "status"):
            (line,) = re.findall(rf"mzaudit: {what} not written: (.+)", outcome.err)
            assert re.search(azure if pull.name == "azure-devops" else github, line), line
        assert pull.tell(about, "--require-comment").code == (code or 4)
        assert ADO_TOKEN not in outcome.err + outcome.out
        assert GITHUB_TOKEN not in outcome.err + outcome.out
    assert pull.comments() == []
    pull.services.faults.clear()


def test_the_token_goes_to_its_own_service_and_no_further(pull: Pull) -> None:
    pull.services.faults.append(Fault(".", status=302, headers={"Location": "https://evil.example/"}, times=99))
    pull.tell(RED)
    own = "dev.azure.com" if pull.name == "azure-devops" else "api.github.com"
    assert {exchange.host for exchange in pull.services.exchanges} == {own}


@pytest.mark.parametrize("request_", ["look", "create", "edit", "status"])
def test_a_passing_failure_is_waited_for(request_: str, pull: Pull) -> None:
    if request_ == "edit":
        pull.tell(GREEN, run=1)
    pattern = str(getattr(pull, request_))
    limited = Fault(pattern, status=429, headers={"Retry-After": "0"})
    pull.services.faults += [limited, Fault(pattern, status=503), Fault(pattern, "drop")]
    outcome = pull.tell(RED, run=2)
    assert "not written" not in outcome.err, outcome.err
    assert len(pull.comments()) == 1
    assert not any(fault.times for fault in pull.services.faults)


@pytest.mark.parametrize("what", ["comment", "status"])
def test_what_one_of_them_meets_does_not_stop_the_other(what: str, pull: Pull) -> None:
    pattern = pull.create if what == "comment" else pull.status
    pull.services.faults.append(Fault(pattern, status=403, times=99))
    outcome = pull.tell(GREEN)
    assert f"{what} not written" in outcome.err
    assert (len(pull.comments()), len(pull.states())) == ((0, 1) if what == "comment" else (1, 0))
    assert outcome.code == 0
    assert pull.tell(GREEN, "--require-comment").code == 4


# A variable that is missing or wrong in Azure Pipelines and in GitHub Actions, and the words of the line.
VARIABLES: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "no token": ({"SYSTEM_ACCESSTOKEN": ""}, {"GITHUB_TOKEN": ""}, "hand the step its token"),
    "no pull request": (
        {"BUILD_REASON": "Schedule"},
        {"GITHUB_EVENT_PATH": "", "GITHUB_REF": "refs/heads/main"},
        "not started for a pull request",
    ),
    "no pipeline": ({"TF_BUILD": ""}, {"GITHUB_ACTIONS": ""}, "no pipeline was found"),
    "an event that never ends": (
        {"BUILD_REASON": "Schedule"},
        {"GITHUB_EVENT_PATH": "/dev/zero", "GITHUB_REF": "refs/heads/main"},
        "not started for a pull request",
    ),
    "no number": (
        {"SYSTEM_PULLREQUEST_PULLREQUESTID": "x"},
        {"GITHUB_EVENT_PATH": "", "GITHUB_REF": "refs/pull/x/merge"},
        "expected a number|not started for a pull request",
    ),
    "a number without end": (
        {"SYSTEM_PULLREQUEST_PULLREQUESTID": "9" * 5_000},
        {"GITHUB_EVENT_PATH": "", "GITHUB_REF": f"refs/pull/{'9' * 5_000}/merge"},
        "expected a number|not started for a pull request",
    ),
    "an address that is half one": (
        {"SYSTEM_COLLECTIONURI": "https://[::1"},
        {"GITHUB_API_URL": "https://[::1"},
        "expected an https:// address",
    ),
    "an address without a host": (
        {"SYSTEM_COLLECTIONURI": "https://.fabrikam.example/"},
        {"GITHUB_GRAPHQL_URL": "https:///graphql"},
        "expected an https:// address",
    ),
    "an address with a user name": (
        {"SYSTEM_COLLECTIONURI": "https://dev.azure.com@evil.example/"},
        {"GITHUB_API_URL": "https://api.github.com\\@evil.example/"},
        "expected an https:// address",
    ),
    "not over HTTPS": (
        {"SYSTEM_COLLECTIONURI": "http://dev.azure.com/fabrikam/"},
        {"GITHUB_API_URL": "http://api.github.com"},
        "sent over nothing else",
    ),
    "the other API not over HTTPS": (
        {"SYSTEM_COLLECTIONURI": "ftp://dev.azure.com/fabrikam/"},
        {"GITHUB_GRAPHQL_URL": "http://api.github.com/graphql"},
        "sent over nothing else",
    ),
    "another provider": (
        {"BUILD_REPOSITORY_PROVIDER": "Bitbucket"},
        {"GITHUB_REPOSITORY": ""},
        "Bitbucket|GITHUB_REPOSITORY is not set",
    ),
    "a proxy that is none": ({"HTTPS_PROXY": "ftp://x"}, {"HTTPS_PROXY": "ftp://x"}, "HTTPS_PROXY"),
    "half a proxy": ({"HTTPS_PROXY": "http://[::1"}, {"HTTPS_PROXY": "http://[::1"}, "HTTPS_PROXY"),
    "a proxy that is not there": (
        {"HTTPS_PROXY": "http://127.0.0.1:9"},
        {"HTTPS_PROXY": "http://127.0.0.1:9"},
        "check HTTPS_PROXY",
    ),
    "authorities that are none": ({"SSL_CERT_FILE": "/dev/null"}, {"SSL_CERT_FILE": "/dev/null"}, "certificates"),
}


def test_what_openssl_says_of_a_certificate_reaches_the_person(pull: Pull, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "another.pem")
    pull.patch.setenv("SSL_CERT_FILE", str(tmp_path / "another.pem"))
    host = "dev.azure.com" if pull.name == "azure-devops" else "api.github.com"
    said = pull.tell(GREEN).err
    assert f"could not be asked: the certificate of {host} is not accepted (OpenSSL: " in said
    assert "in SSL_CERT_FILE" in said


@pytest.mark.parametrize("case", VARIABLES)
def test_an_environment_that_leads_nowhere_says_what_is_missing(case: str, pull: Pull) -> None:
    azure, github, words = VARIABLES[case]
    changes = azure if pull.name == "azure-devops" else github
    for name, value in changes.items():
        pull.patch.setenv(name, value)
    for about, code in GATES.values():
        outcome = pull.tell(about)
        assert outcome.code == code
        assert re.search(words, outcome.err), outcome.err
        assert pull.tell(about, "--require-comment").code == (code or 4)
    assert pull.services.exchanges == []


@pytest.mark.parametrize("pull", ["github"], indirect=True)
@pytest.mark.parametrize("size", ["utf-16", "large"])
def test_an_event_that_github_would_not_write(size: str, pull: Pull) -> None:
    """It is UTF-8, and of at most 25 MB as a webhook's payload is."""
    event = pull.folder / "event.json"
    text = event.read_text()
    event.write_bytes(text.encode("utf-16") if size == "utf-16" else f"{text}{' ' * 25_000_000}".encode())
    pull.patch.setenv("GITHUB_REF", "refs/heads/main")
    assert "not started for a pull request" in pull.tell(GREEN).err
    assert pull.services.exchanges == []


def test_untrusted_authorities(pull: Pull) -> None:
    pull.patch.delenv("SSL_CERT_FILE")
    outcome = pull.tell(GREEN)
    assert outcome.code == 0
    assert "SSL_CERT_FILE" in outcome.err


def test_a_head_that_is_not_known_sets_no_status(pull: Pull) -> None:
    pull.patch.setenv("SYSTEM_PULLREQUEST_SOURCECOMMITID", "1" * 40)
    (pull.folder / "event.json").write_text(json.dumps({"pull_request": {"number": 17}}))
    outcome = pull.tell(GREEN)
    assert "status not written" in outcome.err
    assert len(pull.comments()) == 1
    assert pull.states() == []


@pytest.mark.parametrize("pull", ["github"], indirect=True)
def test_a_repository_on_github_that_azure_pipelines_builds(pull: Pull) -> None:
    pull.patch.delenv("GITHUB_ACTIONS")
    for name, value in {
        "TF_BUILD": "True",
        "BUILD_REASON": "PullRequest",
        "BUILD_REPOSITORY_PROVIDER": "GitHub",
        "BUILD_REPOSITORY_NAME": "fabrikam/infra",
        "SYSTEM_COLLECTIONURI": "https://dev.azure.com/fabrikam/",
        "SYSTEM_TEAMPROJECT": "Fabrikam Fiber",
        "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "17",
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
    }.items():
        pull.patch.setenv(name, value)
    assert pull.tell(RED).code == 1
    assert len(pull.comments()) == 1
    assert pull.services.github_statuses[0]["sha"] == HEAD
    assert "_build/results?buildId=4321" in pull.comments()[0]


def test_a_report_that_is_not_there_is_a_usage_error(pull: Pull) -> None:
    outcome = pull.run_command("comment", "nothing.json")
    assert outcome.code == 2
    assert "nothing.json: cannot be read" in outcome.err
    assert pull.services.exchanges == []


def test_a_defect_in_telling_turns_no_gate(pull: Pull) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(ADO_TOKEN)

    pull.patch.setattr("mzaudit.publish.publish_comment.marker", broken)
    outcome = pull.tell(GREEN)
    assert outcome.code == 0
    assert "internal error: RuntimeError" in outcome.err
    assert ADO_TOKEN not in outcome.err


def test_a_look_up_that_hangs_does_not_keep_the_step(pull: Pull) -> None:
    over = threading.Event()
    ended: list[bool] = []

    def look_up() -> None:
        ended.append(over.wait(20))

    def begun(*_: object) -> None:
        asyncio.get_running_loop().run_in_executor(None, look_up)
        raise RuntimeError

    pull.patch.setattr("mzaudit.publish.publish_comment.marker", begun)
    assert pull.tell(GREEN).code == 0
    assert ended == []
    over.set()


def test_an_answer_is_bounded(pull: Pull) -> None:
    pull.patch.setattr("mzaudit.publish.http._LARGEST", 100)
    pull.services.faults.append(Fault(".", status=200, body="[" + " " * 100, times=99))
    outcome = pull.tell(GREEN)
    assert outcome.code == 0
    assert "comment not written: the answer is larger than 16 MiB" in outcome.err


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def for_ever(*_: object) -> PublishResult:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    monkeypatch.setattr(publishing, "_LONGEST", 0.05)
    (said,) = publishing.published(for_ever, "nothing was commented on")
    assert said.startswith("nothing was commented on, or only in part: gave up after ")
