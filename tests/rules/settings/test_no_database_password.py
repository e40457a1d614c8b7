"""SET-005, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.settings.no_database_password import no_database_password
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.values import OtherReference, SettingValue
from mzaudit.snapshot.web import Runtime, Setting, SiteContainer
from tests.built_estate import (
    Bend,
    ask,
    bent,
    gap,
    literal,
    secret_value,
    service,
    setting,
    site,
    site_config,
    staged,
    value,
)
from tests.built_estate import vault as wanted_vault
from tests.written import container_of, reference_to, setting_of

CLOUD = service("cloud")
PASSWORD = literal("database", credentials=("url-userinfo",))
PAIRS = literal(credentials=("password",))
NONE = literal("database")


def url(held: SettingValue) -> Bend:
    return setting(CLOUD, "DATABASE_URL", held)


def reference(vault: str | None = "kv-mz-cloud-prd") -> Bend:
    return url(reference_to(vault, "DATABASE-URL" if vault else None, None))


def strings(*held: Setting) -> Bend:
    return site(CLOUD, connection_strings=Observed(held))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "no database address at all": ((), Pass, ""),
    "DATABASE_URL with user and password": ((url(PASSWORD),), Fail, "The app setting DATABASE_URL"),
    "DATABASE_URL with Password=": ((url(PAIRS),), Fail, "DATABASE_URL"),
    "DATABASE_URL without one": ((url(NONE),), Pass, ""),
    "under another usual name": ((setting(CLOUD, "SQL_CONNECTION_STRING", PAIRS),), Fail, "SQL_CONNECTION_STRING"),
    "under any name": ((setting(CLOUD, "MAIN", PASSWORD),), Fail, "MAIN"),
    "another service's password is SET-004's": ((setting(CLOUD, "REDIS", PAIRS),), Pass, ""),
    "a connection string": ((strings(setting_of("Main", PAIRS, "SQLAzure")),), Fail, "The connection string Main"),
    "a connection string without one": ((strings(setting_of("Main", NONE, "SQLAzure")),), Pass, ""),
    "a connection string to a cache": ((strings(setting_of("Cache", PAIRS, "RedisCache")),), Pass, ""),
    "in a compose file": (
        (site_config(CLOUD, runtime=Runtime("compose", environment=(setting_of("DATABASE_URL", PASSWORD),))),),
        Fail,
        "compose variable",
    ),
    "in a site container": (
        (
            site(
                CLOUD,
                containers=Listing(
                    (SiteContainer(container_of("a", "x", True), False, None, (setting_of("DB_URL", PASSWORD),)),)
                ),
            ),
        ),
        Fail,
        "container variable",
    ),
    "in a site container, by the name of a setting": (
        (
            site(
                CLOUD,
                containers=Listing(
                    (
                        SiteContainer(
                            container_of("a", "x", True), False, None, (setting_of("DB_URL", literal(empty=True)),)
                        ),
                    )
                ),
            ),
        ),
        Pass,
        "",
    ),
    "in a slot": ((staged(CLOUD, "staging", url(PASSWORD)),), Fail, "(slot staging)"),
    "from the vault, with a password": (
        (reference(), secret_value(wanted_vault("cloud"), "DATABASE-URL", value(5, credentials=("password",)))),
        Fail,
        "DATABASE_URL",
    ),
    "from the vault, without one": (
        (reference(), secret_value(wanted_vault("cloud"), "DATABASE-URL", value(5, "database"))),
        Pass,
        "",
    ),
    "from the vault, value not read": ((reference(),), Inconclusive, ""),
    "from the vault, no such secret": (
        (reference(), secret_value(wanted_vault("cloud"), "DATABASE-URL", None)),
        Pass,
        "",
    ),
    "from another vault": ((reference("kv-mz-manage-prd"),), Inconclusive, ""),
    "a reference that leads nowhere": ((reference(None),), Pass, ""),
    "from App Configuration": ((url(OtherReference()),), Inconclusive, ""),
    "settings refused": ((site(CLOUD, settings=gap()),), Inconclusive, ""),
    "connection strings refused": ((site(CLOUD, connection_strings=gap()),), Inconclusive, ""),
    "slots cut short": ((site(CLOUD, slots=Listing(gap=gap())),), Inconclusive, ""),
    "one found, the rest refused": ((url(PASSWORD), site(CLOUD, connection_strings=gap())), Fail, "DATABASE_URL"),
}


@pytest.mark.parametrize("case", CASES)
def test_no_database_password(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(no_database_password, "cloud", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_not_asked_where_the_policy_allows_passwords() -> None:
    verdict = no_database_password.check(replace(CLOUD, passwords_forbidden=False), bent(url(PASSWORD)))
    assert isinstance(verdict, NotApplicable)
