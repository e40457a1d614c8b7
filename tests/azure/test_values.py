"""Sealed values and their classes: what is told, and that nothing else can be."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mzaudit.azure.readers.web_wire_models import AppSettings
from mzaudit.azure.text.credential_shapes import credentials
from mzaudit.azure.text.sealed_values import Classifier, Sealed
from mzaudit.azure.text.value_shapes import is_placeholder, kinds, telemetry_parts
from mzaudit.snapshot.values import LiteralValue, OtherReference, ValueClass, VaultReference

KEY = "732fc482-a27e-4ecb-a7f2-38dfae70a822"


@pytest.mark.parametrize(
    "show",
    [
        str,
        lambda sealed: f"{sealed}",
        lambda sealed: f"{sealed:>10}",
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        hash,
        len,
        list,
        bytes,
        lambda sealed: sealed == "hunter2",
    ],
)
def test_a_sealed_value_refuses(show: object) -> None:
    assert callable(show)
    with pytest.raises(TypeError) as refused:
        show(Sealed("hunter2"))
    assert "hunter2" not in str(refused.value)


def test_the_representation_of_a_sealed_value_is_empty_of_it() -> None:
    body = AppSettings.model_validate_json('{"id": "/a", "name": "a", "properties": {"KEY": "hunter2"}}')
    assert "hunter2" not in repr(body)
    assert "hunter2" not in repr([Sealed("hunter2")])


def test_a_wrong_type_is_malformed_and_does_not_show_its_input() -> None:
    with pytest.raises(ValidationError) as refused:
        AppSettings.model_validate_json('{"id": "/a", "name": "a", "properties": {"KEY": ["hunter2"]}}')
    assert "hunter2" not in str(refused.value)


def test_a_share_key_that_names_an_app_setting_is_none() -> None:
    for text, empty in {"@AppSettingRef(SHARE_KEY)": True, "@AppSettingRef()": False, "a2V5": False}.items():
        held = Classifier().share_key(Sealed(text))
        assert isinstance(held, LiteralValue)
        assert held.value.empty is empty, text


KINDS = {
    "https://cloud.example.org/api": {"url", "https-url"},
    "http://cloud.example.org": {"url"},
    "https://": set(),
    "not a url": set(),
    KEY: {"guid"},
    f"InstrumentationKey={KEY};IngestionEndpoint=https://w.in.example.com/": {"application-insights"},
    f"InstrumentationKey={KEY}": set(),
    "InstrumentationKey=none;IngestionEndpoint=https://w.in.example.com/": set(),
    "sqlserver://sql-x.database.windows.net?database=db": {"database"},
    "mssql+pyodbc://app:word@sql-x.database.windows.net/db": {"database"},
    "jdbc:sqlserver://sql-x.database.windows.net:1433;database=db;": {"database"},
    "jdbc:oracle:thin:@//host:1521/db": {"database"},
    "postgresql://host/db": {"database"},
    "mysql2://host/db": {"database"},
    "cockroachdb://host/db": {"database"},
    "clickhouse+native://host/db": {"database"},
    "Server=tcp:sql-x,1433;Database=db;Authentication=Active Directory Default": {"database"},
    "User ID=app;Data Source=sql-x;Password=word": {"database"},
    "Host=pg;Username=app": set(),
    "Server=tcp:sql-x,1433": set(),
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root": set(),
    "amqps://queue.example.com/": set(),
    "host=mail.example;user=app;password=word": set(),
    "host=mq.example;virtualHost=/;username=app;password=word": set(),
    "Server=tcp:sql-x.database.windows.net,1433;User ID=app;Password=word": {"database"},
    "Host=x.postgres.database.azure.com;Username=app;Password=word": {"database"},
    "host=pg port=5432 dbname=d user=app": {"database"},
    "app:word@tcp(mysql:3306)/d": {"database"},
    "jdbc:oracle:thin:app/word@//db:1521/x": {"database"},
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k==": {"storage"},
    "BlobEndpoint=https://a.blob.core.windows.net;SharedAccessSignature=sv=1&sig=x": {"storage"},
    "DefaultEndpointsProtocol=https;AccountName=a": set(),
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=k=": {"service-bus"},
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessSignature=x": {"service-bus"},
    '{"a": 1}': {"json"},
    "[1]": {"json"},
    '{"a": ': set(),
    '"a"': set(),
    "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n": {"pem"},
    "Bag Attributes\n-----BEGIN PRIVATE KEY-----\r\nMII\r\n-----END PRIVATE KEY-----": {"pem"},
    "-----BEGIN CERTIFICATE-----\nMII": set(),
    "-----BEGIN CERTIFICATE----- MII -----END CERTIFICATE-----": set(),
    "true": {"boolean"},
    "0": {"boolean", "number"},
    "3600": {"number"},
    "15m": {"duration"},
    "00:15:00": {"duration"},
    "PT12H": {"duration"},
    "P": set(),
    "https://kv-a.vault.azure.net/secrets/T": {"url", "https-url", "vault-secret"},
    "https://kv-a.vault.azure.net/": {"url", "https-url"},
    "http/protobuf": {"otlp-http"},
    "grpc": {"otlp-grpc"},
}


@pytest.mark.parametrize("text", KINDS)
def test_kinds(text: str) -> None:
    assert set(kinds(text)) == KINDS[text]


CREDENTIALS = {
    "Server=tcp:x;Database=d;User ID=u;Password=p;": {"password"},
    "Server=x;Pwd=p": {"password"},
    "Server=x;Authentication=Active Directory Managed Identity": set(),
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc==": {"account-key"},
    "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=abc=": {"account-key"},
    "https://a.blob.core.windows.net/c?sv=2022&sig=abc%3D": {"sas"},
    "BlobEndpoint=https://x;SharedAccessSignature=sv=2022": {"sas"},
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl": {"jwt"},
    "-----BEGIN RSA PRIVATE KEY-----\nMII": {"private-key"},
    "-----BEGIN CERTIFICATE-----\nMII": set(),
    "postgres://user:pass@host/db": {"url-userinfo"},
    "sqlserver://app:p%40ss@sql.example.org:1433?database=d": {"url-userinfo"},
    "sqlserver://sql.example.org?database=d&fedauth=ActiveDirectoryManagedIdentity": set(),
    "https://user@host/": set(),
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": {"high-entropy"},
    "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ": {"high-entropy"},
    "cloud-backend": set(),
    "production": set(),
    "https://cloud.example.org/some/long/path/to/nowhere/1234": set(),
    "/home/site/wwwroot/node_modules": set(),
    KEY: set(),
    "true": set(),
    "": set(),
}


@pytest.mark.parametrize("text", CREDENTIALS)
def test_credential_shapes(text: str) -> None:
    assert set(credentials(text)) == CREDENTIALS[text]


@pytest.mark.parametrize(
    "text",
    [
        *("changeme", "CHANGE-ME", "todo", "TBD", "dummy", "xxx", "XXXXXXXX", "<secret>", "${SECRET}", "{{ secret }}"),
        *("replace-me", "Replace this", "your-key-here", "password", "***"),
    ],
)
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["", "xx", "tested", "a<b>c", "replacement", "9f86d081884c7d65", "testing-1"])
def test_not_placeholders(text: str) -> None:
    assert not is_placeholder(text)


def test_parts_are_normalised_before_they_are_compared() -> None:
    one = f"InstrumentationKey={KEY};IngestionEndpoint=https://W.in.example.com:443/;LiveEndpoint=https://l"
    two = f" ingestionendpoint = https://w.in.example.com ; INSTRUMENTATIONKEY={KEY.upper()};"
    assert telemetry_parts(one) == telemetry_parts(two) != ()
    other = one.replace("W.in", "e.in")
    assert telemetry_parts(other) != telemetry_parts(one)


def test_a_container_variable_names_a_setting_or_is_a_value() -> None:
    classifier = Classifier()
    for text, empty in {"SMTP": True, "smtp": False, "hunter2": False, "": True}.items():
        held = classifier.variable(Sealed(text), {"SMTP"})
        assert isinstance(held, LiteralValue)
        assert held.value.empty is empty, text


@pytest.mark.parametrize(
    ("text", "resolves"),
    [
        ("@Microsoft.KeyVault(VaultName=kv-a;SecretName=T", True),
        ('"@Microsoft.KeyVault(VaultName=kv-a;SecretName=T)"', True),
        ("Bearer @microsoft.keyvault(SecretUri=https://kv-a.vault.azure.net/secrets/T/)", True),
        ("user@microsoft.example", False),
        ("https://kv-a.vault.azure.net/secrets/T", False),
    ],
)
def test_a_reference_inside_a_longer_text(text: str, resolves: bool) -> None:
    value = Classifier().value(Sealed(text))
    assert value.unresolved_reference is resolves
    assert value.credentials == ()


SET = "kv-a and kv-b"


def test_equality_and_near_misses() -> None:
    classifier = Classifier()
    value, newline, other = (classifier.secret(Sealed(text), SET) for text in ("abc", "abc\n", "abd"))
    assert value.same != newline.same
    assert value.same_trimmed == newline.same_trimmed == value.same
    assert newline.outer_whitespace
    assert not value.outer_whitespace
    assert other.same not in (value.same, newline.same)
    marked = classifier.secret(Sealed("\ufeffabc"), SET)
    assert marked.same_trimmed == value.same
    assert marked.outer_whitespace


def test_settings() -> None:
    classifier = Classifier()
    assert isinstance(classifier.setting(Sealed("@Microsoft.KeyVault(VaultName=kv-a;SecretName=T)")), VaultReference)
    assert isinstance(classifier.setting(Sealed("@Microsoft.AppConfiguration(x)")), OtherReference)
    literal = classifier.setting(None)
    assert isinstance(literal, LiteralValue)
    assert literal.value.empty
    assert classifier.value(Sealed("@Microsoft.KeyVault(x)")).unresolved_reference


@given(st.lists(st.text(), max_size=8))
def test_equal_labels_mean_equal_texts(texts: list[str]) -> None:
    classifier = Classifier()
    labels = [classifier.secret(Sealed(text), SET).same for text in texts]
    for one, left in zip(labels, texts, strict=True):
        for other, right in zip(labels, texts, strict=True):
            assert (one == other) == (left == right)


@given(st.text(min_size=1))
def test_no_label_reveals_its_text(text: str) -> None:
    """The same text gets another label in another run, and labels follow neither its order nor its length."""
    first, second = (Classifier().secret(Sealed(text), SET) for _ in range(2))
    assert first.same != second.same
    told = {name: value for name, value in asdict(first).items() if not name.startswith("same") and name != "parts"}
    again = {name: value for name, value in asdict(second).items() if not name.startswith("same") and name != "parts"}
    assert told == again


@given(st.text(min_size=6))
def test_a_class_holds_no_piece_of_the_text(text: str) -> None:
    shown = repr(Classifier().secret(Sealed(f"zq{text}zq"), SET))
    assert "zq" not in shown


def test_labels_are_not_drawn_in_order() -> None:
    classifier = Classifier()
    labels = [classifier.secret(Sealed(f"value {number}"), SET).same for number in range(64)]
    assert len(set(labels)) == 64
    assert labels != sorted(labels)
    assert isinstance(classifier.value(Sealed("x")), ValueClass)
    assert "value" not in repr(classifier)


def test_a_guess_is_compared_with_no_secret_of_another_set() -> None:
    """Whoever may write a setting, or another secret, and read the snapshot cannot try what a secret is."""
    secret, guess = "4711", "4712"
    telemetry = "InstrumentationKey={};IngestionEndpoint=https://{}.example.com/"
    keys = ("0b7ac7a5-38b8-4b76-9f6a-1f7c1d6f3a11", "9f0bb3f5-8e2a-4bb2-b1c5-6f6a62f7d2a4")

    def told(tried: str) -> tuple[object, ...]:
        classifier = Classifier()
        known = [
            classifier.secret(Sealed(secret), SET),
            classifier.secret(Sealed(tried), "another set"),
            classifier.setting(Sealed(tried)),
            classifier.variable(Sealed(tried), ()),
            classifier.share_key(Sealed(tried)),
            classifier.value(Sealed(telemetry.format(keys[0], secret))),
            classifier.setting(Sealed(telemetry.format(keys[1], tried))),
        ]
        return relabelled(known)

    assert told(secret) == told(guess)


def relabelled(node: object) -> tuple[object, ...]:
    """A value laid flat, its labels renamed by first appearance."""
    names: dict[object, int] = {}
    flat: list[object] = []

    def lay(each: object, name: str) -> None:
        if is_dataclass(each):
            for field in fields(each):
                lay(getattr(each, field.name), field.name)
        elif isinstance(each, (list, tuple)):
            for one in each:
                lay(one, name)
        else:
            flat.append(names.setdefault(each, len(names)) if name in ("same", "same_trimmed") else each)

    lay(node, "")
    return tuple(flat)
