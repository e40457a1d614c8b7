"""Which credential is chosen, and what is said when it gives no token."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mzaudit.azure import Connection, Login, choose
from mzaudit.azure.client.access_tokens import caller
from mzaudit.errors import CredentialError, InputError
from mzaudit.simulator import Fault, Html, Malformed, Reset, Simulator, StatusFault, serve
from mzaudit.snapshot.observed import GapReason
from tests.azure.estates import HURRIED, connection_to, login_env, take
from tests.azure.gapped import asked
from tests.documented_estate import build

IDS = {"AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001", "AZURE_CLIENT_ID": "c"}
PIPELINE = {
    "SYSTEM_OIDCREQUESTURI": "https://dev.example.org/oidc",
    "SYSTEM_ACCESSTOKEN": "token",
    "AZURE_SERVICE_CONNECTION_ID": "s",
}
TASK = {  # what AzureCLI@2 sets of a federated connection
    "SYSTEM_OIDCREQUESTURI": "https://dev.example.org/oidc",
    "SYSTEM_ACCESSTOKEN": "token",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "of the task",
    "AZURESUBSCRIPTION_CLIENT_ID": "of the task",
    "AZURESUBSCRIPTION_TENANT_ID": "00000000-0000-0000-0000-000000000002",
}
FEDERATED = {"AZURE_FEDERATED_TOKEN_FILE": "token"}
SECRET = {"AZURE_CLIENT_SECRET": "hunter2"}
MANAGED = {"IDENTITY_ENDPOINT": "http://localhost/msi", "IDENTITY_HEADER": "h"}

CHOICES: dict[str, tuple[dict[str, str], str]] = {
    "pipeline first": (IDS | PIPELINE | FEDERATED | SECRET | MANAGED, "azure-pipelines"),
    "ids of the service connection": (
        TASK,
        "azure-pipelines",
    ),
    "a pipeline that mapped no token": (IDS | SECRET | {"SYSTEM_OIDCREQUESTURI": "https://x"}, "client secret"),
    "then the federated file": (IDS | FEDERATED | SECRET | MANAGED, "workload identity"),
    "then the environment": (IDS | SECRET | MANAGED, "client secret"),
    "then managed identity": (MANAGED, "system-assigned"),
    "a managed identity by client id": (MANAGED | {"AZURE_CLIENT_ID": "c"}, "user-assigned"),
    "managed identity when asked for": ({"MZAUDIT_CREDENTIAL": "managed-identity"} | IDS | SECRET, "user-assigned"),
    "the CLI when asked for": ({"MZAUDIT_CREDENTIAL": "azure-cli"} | IDS | SECRET, "Azure CLI"),
    "else the CLI": ({}, "Azure CLI"),
    "ids alone do not make a credential": (IDS, "Azure CLI"),
}


def chosen(env: dict[str, str]) -> Login:
    login = choose(env, Connection())
    asyncio.run(login.credential.close())
    return login


def test_the_end_of_a_line_is_no_part_of_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that came from a file, whose last line ends in a line feed."""
    given: list[object] = []
    monkeypatch.setattr("azure.identity.aio.ClientSecretCredential", lambda *values, **_: given.extend(values))
    choose({name: f"{value}\r\n" for name, value in (IDS | SECRET).items()}, Connection())
    assert given == [*IDS.values(), *SECRET.values()]
    monkeypatch.setattr(
        "mzaudit.azure.client.pipeline_credential.PipelineCredential", lambda **values: given.append(values)
    )
    choose({name: f" {value}\n" for name, value in (IDS | PIPELINE).items()}, Connection())
    assert given[-1] == given[-1] | {"system_access_token": "token", "service_connection_id": "s"}  # type: ignore[operator]
    with pytest.raises(CredentialError, match="AZURE_TENANT_ID is not set"):
        choose(SECRET | {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": " \n"}, Connection())


def test_an_agent_that_has_an_identity_of_its_own_lends_the_connection_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a workload in a cluster, or a virtual machine: all three ids are of the connection, or all three are not."""
    given: list[dict[str, object]] = []
    monkeypatch.setattr(
        "mzaudit.azure.client.pipeline_credential.PipelineCredential", lambda **values: given.append(values)
    )
    for own in (IDS, IDS | FEDERATED, IDS | MANAGED):
        choose(own | TASK, Connection())
        assert given[-1]["client_id"] == given[-1]["service_connection_id"] == "of the task"
        assert given[-1]["tenant_id"] == TASK["AZURESUBSCRIPTION_TENANT_ID"]
    with pytest.raises(CredentialError, match="AZURESUBSCRIPTION_CLIENT_ID is not set"):
        choose(IDS | {name: value for name, value in TASK.items() if "CLIENT" not in name}, Connection())


@pytest.mark.parametrize("case", CHOICES)
def test_the_first_whose_variables_are_set(case: str) -> None:
    env, name = CHOICES[case]
    login = chosen(env)
    assert name in login.name
    assert "hunter2" not in repr(login)


@pytest.mark.parametrize(
    ("env", "missing"),
    [
        (SECRET, "AZURE_TENANT_ID"),
        (SECRET | {"AZURE_TENANT_ID": "t"}, "AZURE_CLIENT_ID"),
        (FEDERATED | {"AZURE_TENANT_ID": "t"}, "AZURE_CLIENT_ID"),
        (PIPELINE, "AZURE_TENANT_ID"),
        (
            IDS | PIPELINE | {"SYSTEM_OIDCREQUESTURI": "http://dev.example.org/oidc"},
            "SYSTEM_OIDCREQUESTURI: expected h",
        ),
        (
            IDS | PIPELINE | {"SYSTEM_OIDCREQUESTURI": "http://127.0.0.1:80@example.org/"},
            "SYSTEM_OIDCREQUESTURI: expected",
        ),
        (IDS | PIPELINE | {"SYSTEM_OIDCREQUESTURI": "https://[::1"}, "SYSTEM_OIDCREQUESTURI: expected"),
        (IDS | PIPELINE | {"SYSTEM_OIDCREQUESTURI": "https://x:99999/"}, "SYSTEM_OIDCREQUESTURI: expected"),
        (IDS | PIPELINE | {"SYSTEM_OIDCREQUESTURI": "https://dev.azure.com@x/"}, "SYSTEM_OIDCREQUESTURI: expected"),
        ({"MZAUDIT_CREDENTIAL": "environment"} | IDS, "AZURE_CLIENT_SECRET"),
        ({"MZAUDIT_CREDENTIAL": "guess"}, "expected one of"),
        ({"MZAUDIT_CREDENTIAL": "hunter2"}, "found something else"),
        ({"AZURE_TENANT_ID": "not a tenant!"}, "azure-cli: AZURE_TENANT_ID: expected"),
        (IDS | PIPELINE | {"AZURE_TENANT_ID": "not a tenant!"}, "service connection): AZURE_TENANT_ID: expected"),
        (SECRET | {"AZURE_TENANT_ID": "not a tenant!", "AZURE_CLIENT_ID": "c"}, "AZURE_TENANT_ID"),
        (IDS | {"AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere.pem"}, "AZURE_CLIENT_CERTIFICATE_PATH (FileNotFoundError)"),
        (IDS | {"AZURE_CLIENT_CERTIFICATE_PATH": __file__}, "AZURE_CLIENT_CERTIFICATE_PATH (ValueError)"),
        (
            IDS | {"AZURE_CLIENT_CERTIFICATE_PATH": "/dev/zero"},
            "AZURE_CLIENT_CERTIFICATE_PATH: expected a regular file",
        ),
        (IDS | {"AZURE_FEDERATED_TOKEN_FILE": "/dev/zero"}, "AZURE_FEDERATED_TOKEN_FILE: expected a regular file"),
    ],
)
def test_what_is_missing_is_named(env: dict[str, str], missing: str) -> None:
    with pytest.raises(CredentialError) as wrong:
        choose(env, Connection())
    assert missing in str(wrong.value)
    assert "hunter2" not in str(wrong.value)


def failing(faults: list[Fault], change: dict[str, str] | None = None) -> str:
    with serve(build("compliant"), faults=faults) as sim:
        env = login_env(sim) | (change or {})
        with pytest.raises(CredentialError) as wrong:
            take(sim, login=lambda connection: choose(env, connection))
        assert [request for request in sim.requests if request.host == "management.azure.com"] == []
        assert sim.client_secret not in str(wrong.value)
    assert "environment (client secret)" in str(wrong.value)
    return str(wrong.value)


def test_a_wrong_secret() -> None:
    text = failing([], {"AZURE_CLIENT_SECRET": "hunter2-wrong"})
    assert "AADSTS7000215" in text
    assert "AZURE_CLIENT_SECRET" in text
    assert "hunter2" not in text


def test_a_wrong_tenant() -> None:
    text = failing([], {"AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001"})
    assert "AADSTS90002" in text


TOKEN = "/oauth2/v2.0/token"
REFUSALS: dict[str, tuple[Fault, str]] = {
    "401": (
        Fault(TOKEN, StatusFault(401, {"error": "invalid_client", "error_description": "AADSTS700016: x"})),
        "AADSTS700016",
    ),
    "500": (Fault(TOKEN, StatusFault(500)), "fails (HTTP 500)"),
    "503 in HTML": (Fault(TOKEN, Html(503)), "sign-in failed"),
    "200 in HTML": (Fault(TOKEN, Html(200)), "sign-in failed"),
    "not JSON": (Fault(TOKEN, Malformed()), "sign-in failed"),
    "no token": (Fault(TOKEN, StatusFault(200, {"token_type": "Bearer"})), "sign-in failed"),
    "reset": (Fault(TOKEN, Reset()), "could not be reached"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_no_token_for_whatever_reason(case: str) -> None:
    fault, said = REFUSALS[case]
    assert said in failing([fault])


def refused(sim: Simulator, connection: Connection) -> str:
    patient = replace(connection, retry=replace(HURRIED, budget=600.0))
    with pytest.raises((CredentialError, InputError)) as wrong:
        take(sim, login=lambda _: choose(login_env(sim), patient), seconds=600, retry=patient.retry, wire=True)
    return f"{wrong.type.__name__}: {wrong.value}"


def test_an_unreachable_sign_in() -> None:
    with socket.socket() as taken, serve(build("compliant")) as sim:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        said = refused(sim, replace(connection_to(sim), proxy=nowhere))
    assert said.startswith("CredentialError")
    assert "could not be reached" in said


def test_certificates_that_are_none_are_the_users_mistake() -> None:
    with serve(build("compliant")) as sim:
        said = refused(sim, replace(connection_to(sim), ca_file="nowhere.pem"))
    assert said.startswith("InputError: nowhere.pem")


def test_a_sign_in_whose_certificate_is_not_trusted() -> None:
    with serve(build("compliant")) as sim:
        assert "could not be reached" in refused(sim, replace(connection_to(sim), ca_file=None))


def test_a_refused_vault_token_is_a_gap_of_its_calls_alone() -> None:
    # the first token is Resource Manager's; the registry's, the vaults' and the databases' come later
    refused = StatusFault(400, {"error": "x", "error_description": "AADSTS500011: x"})
    faults = [Fault(TOKEN, refused, nth=n) for n in (2, 3, 4)]
    with serve(build("compliant"), faults=faults) as sim:
        snapshot = take(sim)
        tokens = [request for request in sim.requests if request.path.endswith(TOKEN)]
    gaps = asked(snapshot)
    assert {gap.reason for gap in gaps} == {GapReason.UNAUTHENTICATED}
    assert all(gap.call.startswith(("GET https://", "SQL ")) for gap in gaps)
    assert all("AADSTS500011" in gap.detail for gap in gaps)
    assert len(tokens) == 4


def test_a_credential_outside_azure_identity_will_do() -> None:
    class Opaque:
        def __init__(self, login: Login) -> None:
            self._inner = login.credential

        async def get_token(self, *scopes: str, **options: Any) -> Any:
            return await self._inner.get_token(*scopes, **options)

        async def close(self) -> None:
            await self._inner.close()

        async def __aenter__(self) -> Opaque:
            return self

        async def __aexit__(self, *_: object) -> None:
            return None

    with serve(build("compliant")) as sim:
        make: Callable[[Connection], Login] = lambda connection: Login(  # noqa: E731
            Opaque(choose(login_env(sim), connection)), "opaque"
        )
        assert asked(take(sim, login=make)) == []


def jwt(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{middle}.c2ln"


def test_the_caller_is_read_from_the_token() -> None:
    seen = caller(jwt({"oid": "o", "appid": "a", "tid": "t"}), "name")
    assert seen is not None
    assert (seen.object_id, seen.application_id, seen.tenant_id, seen.credential) == ("o", "a", "t", "name")
    newer = caller(jwt({"oid": "o", "azp": "a", "tid": 5}), "name")
    assert newer is not None
    assert (newer.application_id, newer.tenant_id) == ("a", "")


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.!!!.c", jwt([]), jwt({}), jwt({"oid": None}), "a.b"])
def test_an_opaque_token_names_no_caller(token: str) -> None:
    assert caller(token, "name") is None
