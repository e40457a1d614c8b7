"""An estate in which every place that can hold a secret holds one, of random text that occurs nowhere by chance."""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from dataclasses import replace

from mzaudit.simulator import Estate
from mzaudit.simulator.sql.contents import Contents
from tests.documented_estate import build

_PLAIN = string.ascii_letters + string.digits
_SPECIAL = "\"<&'>/+%é\\ :@"


class Planter:
    """Makes secrets and remembers them."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def word(self, size: int = 24) -> str:
        """Letters and digits, with an upper-case letter and a digit, as generated passwords have."""
        return self._kept("A7" + "".join(secrets.choice(_PLAIN) for _ in range(size)))

    def strange(self) -> str:
        """A secret that every encoding spells in another way; no eight characters of it are special ones alone."""
        return self._kept("".join("".join(secrets.choice(_PLAIN) for _ in range(3)) + sign for sign in _SPECIAL))

    def guid(self) -> str:
        """A GUID."""
        return self._kept(str(uuid.uuid4()))

    def _kept(self, text: str) -> str:
        self.secrets.append(text)
        return text


def planted() -> tuple[Estate, Planter]:
    """The drifted estate with secrets wherever production may hold one, and those secrets."""
    estate, planter = build("drifted"), Planter()
    for vault in ("kv-mz-cloud-prd", "kv-mz-manage-prd"):
        for name, secret in estate.secrets[vault].items():
            for version in secret.versions:
                version.value = _secret(planter, name, version.value)
    shared = estate.secrets["kv-mz-cloud-prd"]["CLOUD-INTERNAL-API-TOKEN"].current.value
    estate.secrets["kv-mz-manage-prd"]["CLOUD-INTERNAL-API-TOKEN"].current.value = shared
    hook = estate.secrets["kv-mz-cloud-prd"]["CLOUD-WEBHOOK-HMAC-SECRET"].current.value
    estate.secrets["kv-mz-manage-prd"]["CLOUD-WEBHOOK-HMAC-SECRET"].current.value = hook + "\n"
    component = estate.named("microsoft.insights/components", "appi-monozu-prd")["properties"]
    key = planter.guid()
    component |= {"InstrumentationKey": key, "ConnectionString": _telemetry(planter, key)}
    for app in (
        "app-monozu-cloud-prd",
        "app-monozu-manage-prd",
        "app-monozu-ingest-prd",
        "app-monozu-cloud-prd/staging",
    ):
        site = str(estate.site(app)["id"]).casefold()
        _settings(planter, estate.settings[site])
        estate.connection_strings[site] = {
            "Main": {"value": f"Server=tcp:x;User ID=u;Password={planter.word()};", "type": "SQLAzure"},
            "Queue": {"value": f"Endpoint=sb://x/;SharedAccessKey={planter.word()}=", "type": "Custom"},
            "Odd": {"value": planter.strange(), "type": "Custom"},
        }
        share = {"type": "AzureFiles", "accountName": "stmonozuprd", "shareName": "s", "mountPath": "/s", "state": "Ok"}
        estate.storage_mounts[site] = {"share": share | {"accessKey": planter.word(80) + "=="}}
        config = estate.site_config(app)
        config |= {"publishingPassword": planter.word(), "runtimeADUserPassword": planter.strange()}
        config["machineKey"] = {"validationKey": planter.word(), "decryptionKey": planter.word()}
    compose = f"""services:
  web:
    image: docker.io/monozu/ingestor:latest
    environment: {{DB_PASSWORD: {planter.word()}, API_KEY: "{planter.word()}"}}
    command: serve --password {planter.word()}
  side:
    image: docker.io/monozu/side:1
    environment: ["TOKEN={planter.word()}", "URL=https://u:{planter.word()}@example.org/"]
"""
    encoded = base64.b64encode(compose.encode()).decode()
    planter.secrets.append(encoded.rstrip("="))
    estate.site_config("app-monozu-ingest-prd")["linuxFxVersion"] = f"COMPOSE|{encoded}"
    _site_containers(planter, estate)
    for inside in estate.sql.values():
        _database(planter, inside)
    estate.principals.remove(estate.auditor)
    estate.auditor = replace(estate.auditor, secret=planter.word(40))
    estate.principals.append(estate.auditor)
    return estate, planter


def _secret(planter: Planter, name: str, value: str) -> str:
    if value == "changeme":
        return value
    if name.startswith("APPLICATIONINSIGHTS"):
        return _telemetry(planter, planter.guid())
    if name.endswith("-ID"):
        return planter.guid()
    if name.endswith("-URL"):
        return f"https://prd.monozu.example/{planter.word()}"
    return planter.strange() if len(planter.secrets) % 2 else planter.word()


def _telemetry(planter: Planter, key: str) -> str:
    return f"InstrumentationKey={key};IngestionEndpoint=https://{planter.word().casefold()}.in.example.com/"


def _settings(planter: Planter, settings: dict[str, str]) -> None:
    settings |= {
        "STRIPE_API_KEY": planter.word(),
        "MS_CLIENT_SECRET": planter.strange(),
        "DATABASE_URL": f"sqlserver://app:{planter.word()}@sql-monozu-prd.database.windows.net?database=x",
        "BLOB_SAS": f"https://a.blob.core.windows.net/c?sv=2022&sig={planter.word()}%3D",
        "STORAGE": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={planter.word(80)}==",
        "SESSION": f"eyJhbGciOiJIUzI1NiJ9.{planter.word()}.{planter.word()}",
        "PEM": f"-----BEGIN RSA PRIVATE KEY-----\n{planter.word(60)}\n-----END RSA PRIVATE KEY-----",
        "DOCKER_REGISTRY_SERVER_PASSWORD": planter.word(),
        "ODD": f"@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/{planter.word()}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"api-key={planter.word()}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://u:{planter.word()}@otel.example.org",
        "GREETING": planter.strange(),
    }


def _site_containers(planter: Planter, estate: Estate) -> None:
    site = estate.site("app-monozu-manage-prd")
    estate.site_config("app-monozu-manage-prd")["linuxFxVersion"] = "sitecontainers"
    properties = {
        "image": "acrmonozu.azurecr.io/management-backend:latest",
        "isMain": True,
        "authType": "UserCredentials",
        "userName": planter.word(),
        "passwordSecret": planter.strange(),
        "targetPort": "8080",
        "environmentVariables": [
            {"name": "A_TOKEN", "value": planter.word()},
            {"name": "B", "value": planter.strange()},
        ],
    }
    estate.site_containers[str(site["id"]).casefold()] = [
        {
            "id": f"{site['id']}/sitecontainers/main",
            "name": "main",
            "type": "Microsoft.Web/sites/sitecontainers",
            "location": site["location"],
            "properties": properties,
        }
    ]


def _database(planter: Planter, inside: Contents) -> None:
    """Rows of tenants in every table, and words that nobody reads beside those that are: a migration's script, and
    what a predicate compares with."""
    for table in inside.tables:
        names = [column.name for column in table.columns]
        if "script" in names:
            at = names.index("script")
            table.rows[:] = [(*row[:at], f"V1__{planter.strange()}.sql", *row[at + 1 :]) for row in table.rows]
        else:
            table.rows += [tuple(_cell(planter, column.type) for column in table.columns) for _ in range(2)]
    for policy in inside.policies:
        for predicate in policy.predicates:
            predicate.definition = f"([sec].[fn_tenant]([tenant_id],N'{planter.word()}'))"


def _cell(planter: Planter, kind: str) -> str | int:
    match kind:
        case "bigint":
            return 1
        case "uniqueidentifier":
            return planter.guid()
        case _:
            return planter.strange()
