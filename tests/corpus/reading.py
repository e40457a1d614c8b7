"""Serves one recorded response on the simulated wire and lets the product's own reader read it, through the SDK."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.keyvault.secrets._shared import http_challenge_cache  # the SDK offers no other way to forget

from docs.operations import held_against, nameless
from mzaudit import kinds
from mzaudit.azure import discovery
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers import (
    authorization_reader,
    changes_reader,
    insights_reader,
    keyvault_reader,
    registry_reader,
    sql_reader,
    storage_reader,
    web_reader,
)
from mzaudit.azure.readers.alerts_reader import AlertBody, alert
from mzaudit.azure.readers.dashboards_reader import DashboardBody, workbook
from mzaudit.azure.readers.list_index import Inventory
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.readers.wire_models import Resource
from mzaudit.azure.scope import DatabaseScope, ResourceScope, ServerScope, VaultScope
from mzaudit.kinds import KINDS, Kind
from mzaudit.simulator import Fault, Simulator, StatusFault, serve
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.sql import SqlServer
from mzaudit.snapshot.text.ids import key
from tests.azure.estates import read_with
from tests.documented_estate import build

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
VAULT, REGISTRY = "kv-mz-cloud-prd.vault.azure.net", "acrmonozu.azurecr.io"
VAULT_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-prd"
REGISTRY_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/acrmonozu"
_APP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app"
# the recorded length and framing are those of another body
_FRAMING = ("content-length", "content-encoding", "transfer-encoding", "connection", "content-type", "vary")

Facet = Observed[Any] | Gap | Listing[Any] | None
Read = Callable[[ReadContext, re.Match[str]], Awaitable[Facet]]


@dataclass(frozen=True)
class Recorded:
    """One response as recorded; `path` is the decoded path that was asked for."""

    name: str
    method: str
    host: str
    path: str
    status: int
    headers: Mapping[str, Any]
    body: Any

    @property
    def json(self) -> dict[str, Any]:
        """The body, where it is an object."""
        assert isinstance(self.body, dict), self.name
        return self.body


def recorded(name: str) -> Recorded:
    """One file of the corpus; a vault and a registry of the simulated estate stand for the recorded ones."""
    text = (CORPUS / f"{name}.json").read_text()
    told = name.startswith("keyvault-mgmt/")  # where a vault tells its own, which is its name
    text = text if told else re.sub(r"[a-z0-9-]+\.vault\.azure\.net", VAULT, text)
    text = re.sub(r"[a-z0-9_]+\.azurecr\.io", REGISTRY, text) if name.startswith("acr/dataplane") else text
    return parsed(name, json.loads(text))


def parsed(name: str, said: Mapping[str, Any]) -> Recorded:
    """A response from what a file says of it."""
    url = urlsplit(said["request"]["url"])
    response = said["response"]
    host, path = url.netloc or "management.azure.com", unquote(url.path).replace("//", "/")
    if name.startswith(("keyvault-data/", "quoted/kv_")):
        host = VAULT
    return Recorded(
        name, said["request"]["method"], host, path, response["status"], response["headers"], response["body"]
    )


def sent_as(what: Recorded) -> Recorded | None:
    """The recording as an answer to an operation that mzaudit sends; None if it can be none.

    A rule that was read by itself is one of a list, roles and their assignments are those of the subscription, and what
    refuses any operation refuses to tell of an app.
    """
    if _is_sent(what):
        return what
    role = _ROLES.fullmatch(what.path)
    if role is not None and what.status == 200:
        list_ = f"{role['subscription']}{role['kind']}"
        told = what.json if role["name"] is None else {"value": [what.json]}
        alone = role["name"] is not None and role["kind"].endswith("/roleDefinitions")
        return replace(what, path=f"{role['kind']}/{role['name']}") if alone else replace(what, path=list_, body=told)
    rules = _ONE_RULE.fullmatch(what.path)
    if rules is not None and what.status == 200:
        return replace(what, path=rules[1], body={"value": [what.json]})
    if what.status != 200:
        return replace(what, method="GET", host="management.azure.com", path=_APP)
    return None


def _is_sent(what: Recorded) -> bool:
    sent = {each.casefold() for each in held_against()}
    return nameless(what.method, what.host, what.path).casefold() in sent


def names() -> list[str]:
    """Every recorded response, by folder and file; none without the corpus."""
    return sorted(str(path.relative_to(CORPUS).with_suffix("")) for path in CORPUS.glob("**/*.json"))


async def _slots(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await web_reader.site(run, match[1], lambda _: None, nullcontext())).slots


async def _vault(run: ReadContext, match: re.Match[str]) -> Facet:
    async def nothing() -> Listing[str]:
        return Listing()

    return (await keyvault_reader.vault(run, VaultScope(match[1]), nothing, values=False)).properties


async def _value(run: ReadContext, match: re.Match[str]) -> Facet:
    async def nothing() -> Listing[str]:
        return Listing()

    scope = VaultScope(VAULT_ID, (match[1],))
    return (await keyvault_reader.vault(run, scope, nothing, values=True)).values[match[1].casefold()]


async def _tags(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await registry_reader.registry(run, ResourceScope(REGISTRY_ID, (match[1],)))).tags[match[1]]


def _site(facet: str) -> Read:
    async def read(run: ReadContext, match: re.Match[str]) -> Facet:
        seen: Facet = getattr(await web_reader.site(run, match[1], lambda _: None, nullcontext()), facet)
        return seen

    return read


def _access(facet: str) -> Read:
    async def read(run: ReadContext, match: re.Match[str]) -> Facet:
        seen: Facet = getattr(await authorization_reader.first(run, match[1], {}), facet)
        return seen

    return read


async def _seen_server(run: ReadContext, scope: ServerScope) -> SqlServer:
    alone = asyncio.create_task(_alone())
    return await sql_reader.server(run, scope, asyncio.create_task(sql_reader.reached(run, scope)), alone)


async def _alone() -> sql_reader.Neighbours:
    return sql_reader.Neighbours({}, None)


async def _entra_only(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await _seen_server(run, ServerScope(match[1]))).entra_only


async def _server(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await sql_reader.reached(run, ServerScope(match[1]))).exists


async def _database(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await sql_reader.reached(run, ServerScope(match[1], (DatabaseScope(match[2]),)))).lookups[
        match[2].casefold()
    ]


async def _account(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await storage_reader.account(run, ResourceScope(match[1]))).properties


async def _container(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await storage_reader.account(run, ResourceScope(match[1], (match[2],)))).containers[match[2].casefold()]


async def _component(run: ReadContext, match: re.Match[str]) -> Facet:
    watching = asyncio.create_task(insights_reader.watchers(run, "s"))
    return (await insights_reader.component(run, match[1], watching)).properties


def _kind(of: str) -> Kind:
    return next(each for each in KINDS if each.type.casefold() == of.casefold())


def _rules(wire: type[Resource], build: Callable[[Any], Any]) -> Read:
    """Alert rules or workbooks, as a subscription or a resource group lists them."""

    async def read(run: ReadContext, match: re.Match[str]) -> Facet:
        return await run.list(Call(match[0], _kind(match[1]), "", match[0]), wire, build)

    return read


async def _role(run: ReadContext, match: re.Match[str]) -> Facet:
    found = await authorization_reader._by_id(run, "s", match[1], match[0])
    return found if isinstance(found, Gap) else Observed(found.permissions)


async def _token(run: ReadContext, match: re.Match[str]) -> Facet:
    """What a registry's token opens."""
    return (await registry_reader.registry(run, ResourceScope(REGISTRY_ID, ("any",)))).tags["any"]


