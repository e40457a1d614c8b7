"""Credentials in clear: in every place where an app keeps settings, by name and by the shape of the value."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Final

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each, spread
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredService
from mzaudit.policy.models import EnvironmentSpec, ServiceSpec
from mzaudit.simulator import Estate, canary
from mzaudit.simulator.http_messages import Json


def _random(label: str, length: int) -> str:
    """Text that looks generated; the same in every process, so that all workers make the same cases."""
    draw = random.Random(label)  # noqa: S311 - not a secret, only the look of one
    return "".join(draw.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(length))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


_KEY: Final = base64.b64encode(_random("key", 48).encode()).decode()
_HEAD: Final = _encoded('{"alg":"HS256","typ":"JWT"}')
_CLAIMS: Final = _encoded('{"sub":"worker"}')
_BY_NAME: Final = {
    "STRIPE_API_KEY": _random("a", 40),
    "SMTP_PASSWORD": "correct horse battery",
    "GITHUB_TOKEN": f"ghp_{_random('c', 36)}",
    "JWT_SECRET": _random("d", 12),
    "ADMIN_PWD": _random("e", 10),
    "STORAGE_ACCESS_KEY": _KEY,
}
_BY_VALUE: Final = {
    "a storage account's key": f"DefaultEndpointsProtocol=https;AccountName=stx;AccountKey={_KEY}",
    "a service bus key": f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={_KEY}",
    "a shared access signature": f"https://stx.blob.core.windows.net/c?sv=2024-11-04&sp=r&sig={_random('f', 43)}%3D",
    "a JSON web token": f"{_HEAD}.{_CLAIMS}.{_random('g', 43)}",
    "a private key": f"-----BEGIN PRIVATE KEY-----\n{_KEY}\n-----END PRIVATE KEY-----",
    "a password in a URL": f"amqps://app:{_random('h', 20)}@queue.corp.example/",
    "a long random text": _random("i", 64),
    "a cache's password": f"stx.redis.cache.windows.net:6380,password={_random('j', 43)}=,ssl=True,abortConnect=False",
    "a SignalR key": f"Endpoint=https://x.service.signalr.net;AccessKey={_random('k', 43)}=;Version=1.0;",
    "an App Configuration secret": f"Endpoint=https://x.azconfig.io;Id=ab-l0-s0;Secret={_random('l', 43)}=",
    "a Cosmos DB key": f"AccountEndpoint=https://x.documents.azure.com:443/;AccountKey={_random('m', 86)}==;",
    "a key that Microsoft marks": f"{_random('n', 33)}AzCaB{_random('o', 5)}=",
    "an AI service's key": f"{_random('p', 52)}JQQJ99BAC{_random('q', 12)}AAAAACOGx{_random('r', 3)}",
    "an Entra application's secret": f"{_random('s', 3)}8Q~{_random('t', 34)}",
    "a token with its issuer's mark": f"ghp_{_random('u', 36)}",
    "a web hook of Slack's": f"https://hooks.slack.com/services/{_random('v', 44)}",
    "a password with a slash in a URL": f"amqps://app:{_random('w', 9)}/{_random('x', 9)}@queue.corp.example/",
    "a mail server's login": f"host=mail.corp.example;user=app;password={_random('y', 20)}",
    "a private key without its frame": f"MII{_random('z', 5)}ADANBgkqhkiG9w0B{_random('0', 200)}",
    "a certificate with its key": f"MIIKAgIBAzCC{_random('1', 300)}",
}


@breaks(ServiceSpec, "app")
def in_clear(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """One plain credential at a time, under names and in shapes of every kind."""
    service = ground.service(steps[1])

    def named(name: str, text: str) -> Bend:
        return lambda estate: mutations.settings(estate, service).update({name: text})

    shapes = {f"setting {name} in clear": named(name, text) for name, text in _BY_NAME.items()}
    shapes |= {f"{what} in clear": named("LEGACY_THING", text) for what, text in _BY_VALUE.items()}
    yield from each(steps, (Demand.NO_CREDENTIALS,), spread(ground, service, shapes))
    yield from each(steps, (Demand.NO_CREDENTIALS,), _elsewhere(service))


def _elsewhere(service: DesiredService) -> dict[str, Bend]:
    key = service.id.casefold()
    storage = _BY_VALUE["a storage account's key"]

    def mounted(estate: Estate) -> None:
        share: Json = {"type": "AzureFiles", "accountName": "stx", "shareName": "data", "mountPath": "/data"}
        estate.storage_mounts[key] = {"data": share | {"accessKey": canary(), "state": "Ok", "protocol": "Smb"}}

    def composed(estate: Estate) -> None:
        mutations.compose(estate, service, "environment:", f"  SMTP_PASSWORD: {_random('c', 20)}")

    def beside(estate: Estate) -> None:
        sidecar = mutations.contain(estate, service)["main"]
        sidecar["environmentVariables"].append({"name": "SMTP_PASSWORD", "value": _random("sidecar", 20)})

    def in_slot(estate: Estate) -> None:
        estate.settings[mutations.slot(estate, service).casefold()]["STRIPE_API_KEY"] = _random("s", 40)

    def in_slots_connection_string(estate: Estate) -> None:
        slot = mutations.slot(estate, service).casefold()
        estate.connection_strings[slot] = {"Files": {"value": storage, "type": "Custom"}}

    return {
        "connection string with a key in clear": lambda estate: estate.connection_strings.update(
            {key: {"Files": {"value": storage, "type": "Custom"}}}
        ),
        "mounted share with its key": mounted,
        "compose file with a password": composed,
        "site container with a password for the name of a setting": beside,
        "slot with a setting in clear": in_slot,
        "slot with a connection string in clear": in_slots_connection_string,
    }


@breaks(EnvironmentSpec, "sql_auth")
def database_passwords(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Where passwords are forbidden: each way to keep one for the database."""
    if steps[1] != ground.env.env or not ground.env.passwords_forbidden or not ground.env.databases:
        return
    host, database = f"{ground.env.databases[0].server}.database.windows.net", ground.env.databases[0].name
    word = _random("database", 24)
    pairs = f"Server=tcp:{host},1433;Database={database};User ID=app;Password={word};Encrypt=True;"
    texts = {
        "DATABASE_URL": f"sqlserver://app:{word}@{host}?database={database}",
        "SQLALCHEMY_DATABASE_URI": f"mssql+pyodbc://app:{word}@{host}:1433/{database}?driver=ODBC+Driver+18+for+SQL+Server",
        "DB_CONNECTION": pairs,
        "SPRING_DATASOURCE_URL": f"jdbc:sqlserver://{host}:1433;database={database};user=app;password={word};",
    }
    for service in ground.env.services:
        place = (*steps, service.key)

        def named(name: str, text: str, service: DesiredService = service) -> Bend:
            return lambda estate: mutations.settings(estate, service).update({name: text})

        def connection(kind: str, service: DesiredService = service) -> Bend:
            entry: Json = {"Main": {"value": pairs, "type": kind}}
            return lambda estate: estate.connection_strings.update({service.id.casefold(): entry})

        def in_slot(estate: Estate, service: DesiredService = service) -> None:
            estate.settings[mutations.slot(estate, service).casefold()]["DATABASE_URL"] = texts["DATABASE_URL"]

        held = {f"setting {name} with a password": named(name, text) for name, text in texts.items()}
        yield from each(place, (Demand.NO_PASSWORDS,), spread(ground, service, held))
        yield from each(
            place,
            (Demand.NO_PASSWORDS,),
            {
                "connection string with a password": connection("SQLAzure"),
                "custom connection string with a password": connection("Custom"),
                "slot with DATABASE_URL and a password": in_slot,
            },
        )
