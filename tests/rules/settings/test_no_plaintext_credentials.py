"""SET-004, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass, Severity
from mzaudit.rules.settings.no_plaintext_credentials import no_plaintext_credentials
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.values import OtherReference, SettingValue
from mzaudit.snapshot.web import Runtime, Setting, SiteContainer
from tests.built_estate import Bend, ask, bent, gap, literal, service, setting, site, site_config, staged, status
from tests.written import container_of, mount_of, reference_to, setting_of

CLOUD = service("cloud")
KEY = literal(credentials=("account-key",))
RANDOM = literal(credentials=("high-entropy",))


def plain(name: str, value: SettingValue | None = None) -> Bend:
    return setting(CLOUD, name, value or literal())


def strings(*held: Setting) -> Bend:
    return site(CLOUD, connection_strings=Observed(held))


def mount(credential: SettingValue | None) -> Bend:
    return site(CLOUD, mounts=Observed((mount_of("share", "stmonozuprd", credential),)))


def compose(*held: Setting, problem: str = "") -> Bend:
    return site_config(CLOUD, runtime=Runtime("compose", environment=held, problem=problem))


def sidecar(secret: SettingValue | None = None, *held: Setting) -> Bend:
    child = SiteContainer(container_of("otel", "acrmonozu.azurecr.io/otel:1", False), secret is not None, secret, held)
    return site(CLOUD, containers=Listing((child,)))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "a reference without its end": (
        (plain("SECRET_KEY", reference_to(None, None, None, "no closing parenthesis, or text after it")),),
        Pass,
        "",
    ),
    "text that App Service reads as a reference": (
        (plain("SECRET_KEY"), status(CLOUD, "SECRET_KEY", "Resolved", vault="kv-mz-cloud-prd", secret="SECRET-KEY")),
        Pass,
        "",
    ),
    # by name
    "an API key": (
        (plain("STRIPE_API_KEY"),),
        Fail,
        "STRIPE_API_KEY of app-monozu-cloud-prd is a credential in plain text: it has the name",
    ),
    "a password": ((plain("SmtpPassword"),), Fail, "SmtpPassword"),
    "a token": ((plain("SLACK_BOT_TOKEN"),), Fail, "SLACK_BOT_TOKEN"),
    "a secret in .NET's spelling": ((plain("Jwt__Secret"),), Fail, "Jwt__Secret"),
    "even a placeholder": ((plain("SMTP_PASSWORD", literal(placeholder=True)),), Fail, "SMTP_PASSWORD"),
    "a documented secret in plain text": ((plain("SECRET_KEY"),), Fail, "is documented as a secret"),
    "a documented secret that is not sensitive": ((plain("MS_CLIENT_ID"),), Pass, ""),
    "empty": ((plain("STRIPE_API_KEY", literal(empty=True)),), Pass, ""),
    "a reference": ((plain("STRIPE_API_KEY", reference_to("kv-mz-cloud-prd", "STRIPE", None)),), Pass, ""),
    "a malformed reference": ((plain("STRIPE_API_KEY", reference_to(None, None, None, "malformed")),), Pass, ""),
    "a reference to App Configuration": ((plain("STRIPE_API_KEY", OtherReference()),), Pass, ""),
    "text that looks like a reference": ((plain("STRIPE_API_KEY", literal(unresolved_reference=True)),), Pass, ""),
    # harmless names
    "an address": ((plain("TOKEN_URL"),), Pass, ""),
    "a number about a token": ((plain("ACCESS_TOKEN_TTL"), plain("OPENAI_MAX_TOKENS")), Pass, ""),
    "names a setting": ((plain("MICROSOFT_PROVIDER_AUTHENTICATION_SECRET_SETTING_NAME"),), Pass, ""),
    "words that only begin alike": ((plain("TOKENIZER"), plain("PASSENGERS"), plain("SASKATOON")), Pass, ""),
    "App Service's own": ((plain("WEBSITE_LOAD_CERTIFICATES", RANDOM),), Pass, ""),
    "the key of App Service's sessions, which somebody chose": (
        (plain("WEBSITE_AUTH_ENCRYPTION_KEY", RANDOM),),
        Fail,
        "WEBSITE_AUTH_ENCRYPTION_KEY",
    ),
    "the commit": (
        (plain("GIT_COMMIT", RANDOM), plain("SENTRY_RELEASE", RANDOM), plain("IMAGE_TAG", RANDOM)),
        Pass,
        "",
    ),
    "a duration and a switch": (
        (plain("ACCESS_TOKEN", literal("duration")), plain("SAS", literal("boolean"))),
        Pass,
        "",
    ),
    "a number of tokens": ((plain("TOKENS_PER_MINUTE", literal("number")),), Pass, ""),
    "a number for a password": ((plain("ADMIN_PASSWORD", literal("number")),), Fail, "ADMIN_PASSWORD"),
    "the address of a secret": ((plain("SMTP_PASSWORD", literal("url", "vault-secret")),), Pass, ""),
    "a reference beside a key": (
        (plain("STORE", literal(unresolved_reference=True, credentials=("account-key",))),),
        Fail,
        "an account key",
    ),
    "a documented secret that is a duration": ((plain("SECRET_KEY", literal("duration")),), Fail, "is documented"),
    # by shape
    "an account key under any name": ((plain("STORE", KEY),), Fail, "holds an account key"),
    "an account key under a harmless name": ((plain("WEBSITE_CONTENT", KEY),), Fail, "holds an account key"),
    "a shared access signature in an address": (
        (plain("BLOB_URL", literal(credentials=("sas",))),),
        Fail,
        "a shared access signature",
    ),
    "a JSON Web Token": ((plain("X", literal(credentials=("jwt",))),), Fail, "a JSON Web Token"),
    "a private key": ((plain("X", literal(credentials=("private-key",))),), Fail, "a private key"),
    "a token with its issuer's mark": (
        (plain("X", literal(credentials=("of:GitHub", "of:npm"))),),
        Fail,
        "it holds a credential of GitHub and holds a credential of npm.",
    ),
    "user and password in a URL": (
        (plain("AMQP_URL", literal(credentials=("url-userinfo",))),),
        Fail,
        "a user name and password in a URL",
    ),
    "long random text": ((plain("BLOB", RANDOM),), Fail, "is a long random text"),
    # what other rules answer for
    "a database password is SET-005's": (
        (plain("DATABASE_URL", literal(credentials=("url-userinfo",))),),
        Pass,
        "",
    ),
    "the registry's password is IMG-007's": ((plain("DOCKER_REGISTRY_SERVER_PASSWORD"),), Pass, ""),
    "but not in a slot": (
        (staged(CLOUD, "staging", plain("DOCKER_REGISTRY_SERVER_PASSWORD")),),
        Fail,
        "(slot staging)",
    ),
    # other places
    "a connection string with a password": (
        (strings(setting_of("Cache", literal(credentials=("password",)), "RedisCache")),),
        Fail,
        "The connection string Cache",
    ),
    "a connection string without one": ((strings(setting_of("Db", literal(), "SQLAzure")),), Pass, ""),
    "a mounted share": ((mount(literal()),), Fail, "The mounted share share"),
    "a mounted share without a key": ((mount(literal(empty=True)),), Pass, ""),
    "a mounted share whose key is not told": ((mount(None),), Inconclusive, ""),
    "a mounted share whose key is a reference": ((mount(literal(unresolved_reference=True)),), Pass, ""),
    "a compose variable": ((compose(setting_of("DB_PASSWORD", literal())),), Fail, "The compose variable DB_PASSWORD"),
    "a compose file that cannot be read": ((compose(problem="not base64"),), Inconclusive, ""),
    "a container variable names a setting": (
        (sidecar(None, setting_of("DB_PASSWORD", literal(empty=True))),),
        Pass,
        "",
    ),
    "a container variable names none": (
        (sidecar(None, setting_of("DB_PASSWORD", literal())),),
        Fail,
        "The container variable DB_PASSWORD of app-monozu-cloud-prd is a credential in plain text: it has the name",
    ),
    "a container variable, settings refused": (
        (sidecar(None, setting_of("DB_PASSWORD", literal())), site(CLOUD, settings=gap())),
        Inconclusive,
        "",
    ),
    "a container variable with a key": (
        (sidecar(None, setting_of("STORE", KEY)),),
        Fail,
        "The container variable STORE",
    ),
    "a container's registry password": ((sidecar(literal()),), Fail, "The registry password of the container otel"),
    "a slot": ((staged(CLOUD, "staging", plain("STRIPE_API_KEY")),), Fail, "app-monozu-cloud-prd (slot staging)"),
    "a clean slot": ((staged(CLOUD, "staging"),), Pass, ""),
    # not seen
    "settings refused": ((site(CLOUD, settings=gap()),), Inconclusive, ""),
    "connection strings refused": ((site(CLOUD, connection_strings=gap()),), Inconclusive, ""),
    "mounts refused": ((site(CLOUD, mounts=gap()),), Inconclusive, ""),
    "containers refused": ((site(CLOUD, containers=Listing(gap=gap())),), Inconclusive, ""),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, ""),
    "slots cut short": ((site(CLOUD, slots=Listing(gap=gap())),), Inconclusive, ""),
    "a slot's settings refused": ((staged(CLOUD, "staging", settings=gap()),), Inconclusive, ""),
    "one found, the rest refused": ((plain("STRIPE_API_KEY"), site(CLOUD, mounts=gap())), Fail, "STRIPE_API_KEY"),
}


@pytest.mark.parametrize("case", CASES)
def test_no_plaintext_credentials(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(no_plaintext_credentials, "cloud", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_a_guess_by_randomness_alone_is_weaker() -> None:
    weak = ask(no_plaintext_credentials, "cloud", plain("BLOB", RANDOM))
    both = ask(no_plaintext_credentials, "cloud", plain("BLOB", RANDOM), plain("STRIPE_API_KEY"))
    assert isinstance(weak, Fail)
    assert isinstance(both, Fail)
    assert (weak.severity, both.severity) == (Severity.MEDIUM, None)
    beside = ask(no_plaintext_credentials, "cloud", plain("BLOB", RANDOM), site(CLOUD, mounts=gap()))
    assert isinstance(beside, Fail)
    assert (beside.severity, beside.gaps) == (Severity.MEDIUM, (gap(),))


def test_the_policy_may_allow_a_name_and_a_password() -> None:
    exposed = plain("STRIPE_API_KEY"), plain("DATABASE_URL", literal(credentials=("url-userinfo",)))
    allowed = replace(CLOUD, plaintext=("STRIPE_API_KEY",))
    assert isinstance(no_plaintext_credentials.check(allowed, bent(*exposed)), Pass)
    verdict = no_plaintext_credentials.check(replace(allowed, passwords_forbidden=False), bent(*exposed))
    assert isinstance(verdict, Fail)
    assert "DATABASE_URL" in verdict.note


COMMANDS: dict[str, tuple[tuple[Bend, ...], tuple[str, ...]]] = {
    "a compose variable": (
        (compose(setting_of("DB_PASSWORD", literal())),),
        (
            "az webapp config container set --resource-group rg-monozu-prd --name app-monozu-cloud-prd "
            "--multicontainer-config-type compose --multicontainer-config-file COMPOSE_FILE",
        ),
    ),
    "a container variable": (
        (sidecar(None, setting_of("STORE", KEY)),),
        (
            "az keyvault secret set --vault-name kv-mz-cloud-prd --name STORE --file SECRET_FILE_kv-mz-cloud-prd_STORE",
            "az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd "
            "--settings 'STORE=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=STORE)'",
            f"az resource update --ids {CLOUD.id}/sitecontainers/otel --api-version 2025-05-01 "
            "--set 'properties.environmentVariables[name=STORE].value=STORE'",
        ),
    ),
    "a container's registry password": (
        (sidecar(literal()),),
        (
            "az webapp sitecontainers update --resource-group rg-monozu-prd --name app-monozu-cloud-prd "
            "--container-name otel --system-assigned-identity true",
        ),
    ),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_every_place_has_its_command(case: str) -> None:
    bends, commands = COMMANDS[case]
    verdict = ask(no_plaintext_credentials, "cloud", *bends)
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert verdict.fix.commands == commands


def test_the_ingestor_has_no_vault_to_move_it_to() -> None:
    verdict = ask(no_plaintext_credentials, "ingest", setting(service("ingest"), "API_TOKEN", literal()))
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert verdict.fix.commands == (
        "az webapp config appsettings delete --resource-group rg-monozu-prd --name app-monozu-ingest-prd "
        "--setting-names API_TOKEN",
    )
