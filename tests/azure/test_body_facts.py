"""What an expression may learn of a body: nothing of what is a secret by its name, its neighbour or its shape."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mzaudit.azure.text.body_facts import fact, without_secrets
from mzaudit.snapshot.resources import FactKind, ResourceFact

SECRET = "Sommer2024!"
BASIC = base64.b64encode(f"user:{SECRET}".encode()).decode()
# The body, and the expression for the text or the number that is a secret in it.
HIDDEN: dict[str, tuple[Any, str]] = {
    "beneath its name": (
        {"parameters": {"adminPassword": {"type": "String", "value": SECRET}}},
        "parameters.*.value | [0]",
    ),
    "deep beneath its name": ({"credentials": {"basic": [{"pass": [SECRET]}]}}, "*.basic[0].pass[0] | [0]"),
    "a number": ({"passcode": 123456}, "passcode"),
    "a pair of key and value": ({"env": [{"key": "LOGIN", "value": SECRET}]}, "env[0].value"),
    "a default value": ({"env": [{"name": "DB_PASSWORD", "defaultValue": SECRET}]}, "env[0].defaultValue"),
    "the values of a header": ({"h": [{"name": "Authorization", "values": [SECRET]}]}, "h[0].values[0]"),
    "a pair of name and val": ({"env": [{"name": "LOGIN", "val": SECRET}]}, "env[0].val"),
    "a pair of name and current value": ({"env": [{"Name": "LOGIN", "currentValue": SECRET}]}, "env[0].currentValue"),
    "the text of a secret": ({"env": [{"name": "api-key", "text": SECRET}]}, "env[0].text"),
    "two names that differ in case": (
        {"env": [{"displayName": "db-password", "DisplayName": "x", "content": SECRET}]},
        "env[0].content",
    ),
    "a type in capitals": ({"p": {"Type": "SecureString", "value": SECRET}}, "p.value"),
    "a named value": ({"name": "x", "properties": {"displayName": "db-password", "value": SECRET}}, "properties.value"),
    "a variable": ({"name": "DbPassword", "properties": {"value": SECRET, "isEncrypted": False}}, "properties.value"),
    "the key of a function": ({"headers": {"x-functions-key": SECRET}}, 'headers."x-functions-key"'),
    "a short name": ({"env": {"DB_PASS": SECRET}}, "env.DB_PASS"),
    "a shorter name": ({"env": {"PostgresPw": SECRET}}, "env.PostgresPw"),
    "an ending": ({"radiusServerSecret": SECRET}, "radiusServerSecret"),
    "behind an option": ({"command": ["mysql", "--password", SECRET]}, "command[2]"),
    "in a command": ({"command": f"redis-server --requirepass {SECRET}"}, "command"),
    "in a short option": ({"command": f"mysql -u root -p{SECRET} db"}, "command"),
    "in an element": ({"policy": f"<login><password>{SECRET}</password></login>"}, "policy"),
    "a header that a policy of API Management sets": (
        {"value": f'<policies><set-header name="X-Partner"><value>{SECRET}</value></set-header></policies>'},
        "value",
    ),
    "a variable that a policy of API Management sets": (
        {"value": f'<set-variable name="partner" value="{SECRET}" />'},
        "value",
    ),
    "JSON in a text": ({"settings": f'{{"partner": "{SECRET}"}}'}, "settings"),
    "a container app's own": ({"secrets": [{"name": "db", "value": SECRET}]}, "secrets[0].value"),
    "a file of a volume": ({"secrets": {"name": SECRET, "identity": SECRET}}, "secrets.name"),
    "an entry with more": ({"secrets": [{"name": SECRET, "data": SECRET}]}, "secrets[0].name"),
    "a header's value": ({"headers": {"x": f"Basic {BASIC}"}}, "headers.x"),
    "the user of a URL": ({"url": f"amqp://{SECRET}@host.example"}, "url"),
    "behind the sign of a fragment": ({"url": f"https://host.example/#{SECRET}"}, "url"),
}
SHOWN: dict[str, tuple[Any, str, str | int | bool]] = {
    "a name that ends alike": ({"networkAcls": {"bypass": "AzureServices"}}, "networkAcls.bypass", "AzureServices"),
    "a parameter of a server": ({"name": "log_connections", "properties": {"value": "ON"}}, "properties.value", "ON"),
    "a secret's attributes": (
        {"name": "client-secret", "properties": {"attributes": {"exp": 1893456000}}},
        "properties.attributes.exp",
        1893456000,
    ),
    "a flag of that name": ({"name": "x", "properties": {"secret": True}}, "properties.secret", True),
    "where a container app's secret is kept": (
        {
            "secrets": [
                {"name": "db-password", "keyVaultUrl": "https://kv.vault.azure.net/secrets/db", "identity": "system"}
            ]
        },
        "secrets[?name == 'db-password'].keyVaultUrl | [0]",
        "https://kv.vault.azure.net/secrets/db",
    ),
    "a word in brackets": ({"tags": {"stage": "[live]"}}, "tags.stage", "[live]"),
    "an id in braces": ({"id": "{1f0c0a2e}"}, "id", "{1f0c0a2e}"),
    "the name of a container app's secret": ({"secrets": [{"name": "db-password"}]}, "secrets[0].name", "db-password"),
    "a dimension": (
        {"dimensions": [{"name": "ResultType", "values": ["Failure"]}]},
        "dimensions[0].values[0]",
        "Failure",
    ),
    "behind another option": ({"command": ["gunicorn", "--workers", "eight workers"]}, "command[2]", "eight workers"),
    "a place": ({"url": "https://host.example/v1/things"}, "url", "https://host.example/v1/things"),
    "an element": (
        {"policy": "<token-limit>unlimited</token-limit>"},
        "policy",
        "<token-limit>unlimited</token-limit>",
    ),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_a_secret_is_hidden(case: str) -> None:
    body, expression = HIDDEN[case]
    found = fact(expression, without_secrets(body))
    assert isinstance(found, ResourceFact)
    assert (found.kind, found.value) == (FactKind.HIDDEN, None)


@pytest.mark.parametrize("case", SHOWN)
def test_what_only_looks_like_one_is_shown(case: str) -> None:
    body, expression, value = SHOWN[case]
    assert fact(expression, without_secrets(body)) == ResourceFact(FactKind.VALUE, value)