def _many(read: Read | None) -> Read:
    """A list in the place of many reads: each thing that it holds by its own reader, of which nothing else is told."""

    async def listed(run: ReadContext, match: re.Match[str]) -> Facet:
        call = Call(match[0], _kind(match[1]), "", match[0])
        held = await run.list(call, discovery._Listed, lambda body: body.id)
        if read is None:
            return held
        run.inventory = Inventory(run, {key(call.target): call})
        ids = (re.sub(re.escape(match[1]), match[1], each, flags=re.IGNORECASE) for each in held.items)
        told = [await read(run, found) for found in map(_THING.fullmatch, ids) if found is not None]
        values = tuple(each.value for each in told if isinstance(each, Observed))
        return Listing(values, held.gap or next((each for each in told if isinstance(each, Gap)), None))

    return listed


async def _activity(run: ReadContext, match: re.Match[str]) -> Facet:
    call = Call(match[0], kinds.EVENT, "", match[0])
    return await run.list(call, changes_reader._Event, changes_reader._happened)  # the only reader of an event


async def _registry(run: ReadContext, match: re.Match[str]) -> Facet:
    return (await registry_reader.registry(run, ResourceScope(match[1]))).properties


_ROLES = re.compile(
    r"(?P<subscription>/subscriptions/[^/]+).*(?P<kind>/providers/Microsoft\.Authorization/role(?:Assignments|Definitions))"
    r"(?:/(?P<name>[^/]+))?"
)
_ONE_RULE = re.compile(
    r"(.*/(?:metricAlerts|scheduledQueryRules|activityLogAlerts|smartDetectorAlertRules|workbooks))/[^/]+",
    re.IGNORECASE,
)
_THING = re.compile(r"(.+)")
_SITE = r"(.*/Microsoft\.Web/sites/[^/]+(?:/slots/[^/]+)?)"
READERS: Mapping[str, Read] = {
    rf"{_SITE}": _site("properties"),
    rf"{_SITE}/config/web": _site("config"),
    rf"{_SITE}/config/appsettings/list": _site("settings"),
    rf"{_SITE}/config/connectionstrings/list": _site("connection_strings"),
    rf"{_SITE}/config/azurestorageaccounts/list": _site("mounts"),
    r"(.*/Microsoft\.Web/sites/[^/]+)/config/configreferences/appsettings": _site("references"),
    r"(.*/Microsoft\.Web/sites/[^/]+)/slots": _slots,
    r"(.*/Microsoft\.Web/serverfarms/[^/]+)": lambda run, match: web_reader.plan(run, match[1]),
    r"(.*/Microsoft\.KeyVault/vaults/[^/]+)": _vault,
    r"/secrets/([^/]+)(?:/[^/]*)?": _value,
    r"(.*/Microsoft\.ContainerRegistry/registries/[^/]+)": _registry,
    r"/acr/v1/([^?]+)/_tags": _tags,
    r"/subscriptions/([^/]+)/providers/Microsoft\.Authorization/roleAssignments": _access("assignments"),
    r"/subscriptions/([^/]+)/providers/Microsoft\.Authorization/roleDefinitions": _access("roles"),
    r"/subscriptions/([^/]+)/providers/Microsoft\.Authorization/denyAssignments": _access("denies"),
    r"/providers/Microsoft\.Authorization/roleDefinitions/([^/]+)": _role,
    r"/oauth2/token": _token,
    r".*/providers/(Microsoft\.Web/sites)": _many(_site("properties")),
    r".*/providers/(Microsoft\.Web/serverfarms)": _many(lambda run, match: web_reader.plan(run, match[1])),
    r".*/providers/(Microsoft\.KeyVault/vaults)": _many(_vault),
    r".*/providers/(Microsoft\.Insights/components)": _many(_component),
    r".*/providers/(Microsoft\.ContainerRegistry/registries)": _many(None),
    r"(.*/Microsoft\.Sql/servers/[^/]+)": _server,
    r"(.*/Microsoft\.Sql/servers/[^/]+)/databases/([^/]+)": _database,
    r"(.*/Microsoft\.Sql/servers/[^/]+)/azureADOnlyAuthentications/Default": _entra_only,
    r"(.*/Microsoft\.Storage/storageAccounts/[^/]+)": _account,
    r"(.*/Microsoft\.Storage/storageAccounts/[^/]+)/blobServices/default/containers/([^/]+)": _container,
    r"(.*/Microsoft\.Insights/components/[^/]+)": _component,
    r".*/(Microsoft\.Insights/(?:metricAlerts|scheduledQueryRules|activityLogAlerts))": _rules(AlertBody, alert),
    r".*/(Microsoft\.AlertsManagement/smartDetectorAlertRules)": _rules(AlertBody, alert),
    r".*/(Microsoft\.Insights/workbooks)": _rules(DashboardBody, workbook),
    r"(.*/Microsoft\.Insights/eventtypes/management/values)": _activity,
}


