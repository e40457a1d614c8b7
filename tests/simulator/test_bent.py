"""An estate with members that are null or left out is served as it is, never with a 500."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

import pytest

from mzaudit.simulator import Estate, serve
from mzaudit.simulator.http_messages import HttpRequest, Json
from mzaudit.simulator.server import Request, _answer
from mzaudit.simulator.services.entra import token
from tests.azure.estates import take
from tests.documented_estate import build

Alter = Callable[[Json], None]


@pytest.fixture(scope="module")
def asked() -> Iterator[list[Request]]:
    """What one audit asks for."""
    with serve(build("compliant")) as sim:
        take(sim)
        yield [each for each in sim.requests if not each.host.startswith("login.")]


def call(estate: Estate, request: Request) -> HttpRequest:
    """The request as the auditor sends it."""
    audience = "https://management.azure.com/"
    if request.host.endswith(".vault.azure.net"):
        audience = "https://vault.azure.net"
    if request.host.endswith(".azurecr.io"):
        audience = f"{request.host}/access"
    query = {name.casefold(): value for name, value in parse_qsl(request.query, keep_blank_values=True)}
    bearer = {"authorization": f"Bearer {token(estate, estate.auditor, audience)}"}
    return HttpRequest(request.method, request.host, request.path, query, bearer, b"")


def each(estate: Estate) -> list[Json]:
    """Every body that the estate holds."""
    kept = (*estate.role_assignments, *estate.role_schedules, *estate.role_eligibilities)
    denies = estate.deny_assignments or [dict(estate.role_assignments[0], properties={"scope": "/"})]
    estate.deny_assignments[:] = denies
    return [*estate.resources.values(), *estate.role_definitions.values(), *kept, *denies]


# What leads to a thing: without it there is nothing to ask.
_WAY = {"vaultUri", "loginServer", "fullyQualifiedDomainName", "scope", "principalId", "roleDefinitionId"}


def bare(properties: Json) -> None:
    for name in properties.keys() - _WAY:
        del properties[name]


def null(name: str) -> Alter:
    return lambda properties: properties.update({name: None})


def left_out(name: str) -> Alter:
    def alter(properties: Json) -> None:
        properties.pop(name, None)

    return alter


def empty_blocks(properties: Json) -> None:
    if properties.get("permissions"):
        properties["permissions"] = [*properties["permissions"], {"actions": None}, {}]


MEMBERS: tuple[str, ...] = (
    "permissions",
    "principals",
    "excludePrincipals",
    "assignableScopes",
    "doNotApplyToChildScopes",
    "policies",
)
MEMBERS += ("networkRuleSet", "networkAcls", "accessPolicies", "publicNetworkAccess", "keyVaultReferenceIdentity")
MEMBERS += ("administrators", "linuxFxVersion", "alwaysOn", "state", "condition", "principalType", "roleName")
BENDS: dict[str, Alter] = {
    **{f"{name} null": null(name) for name in MEMBERS},
    **{f"{name} left out": left_out(name) for name in MEMBERS},
    "a permission without notActions": empty_blocks,
    "everything left out but the way to it": bare,
}


@pytest.mark.parametrize("case", BENDS)
def test_it_is_served_as_it_is(case: str, asked: list[Request]) -> None:
    estate = build("compliant")
    for body in each(estate):
        if body.get("properties"):
            BENDS[case](body["properties"])
    answers = {_answer(estate, call(estate, request)).status for request in asked}
    assert answers <= {200, 204, 400, 401, 403, 404}


def test_an_id_with_a_slash_at_its_end_is_found() -> None:
    estate = build("compliant")
    body = next(iter(estate.resources.values()))
    estate.add(body | {"id": f"{body['id']}/"})
    assert estate.resource(str(body["id"]))["id"] == f"{body['id']}/"
    assert estate.resource(f"{body['id']}/") is estate.resource(str(body["id"]))


def test_what_is_asked_is_answered_as_built(asked: list[Request]) -> None:
    """Else nothing above would be asked of what is behind the rights."""
    estate = build("compliant")
    statuses = [_answer(estate, call(estate, request)).status for request in asked]
    assert statuses.count(200) > len(asked) * 0.8
