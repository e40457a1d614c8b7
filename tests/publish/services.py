"""Azure DevOps and GitHub (comments, statuses, tickets) and webhooks, on loopback behind a CONNECT proxy.

Shaped after the services' own documents; the tests hold what is sent and answered to their schemas. Imports nothing of
what is tested.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import trustme
from aiohttp import web

from mzaudit.simulator.proxy import Proxy

ADO, GITHUB = "dev.azure.com", "api.github.com"
TEAMS, SLACK, HOOK = "default1f2e.3d.environment.api.powerplatform.com", "hooks.slack.com", "hooks.fabrikam.example"
HOSTS = (ADO, GITHUB, TEAMS, SLACK, HOOK)
REPOSITORY = "3411ebc1-d5aa-464f-9615-0b527bc66719"
ADO_PULL = f"/fabrikam/Fabrikam%20Fiber/_apis/git/repositories/{REPOSITORY}/pullRequests/22"
ADO_WORK = "/fabrikam/Fabrikam%20Fiber/_apis/wit/"
GITHUB_REPOSITORY = "/repos/fabrikam/infra"
STATES = {  # of each type of work item, as the Agile process has them
    "Task": {"New": "Proposed", "Active": "InProgress", "Closed": "Completed", "Removed": "Removed"},
    "Bug": {"New": "Proposed", "Active": "InProgress", "Resolved": "Resolved", "Closed": "Completed"},
    "Note": {"Open": "Proposed"},
}
ADO_TOKEN, GITHUB_TOKEN = "Zk3Qv9xT1mR5pL7wB2dH8sJ4fN6cV0", "ghs_B4nW8yD2sF6hJ0kL3xQ7zR5tM9"
OTHERS_TOKEN = "a-person's-token"
HEAD = "b60280bc6e62e2f880f1b63c1e24987664d3bda3"
SIGN_IN = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"

Kind = Literal["answer", "drop", "hang", "store, then drop", "store, then answer", "store, then hang"]


@dataclass
class Fault:
    """What happens instead, the next `times` that a request's `METHOD path` matches."""

    pattern: str
    kind: Kind = "answer"
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    times: int = 1


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; `status` 0 if the socket was closed instead."""

    method: str
    host: str
    path: str
    headers: dict[str, str]
    sent: Any
    status: int
    answered: Any


@dataclass
class Answer:
    """A status and a JSON value, `None` for none."""

    status: int = 200
    body: Any = None


class Services:
    """Both services, their state, their faults and what they were asked."""

    def __init__(self) -> None:
        self.threads: list[dict[str, Any]] = []
        self.ado_statuses: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.github_statuses: list[dict[str, Any]] = []
        self.work_items: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.told: list[Any] = []
        self.faults: list[Fault] = []
        self.exchanges: list[Exchange] = []
        self.proxy = ""
        self.ca_file = ""
        self.iterations = [{"id": 1, "sourceRefCommit": {"commitId": "0" * 40}}, _iteration(2, HEAD)]

    def written(self) -> list[str]:
        """Every request that was to change something, as `METHOD path`."""
        return [f"{e.method} {e.path}" for e in self.exchanges if e.method != "GET" and e.path != "/graphql"]

    # Azure DevOps

    def ado_identity(self, token: str) -> dict[str, Any] | None:
        """Who a token speaks for."""
        number, name = {ADO_TOKEN: (1, "Fabrikam Build Service"), OTHERS_TOKEN: (2, "Somebody")}.get(token, (0, ""))
        if not number:
            return None
        id_ = f"{number}1113706-4320-4083-9150-925feb93fc22"
        return {"id": id_, "displayName": name, "url": f"https://dev.azure.com/fabrikam/_apis/Identities/{id_}"}

    def start_thread(self, content: str, token: str, status: str = "active") -> dict[str, Any]:
        """A thread as the service stores it."""
        comment = {
            "id": 1,
            "parentCommentId": 0,
            "author": self.ado_identity(token),
            "content": content,
            "commentType": "text",
            "isDeleted": False,
        }
        number = 141 + len(self.threads)
        made = {"id": number, "comments": [comment], "status": status, "properties": {}, "isDeleted": False}
        self.threads.append(made)
        return made

    def reply(self, thread: dict[str, Any], content: str) -> None:
        """A reply of somebody else."""
        thread["comments"].append(
            {
                "id": len(thread["comments"]) + 1,
                "parentCommentId": 1,
                "author": self.ado_identity(OTHERS_TOKEN),
                "content": content,
                "commentType": "text",
                "isDeleted": False,
            }
        )

    def _ado(self, method: str, path: str, query: str, token: str, body: Any) -> Answer:
        me = self.ado_identity(token)
        if me is None:
            return Answer(401)
        if path == "/fabrikam/_apis/connectionData":
            return Answer(200, {"authenticatedUser": me, "authorizedUser": me})
        if path.startswith(ADO_WORK) and "api-version=7.1" in query:
            return self._boards(method, path.removeprefix(ADO_WORK), token, body)
        if "api-version=7.1" not in query or not path.startswith(ADO_PULL + "/"):
            return Answer(404, {"message": "TF400813"})
        match method, *path.removeprefix(ADO_PULL + "/").split("/"):
            case "GET", "threads":
                return Answer(200, {"value": self.threads, "count": len(self.threads)})
            case "GET", "iterations":
                return Answer(200, {"value": self.iterations, "count": len(self.iterations)})
            case "POST", "threads":
                return Answer(200, self.start_thread(body["comments"][0]["content"], token, body["status"]))
            case "PATCH", "threads", number:
                thread = self._thread(number)
                thread["status"] = body["status"]
                return Answer(200, thread)
            case "PATCH" | "DELETE", "threads", number, "comments", comment:
                return self._ado_comment(method, self._thread(number), int(comment), me, body)
            case "POST", "statuses":
                made = {"id": len(self.ado_statuses) + 1, **body, "createdBy": me}
                self.ado_statuses.append(made)
                return Answer(200, made)
            case _:
                return Answer(405, {"message": "The requested resource does not support this method"})

    def make_work_item(self, fields: dict[str, Any], token: str, kind: str = "Task") -> dict[str, Any]:
        """A work item as the service stores it: of HTML without comments and hidden parts."""
        number = 300 + len(self.work_items)
        own = {"System.State": "New", "System.WorkItemType": kind, "System.CreatedBy": self.ado_identity(token)}
        made = {"id": number, "rev": 1, "fields": {**own, **fields}}
        self.work_items.append(made)
        self._clean(made)
        return made

    def _clean(self, item: dict[str, Any]) -> None:
        text = item["fields"].get("System.Description", "")
        item["fields"]["System.Description"] = re.sub(r"(?s)<!--.*?-->|<(\w+) style=[^>]*>.*?</\1>", "", text)

    def _boards(self, method: str, path: str, token: str, body: Any) -> Answer:
        match method, *path.split("/"):
            case "POST", "wiql":
                assert "@project" in body["query"]
                found = [
                    item
                    for item in self.work_items
                    if "mzaudit" in item["fields"].get("System.Tags", "").split("; ")
                    or "mzaudit" in item["fields"].get("System.Title", "")
                ]
                named = [{"id": one["id"], "url": f"https://{ADO}{ADO_WORK}workItems/{one['id']}"} for one in found]
                return Answer(200, {"queryType": "flat", "queryResultType": "workItem", "workItems": named})
            case "POST", "workitemsbatch":
                if len(body["ids"]) > 200:
                    return Answer(400, {"message": "VS402337"})
                items = [item for item in self.work_items if item["id"] in body["ids"]]
                cut = [
                    {**item, "fields": {k: v for k, v in item["fields"].items() if k in body["fields"]}}
                    for item in items
                ]
                return Answer(200, {"count": len(cut), "value": cut})
            case "GET", "workitemtypes", kind, "states" if kind in STATES:
                states = [{"name": name, "category": held, "color": "b2b2b2"} for name, held in STATES[kind].items()]
                return Answer(200, {"count": len(states), "value": states})
            case "POST", "workitems", kind if kind.removeprefix("$") in STATES:
                fields = {one["path"].removeprefix("/fields/"): one["value"] for one in body}
                return Answer(200, self.make_work_item(fields, token, kind.removeprefix("$")))
            case "PATCH", "workitems", number:
                item = next(one for one in self.work_items if one["id"] == int(number))
                for change in body:
                    field = change["path"].removeprefix("/fields/")
                    if field == "System.State" and change["value"] not in STATES[item["fields"]["System.WorkItemType"]]:
                        return Answer(400, {"message": "TF401320: Rule Error for field State"})
                    item["fields"][field] = change["value"]
                self._clean(item)
                return Answer(200, item)
            case _:
                return Answer(404, {"message": "VS402323: Work item type does not exist"})

    def _thread(self, number: str) -> dict[str, Any]:
        return next(thread for thread in self.threads if thread["id"] == int(number))

    def _ado_comment(self, method: str, thread: dict[str, Any], number: int, me: dict[str, Any], body: Any) -> Answer:
        comment = next(one for one in thread["comments"] if one["id"] == number)
        if comment["author"]["id"] != me["id"]:
            return Answer(403, {"message": "TF401027"})
        if comment["isDeleted"]:
            return Answer(404, {"message": "TF401182"})
        if method == "DELETE":
            comment["isDeleted"] = True
            del comment["content"]
            thread["isDeleted"] = all(one["isDeleted"] for one in thread["comments"])
            return Answer(200)
        if len(body["content"]) > 150_000:
            return Answer(400, {"message": "A discussion comment cannot be longer than 150000 characters"})
        comment["content"] = body["content"]
        return Answer(200, comment)

    # GitHub

    def github_login(self, token: str) -> str:
        """Who a token speaks for; empty for none."""
        return {GITHUB_TOKEN: "github-actions[bot]", OTHERS_TOKEN: "somebody"}.get(token, "")

    def write_comment(self, content: str, token: str) -> dict[str, Any]:
        """A comment as the service stores it."""
        number = 1000 + len(self.exchanges) + len(self.comments)
        made = {"id": number, "body": content, "user": {"login": self.github_login(token)}}
        self.comments.append(made)
        return made

    def open_issue(self, body: str, token: str, title: str = "mine", labels: Sequence[str] = ()) -> dict[str, Any]:
        """An issue as the service stores it; it numbers pull requests and issues together."""
        made = {
            "number": 40 + len(self.issues),
            "title": title,
            "body": body,
            "state": "open",
            "labels": [{"name": name} for name in labels],
            "user": {"login": self.github_login(token)},
        }
        self.issues.append(made)
        return made

    def _github(self, method: str, path: str, query: str, token: str, body: Any) -> Answer:
        login = self.github_login(token)
        if not login:
            return Answer(401, {"message": "Bad credentials", "status": "401"})
        if (method, path) == ("POST", "/graphql"):
            return Answer(200, {"data": {"viewer": {"login": login}}})
        match method, *path.removeprefix(GITHUB_REPOSITORY + "/").split("/"):
            case "GET", "issues", "17", "comments":
                size, page = (int(found) for found in re.findall(r"page=(\d+)", query))
                return Answer(200, self.comments[size * (page - 1) : size * page])
            case "POST", "issues", "17", "comments":
                if len(body["body"]) > 65_536:
                    return Answer(422, {"message": "Validation Failed"})
                return Answer(201, self.write_comment(body["body"], token))
            case "PATCH" | "DELETE", "issues", "comments", number:
                comment = next((one for one in self.comments if one["id"] == int(number)), None)
                if comment is None:
                    return Answer(404, {"message": "Not Found"})
                if comment["user"]["login"] != login:
                    return Answer(403, {"message": "Resource not accessible by integration"})
                if method == "DELETE":
                    self.comments.remove(comment)
                    return Answer(204)
                comment["body"] = body["body"]
                return Answer(200, comment)
            case "GET", "issues":
                asked = dict(part.split("=") for part in query.split("&"))
                creator = unquote(asked["creator"])
                found = [one for one in self.issues if one["user"]["login"] == creator and asked["state"] == "all"]
                size, page = int(asked["per_page"]), int(asked["page"])
                return Answer(200, found[size * (page - 1) : size * page])
            case "POST", "issues":
                if len(body["body"]) > 65_536 or len(body["title"]) > 256:
                    return Answer(422, {"message": "Validation Failed"})
                return Answer(201, self.open_issue(body["body"], token, body["title"], body["labels"]))
            case "PATCH", "issues", number:
                issue = next(one for one in self.issues if one["number"] == int(number))
                issue.update({key: body[key] for key in body.keys() & {"body", "state", "state_reason"}})
                return Answer(200, issue)
            case "POST", "statuses", commit:
                made = {"id": len(self.github_statuses) + 1, "sha": commit, **body}
                self.github_statuses.append(made)
                return Answer(201, made)
            case _:
                return Answer(404, {"message": "Not Found"})

    # Webhooks

    def _hook(self, method: str, host: str, path: str, body: Any) -> Answer:
        if method != "POST" or "secret" not in path or (host == TEAMS and "&sp=%2Ftriggers%2F" not in path):
            return Answer(404)  # the signature is over the very spelling
        self.told.append(body)
        return Answer({TEAMS: 202, SLACK: 200, HOOK: 204}[host])

    # The wire

    async def handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        path, _, query = incoming.raw_path.partition("?")
        raw = await incoming.read()
        sent = json.loads(raw) if raw else None
        host = incoming.host.casefold().partition(":")[0]
        token = incoming.headers.get("Authorization", "").removeprefix("Bearer ")
        fault = next((f for f in self.faults if f.times and re.search(f.pattern, f"{incoming.method} {path}")), None)
        answer = Answer()
        if fault is None or fault.kind.startswith("store"):
            answer = self._answer(incoming, host, path, query, token, sent)
        closed = False
        if fault is not None:
            fault.times -= 1
            closed = fault.kind.endswith(("drop", "hang"))
            answer = Answer(0 if closed else fault.status)
        answered = json.loads(json.dumps(answer.body))
        headers = {name.casefold(): value for name, value in incoming.headers.items()}
        self.exchanges.append(Exchange(incoming.method, host, path, headers, sent, answer.status, answered))
        if fault is not None and fault.kind.endswith("hang"):
            await asyncio.sleep(60)  # longer than any client of the tests waits
        if closed:
            if incoming.transport is not None:
                incoming.transport.abort()
            return web.Response()
        if fault is not None:
            kind = "text/html" if fault.body.startswith("<") else "application/json"
            return web.Response(status=fault.status, text=fault.body, headers=fault.headers, content_type=kind)
        if answer.body is None:
            return web.Response(status=answer.status, text="ok" if host == SLACK else None)
        return web.json_response(answer.body, status=answer.status)

    def _answer(self, incoming: web.BaseRequest, host: str, path: str, query: str, token: str, sent: Any) -> Answer:
        kind = incoming.content_type
        patches = host == ADO and path.startswith(f"{ADO_WORK}workitems/")
        if incoming.method in ("POST", "PATCH") and kind != f"application/json{'-patch+json' if patches else ''}":
            return Answer(415, {"message": "VssRequestContentTypeNotSupportedException"})
        if host == ADO:
            return self._ado(incoming.method, path, query, token, sent)
        if host == GITHUB:
            return self._github(incoming.method, path, query, token, sent)
        return self._hook(incoming.method, host, f"{path}?{query}", sent)


def _iteration(number: int, commit: str) -> dict[str, Any]:
    return {"id": number, "sourceRefCommit": {"commitId": commit}}


@contextmanager
def serve(folder: Path) -> Iterator[Services]:
    """Both services, in a thread of their own, while the block runs; any other host is refused by the proxy."""
    services = Services()
    authority = trustme.CA()
    services.ca_file = str(folder / "services-ca.pem")
    authority.cert_pem.write_to_path(services.ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> Callable[[], Any]:
        runner = web.ServerRunner(
            web.Server(services.handle, access_log=None, handler_cancellation=True), shutdown_timeout=0
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        port = int(runner.addresses[0][1])
        proxy = Proxy(lambda host, _: "known" if host in HOSTS else "foreign", port)
        services.proxy = f"http://127.0.0.1:{await proxy.listen()}"

        async def stop() -> None:
            await proxy.close()
            await runner.cleanup()

        return stop

    stop = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield services
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