def reader(path: str) -> tuple[Read, re.Match[str]]:
    """The product's reader of a path."""
    matches = ((read, re.fullmatch(pattern, path, re.IGNORECASE)) for pattern, read in READERS.items())
    return next((read, match) for read, match in matches if match is not None)


class Wireside:
    """A simulated Azure that answers what it is told to."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim

    def read(self, what: Recorded) -> Facet:
        """What the product's reader makes of a response."""
        sent = sent_as(what)
        assert sent is not None, what.name
        read, match = reader(sent.path)
        return self._run(_serving(sent), lambda run: read(run, match))

    def pages(self, *recordings: Recorded) -> Listing[Any]:
        """What the product's reader of lists makes of these pages, whatever their links say."""
        answers = [StatusFault(200, each.json) for each in recordings]
        faults = [Fault(r"https://management\.azure\.com/", each, nth) for nth, each in enumerate(answers, 1)]

        async def read(run: ReadContext) -> Facet:
            call = Call(recordings[0].path, kinds.DASHBOARD, "", "")
            return await run.list(call, discovery._Listed, lambda item: item)

        listing = self._run(faults, read)
        assert isinstance(listing, Listing)
        return listing

    def _run(self, faults: list[Fault], read: Callable[[ReadContext], Awaitable[Facet]]) -> Facet:
        http_challenge_cache.clear()  # a recorded challenge names another tenant
        self._sim.faults[:] = faults
        try:
            return read_with(self._sim, read)
        finally:
            self._sim.faults.clear()


