"""What is sent to Azure DevOps, and what the simulated one answers, is as its OpenAPI document says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.publish.conftest import GREEN, RED, Pull
from tests.publish.services import ADO_PULL, ADO_TOKEN, Exchange

SPEC = (
    Path(__file__).parents[2].parent / "shared/schemas/azure-devops/git-7.1-pullrequest-threads-statuses.swagger2.json"
)
pytestmark = [
    pytest.mark.skipif(not SPEC.exists(), reason="the OpenAPI document is not beside this checkout"),
    pytest.mark.parametrize("pull", ["azure-devops"], indirect=True),
]
# What the document leaves out (it is a cut of a larger one), or what the service's own examples spell otherwise.
ELSEWHERE = re.compile(r"/_apis/connectionData$|/iterations$")


def test_every_exchange_is_documented(pull: Pull) -> None:
    pull.tell(RED, run=1)
    pull.tell(GREEN, run=2)
    pull.services.start_thread(pull.services.threads[0]["comments"][0]["content"], ADO_TOKEN)
    pull.tell(RED, run=3)
    spec = json.loads(SPEC.read_text())
    looked = [_held(exchange, spec) for exchange in pull.services.exchanges if not ELSEWHERE.search(exchange.path)]
    assert {name for names in looked for name in names} == {
        "Pull Request Threads_List",
        "Pull Request Threads_Create",
        "Pull Request Threads_Update",
        "Pull Request Thread Comments_Update",
        "Pull Request Thread Comments_Delete",
        "Pull Request Statuses_Create",
    }


def _held(exchange: Exchange, spec: dict[str, Any]) -> list[str]:
    """Hold a request and its answer to the operation that their path is of; gives its name."""
    base = "/{organization}/{project}/_apis/git/repositories/{repositoryId}/pullRequests/{pullRequestId}"
    assert exchange.path.startswith(ADO_PULL)
    path = base + exchange.path.removeprefix(ADO_PULL)
    (template,) = [t for t in spec["paths"] if re.fullmatch(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(t)), path)]
    operation = spec["paths"][template][exchange.method.lower()]
    for parameter in operation["parameters"]:
        if parameter.get("in") == "body":
            _valid(exchange.sent, parameter["schema"], spec)
    answer = operation["responses"]["200"].get("schema")
    if answer is not None and answer.get("type") == "array":  # the wire wraps every list
        _valid(exchange.answered["value"], answer, spec)
    elif answer is not None:
        _valid(exchange.answered, answer, spec)
    return [operation["operationId"]]


def _valid(value: object, schema: dict[str, Any], spec: dict[str, Any]) -> None:
    """Valid, and with no field that the definition does not name."""
    jsonschema.Draft4Validator({**schema, "definitions": spec["definitions"]}).validate(value)
    _known(value, schema, spec)


def _known(value: object, schema: dict[str, Any], spec: dict[str, Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _known(item, schema["items"], spec)
    elif isinstance(value, dict):
        fields = _fields(schema, spec)
        assert not fields or value.keys() <= fields.keys(), value.keys() - fields.keys()
        for name, held in value.items():
            if name in fields:
                _known(held, fields[name], spec)


def _fields(schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _fields(spec["definitions"][schema["$ref"].rsplit("/", 1)[1]], spec)
    merged: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        merged |= _fields(part, spec)
    merged |= schema.get("properties", {})
    return merged
