"""Precision and recall of what is taken for a credential, over a table of settings; and the time that it takes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from time import process_time

import pytest

from mzaudit.azure.text.credential_shapes import credentials
from mzaudit.azure.text.sealed_values import Classifier, Sealed
from mzaudit.azure.text.value_shapes import kinds, telemetry_parts
from mzaudit.rules.settings._credential_detection import why_credential
from mzaudit.rules.settings._settings_sources import SettingEntry, SettingKind
from mzaudit.snapshot.text import issued_credentials
from mzaudit.snapshot.values import LiteralValue
from tests.azure.credential_table import FALSE, TRUE

KNOWN_MISSES = {"pass phrase under a plain name", "short key under a plain name"}
FLOOR = 0.95


def found(name: str, text: str) -> str | None:
    """Why the setting is a credential, as SET-004 would say."""
    value = Classifier().setting(Sealed(text))
    assert isinstance(value, LiteralValue)
    return why_credential(SettingEntry(SettingKind.APP_SETTING, "at", name, value, "", ""), value.value, ())


def test_precision_and_recall(capsys: pytest.CaptureFixture[str]) -> None:
    hits = {what for what, setting in TRUE.items() if found(*setting)}
    alarms = {what: why for what, setting in FALSE.items() if (why := found(*setting))}
    precision, recall = len(hits) / (len(hits) + len(alarms)), len(hits) / len(TRUE)
    with capsys.disabled():
        sys.stdout.write(
            f"\ncredentials: precision {precision:.1%}, recall {recall:.1%} of {len(TRUE)} and {len(FALSE)} settings\n"
        )
    assert alarms == {}
    assert set(TRUE) - hits == KNOWN_MISSES
    assert min(precision, recall) >= FLOOR
    assert min(len(TRUE), len(FALSE)) >= 60


MARKED = {
    "service bus": "Azure Service Bus",
    "event hubs": "Azure Event Hubs",
    "relay": "Azure Relay",
    "iot hub": "Azure IoT",
    "cosmos": "Azure Cosmos DB",
    "redis": "Azure Cache for Redis",
    "key of storage": "Azure Storage",
    "key of batch": "Azure Batch",
    "key of api management": "Azure API Management",
    "key of machine learning": "Azure Machine Learning",
    "key of event grid": "Azure Event Grid",
    "key of ai search": "Azure AI Search",
    "key of the container registry": "Azure Container Registry",
    "key of a function": "Azure Functions",
    "key of openai or another ai service": "an Azure service",
    "secret of an entra application": "Microsoft Entra ID",
    "github": "GitHub",
    "github, fine-grained": "GitHub",
    "gitlab": "GitLab",
    "slack": "Slack",
    "slack, web hook": "Slack",
    "stripe": "Stripe",
    "sendgrid": "SendGrid",
    "aws": "AWS",
    "google": "Google Cloud",
    "npm": "npm",
    "pypi": "PyPI",
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "twilio": "Twilio",
    "databricks": "Azure Databricks",
    "hugging face": "Hugging Face",
}


@pytest.mark.parametrize("what", MARKED)
def test_a_mark_tells_the_issuer(what: str) -> None:
    """Not a guess by randomness, which would be weaker."""
    assert f"of:{MARKED[what]}" in credentials(TRUE[what][1])


def test_no_text_of_the_table_stands_in_the_repository_as_a_credential() -> None:
    """The values are assembled: the source has no text that one of the shapes would find."""
    with open(__file__.replace("test_", "")) as source:
        for line in source:
            assert not issued_credentials.issuers(line), line


@pytest.mark.parametrize("row", issued_credentials.ISSUED, ids=lambda row: f"{row.issuer} {row.source}")
def test_every_shape_names_its_source_and_can_be_searched(row: issued_credentials.Issued) -> None:
    assert row.marks
    assert re.compile(row.pattern)
    assert re.fullmatch(r"SEC101/\d{3}|[a-z0-9-]+|https://\S+", row.source)


LONG: dict[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "base64": lambda n: "aB3+" * (n // 4),
    "marks": lambda n: "+AStAzCaAPIMJQQJ9AzFu8Q~AzSe" * (n // 28),
    "tokens that are cut": lambda n: "ghp_sk-T3BlbkFJxoxb-glpat-SG." * (n // 28),
    "prefixes": lambda n: "sk-" * (n // 3) + "T3BlbkFJ",
    "schemes": lambda n: "a://" * (n // 4),
    "users": lambda n: "a://b:" * (n // 6),
    "logins without a host": lambda n: "a://b:c" + "/" * n,
    "at signs": lambda n: "a://b:" + "@" * n,
    "names": lambda n: "password" * (n // 8),
    "names and blanks": lambda n: ("password" + " " * 50) * (n // 58),
    "blanks": lambda n: "password" + " " * n,
    "pairs": lambda n: "password=;" * (n // 10),
    "stand-ins": lambda n: "password=${" * (n // 11),
    "semicolons": lambda n: ";" * n,
    "hosts": lambda n: "server=a.database." * (n // 18),
    "ports": lambda n: "server=" + ", " * (n // 2),
    "references": lambda n: "@Microsoft.KeyVault(" * (n // 20),
    "heads of tokens": lambda n: "eyJ" * (n // 3),
    "heads of keys": lambda n: "-----BEGIN A" * (n // 12),
    "encoded heads": lambda n: "LS0tLS1CRUdJTi" * (n // 14),
    "brackets": lambda n: "[" * n,
    "braces": lambda n: '{"a":' * (n // 5),
    "digits": lambda n: "1" * n,
    "dots": lambda n: "a." * (n // 2),
    "slashes": lambda n: "/a" * (n // 2),
    "escapes": lambda n: "%3D" * (n // 3),
    "dollars": lambda n: "${" * (n // 2),
    "telegrams": lambda n: "1:A" * (n // 3),
    "hexadecimal": lambda n: "0123456789abcdef-us" * (n // 19),
    "driver": lambda n: "jdbc:oracle:thin:a/" + "b" * n,
}


@pytest.mark.parametrize("shape", LONG)
def test_a_long_text_costs_in_proportion(shape: str) -> None:
    """Eight times the text, at the most some sixteen times the work: a square would be sixty-four times."""
    short, long = (_cost(LONG[shape](size)) for size in (1 << 16, 1 << 19))
    assert long < 20 * max(short, 0.002), f"{short:.4f} s, then {long:.4f} s"


def test_a_text_of_a_megabyte_is_classified() -> None:
    text = " ".join(make((1 << 20) // len(LONG)) for make in LONG.values())
    assert len(text) > 900_000
    assert "password" not in credentials(text)
    assert "password" in credentials(f"{text} password=correct-horse")


def _cost(text: str) -> float:
    """Processor time of classifying once, the least of some tries."""
    tries = []
    for _ in range(2):
        start = process_time()
        kinds(text), credentials(text), telemetry_parts(text)
        tries.append(process_time() - start)
    return min(tries)