def _serving(what: Recorded) -> list[Fault]:
    """The response for its own path; pages after it are empty, and all beside it but a registry's token is refused."""
    headers = {
        name: ", ".join(value) if isinstance(value, list) else str(value)
        for name, value in what.headers.items()
        if name.casefold() not in _FRAMING
    }
    html = isinstance(what.body, str) and what.body.lstrip().startswith("<")
    headers["Content-Type"] = "text/html" if html else "application/json"
    text = what.body if isinstance(what.body, str) else json.dumps(what.body)
    path = re.escape(what.path).replace("/", "(?:/|%2F)")
    if re.fullmatch(r"/secrets/[^/]+/.*", what.path):
        path = re.escape(what.path.rsplit("/", 1)[0])
    here = f"https://{what.host if what.host in (VAULT, REGISTRY) else 'management.azure.com'}{path}$"
    own = StatusFault(what.status, text, headers)
    loginserver = {"loginServer": REGISTRY}
    return [
        Fault(here, own, query=r"^(?!.*skiptoken)"),
        Fault(here, StatusFault(200, {"value": []})),
        Fault(r"https://acrmonozu\.azurecr\.io/acr/v1/any/_tags", StatusFault(200, {"imageName": "any", "tags": []})),
        Fault(
            r"https://acrmonozu\.azurecr\.io/oauth2/", StatusFault(200, {"refresh_token": "any", "access_token": "any"})
        ),
        Fault(
            r"registries/acrmonozu$",
            StatusFault(200, {"id": REGISTRY_ID, "name": "acrmonozu", "properties": loginserver}),
        ),
        Fault(r"https://management\.azure\.com/", StatusFault(403)),
    ]


@contextmanager
def wireside() -> Iterator[Wireside]:
    """Serve while the block runs."""
    with serve(build("compliant")) as sim:
        yield Wireside(sim)
