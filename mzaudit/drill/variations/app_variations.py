"""Apps: other plans that are enough, other forms of the same image, settings and slots beside the documented ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mzaudit.drill import documented_tags, mutations
from mzaudit.drill.deviations.plan_deviations import sizes
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each, spread
from mzaudit.drill.policy_estate import plan_size
from mzaudit.facts.image_tags import ANY, is_of
from mzaudit.policy.desired import DesiredImage, DesiredService
from mzaudit.simulator import Estate, SimulatedManifest
from mzaudit.simulator.estates.compliant import LATEST_COMMIT

_PLAIN = {
    "LOG_LEVEL": "info",
    "FEATURE_FLAGS": "a,b,c",
    "PUBLIC_URL": "https://app.corp.example/",
    "WEBSITE_TIME_ZONE": "W. Europe Standard Time",
    "WEBSITE_AUTH_ENCRYPTION_KEY": "",
    "TOKEN_TTL": "3600",
    "MAX_TOKENS": "4096",
    "PASSWORD_MIN_LENGTH": "12",
    "GIT_COMMIT": "0f3a9c1be27d4f5a8b6c7d8e9f0a1b2c3d4e5f60",
    "AZURE_CLIENT_ID": "6f1a7a1e-5f0c-4b0e-9d3e-0c9f7f0f8a11",
    "SMTP_PASSWORD": "",
    "DATABASE_HOST": "sql.corp.example",
    "ALLOWED_HOSTS": "*.corp.example,localhost",
    "DOCKER_REGISTRY_SERVER_URL": "https://acrcorp.azurecr.io",
    "APP_CONFIG": "@Microsoft.AppConfiguration(Endpoint=https://x.azconfig.io; Key=Flag)",
    "GREETING": "Grüße, 世界 ✓",
}


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """What teams do to apps without leaving the document."""
    if not ground.env.services:
        return
    first = ground.env.services[0]
    strong = [name for name, enough, strong in sizes(ground) if (strong if ground.env.production else enough)]
    built = plan_size(ground.wanted, ground.env)
    yield from each(("plans",), (), {f"plan {name}": _resized(first, name) for name in strong if name != built})
    for service in ground.env.services:
        place = ("services", service.key)
        if service.image is not None:
            yield from each(place, (), spread(ground, service, _image(service, service.image)))
        yield from each(place, (), spread(ground, service, _settings(ground, service)))
        yield from each(place, (), spread(ground, service, _site(service)))
    for position, (name, text) in enumerate(_PLAIN.items()):
        service = ground.env.services[position % len(ground.env.services)]
        if name not in {setting.name for setting in service.settings}:
            yield from each(("services", service.key), (), {f"setting {name}": _set(service, name, text)})


def _resized(service: DesiredService, name: str) -> Bend:
    return lambda estate: mutations.resize(estate, service, name)


def _set(service: DesiredService, name: str, text: str) -> Bend:
    return lambda estate: mutations.settings(estate, service).update({name: text})


def _image(service: DesiredService, documented: DesiredImage) -> dict[str, Bend]:
    latest = documented_tags.tag(documented, LATEST_COMMIT)
    which = f"@{documented.digest}" if documented.digest else f":{latest}"

    def digest(estate: Estate) -> None:
        known = estate.images[service.repository][latest].digest
        mutations.run_image(estate, service, mutations.image(service, f":{latest}@{known}"))

    def platform(estate: Estate) -> None:
        one = estate.images[service.repository][latest].platforms[0]
        mutations.run_image(estate, service, mutations.image(service, f":{latest}@{one}"))

    def moving_tags(estate: Estate) -> None:
        moment = (estate.midnight - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.1234567Z")
        for name in ("main", "v1.4.2", "cache-3f2a", "pr-17"):
            if not is_of(documented.tags, name):
                estate.images[service.repository][name] = SimulatedManifest("sha256:" + "7d" * 32, moment)

    def regional(kind: str) -> Bend:
        host = f"{service.registry.name.casefold()}.northeurope.{kind}.azurecr.io"
        return lambda estate: mutations.run_image(estate, service, mutations.image(service, which, host=host))

    forms: dict[str, Bend] = {
        "image from the registry's host in a region": regional("geo"),
        "image from the registry's data host in a region": regional("data"),
    }
    if documented.digest is None:
        forms["image by tag and digest"] = digest
        forms["image by tag and the digest of one platform"] = platform
    if documented.tags != ANY:
        forms["newer tags of another style"] = moving_tags
    return forms if service.function else forms | _several_containers(service)


def _several_containers(service: DesiredService) -> dict[str, Bend]:
    """What a web app may run beside its image; a function app runs one container."""

    def named_setting(estate: Estate) -> None:
        held = mutations.contain(estate, service)["main"]
        held["environmentVariables"].append(
            {"name": "SMTP_PASSWORD", "value": next(iter(mutations.settings(estate, service)))}
        )

    def documented_sidecars(estate: Estate) -> None:
        containers = mutations.contain(estate, service, **service.sidecars)
        own = f"{service.registry.name.casefold()}.azurecr.io/"
        for name, image in service.sidecars.items():
            if not image.casefold().startswith(own):
                containers[name]["authType"] = "Anonymous"

    return {
        "the documented side-cars, those of others pulled by nobody": documented_sidecars,
        "image from a compose file": lambda estate: mutations.compose(
            estate, service, "environment:", "  LOG_LEVEL: info"
        ),
        "image from site containers": lambda estate: mutations.contain(estate, service),
        "a container's password that names a setting": named_setting,
        "a side-car from the same registry": lambda estate: mutations.contain(
            estate, service, collector=mutations.image(service, ":0.99.0", repository="otel-collector")
        ),
    }


def _settings(ground: DrillContext, service: DesiredService) -> dict[str, Bend]:
    held = ground.env.databases[0] if ground.env.databases else None
    server = f"{held.server if held is not None else 'sql-of-others'}.database.windows.net"
    database = held.name if held is not None else "db-of-others"
    pairs = f"Server=tcp:{server},1433;Database={database};Authentication=Active Directory Managed Identity;"

    def connection(estate: Estate) -> None:
        estate.connection_strings[service.id.casefold()] = {"Main": {"value": pairs, "type": "SQLAzure"}}

    def mount(estate: Estate) -> None:
        share = {"type": "AzureFiles", "accountName": "stx", "shareName": "data", "mountPath": "/data", "state": "Ok"}
        estate.storage_mounts[service.id.casefold()] = {"data": share | {"accessKey": "@AppSettingRef(SHARE_ACCESS)"}}

    def pinned_names(estate: Estate) -> None:
        estate.slot_setting_names[service.id.casefold()] = ["OTEL_SERVICE_NAME"]

    return {
        "database address without a password": _set(
            service, "DATABASE_URL", f"sqlserver://{server}?database={database}"
        ),
        "connection string by managed identity": connection,
        "mounted share with its key elsewhere": mount,
        "settings that stick to a slot": pinned_names,
    }


def _site(service: DesiredService) -> dict[str, Bend]:
    def two_slots(estate: Estate) -> None:
        mutations.slot(estate, service)
        mutations.slot(estate, service, "green")

    def references_by(identity: str | None) -> Bend:
        def mutate(estate: Estate) -> None:
            mutations.site_properties(estate, service)["keyVaultReferenceIdentity"] = identity
            mutations.config(estate, service)["keyVaultReferenceIdentity"] = identity

        return mutate

    def left_from_windows(estate: Estate) -> None:
        mutations.site(estate, service)["kind"] = mutations.site_properties(estate, service)["kind"] = "web"
        mutations.config(estate, service)["windowsFxVersion"] = mutations.config(estate, service)["linuxFxVersion"]

    def tuned(estate: Estate) -> None:
        mutations.site_properties(estate, service).update(httpsOnly=False, clientAffinityEnabled=True)
        mutations.config(estate, service).update(alwaysOn=False, http20Enabled=False, numberOfWorkers=3)

    forms: dict[str, Bend] = {
        "a slot that conforms": lambda estate: mutations.slot(estate, service),
        "two slots that conform": two_slots,
        "a user-assigned identity beside, unused": lambda estate: mutations.attach(estate, service),
        "tuned": tuned,
    }
    if not service.function and service.image is not None:
        forms["another kind, and a Windows image left behind"] = left_from_windows
    if service.acts_as == "system":
        forms["identity for references never chosen"] = references_by(None)
        forms["identity for references in lower case"] = references_by("systemassigned")
    if service.identity is not None:
        forms["identity for references in upper case"] = references_by(service.identity.id.upper())
    return forms
