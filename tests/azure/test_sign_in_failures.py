"""Each credential, refused on the wire for each cause: one sentence on what happened, to what, and what to do."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from mzaudit.azure import Connection, choose
from mzaudit.azure.client.access_tokens import Tokens
from mzaudit.azure.client.sign_in_failures import ENTRA as CODES
from mzaudit.errors import CredentialError
from tests.azure.estates import HURRIED
from tests.azure.sign_in_services import ENTRA, Service, entra, fake_az, serving

IDS = {"AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001", "AZURE_CLIENT_ID": "c"}
SECRET = IDS | {"AZURE_CLIENT_SECRET": "hunter2"}
SECRETS = ("hunter2", "job-token", "oidc-token", "federated-token", "proxy-password")


@dataclass(frozen=True)
class Case:
    """What stands there, and the words that have to be in the sentence."""

    credential: str
    said: tuple[str, ...]
    entra: Service | None = None
    oidc: Service | None = None
    imds: Service | None = None
    az: tuple[str, str, int] | None = None
    env: dict[str, str] = field(default_factory=dict)


def of_entra(credential: str, code: str, *said: str) -> Case:
    return Case(credential, (code, *said), entra=Service(401, entra(code)))


def of_oidc(status: int, body: object, *said: str) -> Case:
    return Case("azure-pipelines", ("Azure DevOps", *said), oidc=Service(status, body))


def of_imds(status: int, text: str, *said: str, client: str = "") -> Case:
    env = {"AZURE_CLIENT_ID": client} if client else {}
    return Case("managed-identity", said, imds=Service(status, {"error": "x", "error_description": text}), env=env)


def of_az(stderr: str, *said: str, stdout: str = "", status: int = 1) -> Case:
    return Case("azure-cli", said, az=(stderr, stdout, status))


CASES: dict[str, Case] = {
    # Entra, asked by each credential
    "a secret that is wrong": of_entra("client-secret", "AADSTS7000215", "AZURE_CLIENT_SECRET", "not to its id"),
    "a secret that has expired": of_entra("client-secret", "AADSTS7000222", "expired", "create a new one"),
    "an application elsewhere": of_entra("client-secret", "AADSTS700016", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"),
    "a certificate of another": of_entra("client-certificate", "AADSTS700027", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "a certificate of last year": of_entra("client-certificate", "AADSTS1000502", "make a new one"),
    "a federated token too old": of_entra("workload-identity", "AADSTS700024", "clock"),
    "no federated credential": of_entra("workload-identity", "AADSTS70021", "issuer, subject and audience"),
    "another subject": of_entra("azure-pipelines", "AADSTS700213", "subject", "service connection"),
    "another case": of_entra("azure-pipelines", "AADSTS7002138", "upper and lower case"),
    "an application that is forbidden": of_entra("azure-pipelines", "AADSTS53003", "Conditional Access"),
    "another cloud": of_entra("client-secret", "AADSTS90038", "MZAUDIT_CLOUD"),
    "a code of tomorrow": of_entra("client-secret", "AADSTS7654321", "https://login.microsoftonline.com/error"),
    # Entra, without a code
    "Entra is throttled": Case("client-secret", ("HTTP 429", "later"), entra=Service(429, {})),
    "Entra is down": Case("client-secret", ("is not Microsoft Entra", "later"), entra=Service(503, "<html>")),
    "a page that wants a login": Case(
        "client-secret", ("is not Microsoft Entra", "HTTPS_PROXY"), entra=Service(403, "<html>sign in")
    ),
    "a page in place of a token": Case("client-secret", ("proxy on the way",), entra=Service(200, "<html>welcome")),
    # Azure DevOps
    "a job's token that is none": of_oidc(401, {}, "HTTP 401", "SYSTEM_ACCESSTOKEN", "$(System.AccessToken)"),
    "a pipeline that is not authorised": of_oidc(403, {}, "HTTP 403", "Security"),
    "no such connection": of_oidc(404, {}, "HTTP 404", "id of the service connection"),
    "a stage that names no connection": of_oidc(
        200,
        {"count": 1, "value": "There is no explicit reference to service connection x from current stage"},
        "this stage does not name",
        "azureSubscription",
    ),
    "Azure DevOps is down": of_oidc(503, "<html>", "HTTP 503", "status.dev.azure.com"),
    "a page to sign in at": of_oidc(203, "<html>", "HTTP 203", "SYSTEM_OIDCREQUESTURI"),
    "an empty token": of_oidc(200, {"oidcToken": ""}, "HTTP 200", "SYSTEM_OIDCREQUESTURI"),
    # managed identity
    "no system-assigned identity": of_imds(400, "Identity not found", "does not have that identity", "AZURE_CLIENT_ID"),
    "another user-assigned identity": of_imds(
        400, "Identity not found", "does not have", "AZURE_CLIENT_ID", client="c"
    ),
    "several, and none named": of_imds(
        400, "Multiple user assigned identities exist, please specify the clientId", "AZURE_CLIENT_ID"
    ),
    "the endpoint refuses": of_imds(403, "no", "HTTP 403", "firewall"),
    "a container that may not": of_imds(403, "connecting to 169.254.169.254:80: unreachable", "MZAUDIT_CREDENTIAL"),
    "the endpoint is throttled": of_imds(429, "Retry after 2 seconds", "HTTP 429", "in a minute"),
    "the endpoint is being updated": of_imds(410, "Gone", "HTTP 410", "in a minute"),
    "the endpoint says a page": Case("managed-identity", ("cannot be read",), imds=Service(200, "<html>")),
    "no endpoint": Case(
        "managed-identity",
        ("no endpoint of managed identities", "MZAUDIT_CREDENTIAL"),
        env={"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"},
    ),
    "half of App Service's": Case(
        "managed-identity", ("IDENTITY_HEADER",), env={"IDENTITY_ENDPOINT": "http://127.0.0.1:1/msi"}
    ),
    # the file of a federated token
    "a token's file that is not mounted": Case(
        "workload-identity",
        ("AZURE_FEDERATED_TOKEN_FILE", "FileNotFoundError"),
        env={"AZURE_FEDERATED_TOKEN_FILE": "/nowhere/token"},
    ),
    # the Azure CLI
    "no az": Case("azure-cli", ("not on the PATH", "install the Azure CLI")),
    "az is not logged in": of_az("ERROR: Please run 'az login' to setup account.\n", "not logged in", "`az login`"),
    "az is in another tenant": of_az(
        "ERROR: Can't find token from MSAL cache.\nPlease run:\naz login --tenant hunter2\n", "--tenant"
    ),
    "az's session has expired": of_az(
        "ERROR: AADSTS700082: The refresh token has expired due to inactivity. hunter2\nRun: az login\n",
        "AADSTS700082",
        "az login",
    ),
    "az's account is of another tenant": of_az("AADSTS50034: The user account hunter2", "AADSTS50034", "--tenant"),
    "az's device is not managed": of_az("AADSTS530003: Your device is required to be managed", "device"),
    "az wants a second factor": of_az("AADSTS50076: Due to a configuration change", "multi-factor", "az login"),
    "az says something else": of_az("ERROR: hunter2", "az account get-access-token"),
    "az prints a notice": of_az("", "az account get-access-token", stdout="hunter2", status=0),
    "az is no program": of_az("", "`az`", status=127),
}


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AZURE_", "IDENTITY_", "MSI_", "SYSTEM_", "IMDS_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def variables(case: Case, folder: Path, authority: trustme.CA) -> dict[str, str]:
    """The environment of a job that signs in by the credential."""
    match case.credential:
        case "azure-pipelines":
            port = case.oidc.port if case.oidc is not None else 1
            own = {
                "SYSTEM_OIDCREQUESTURI": f"http://127.0.0.1:{port}/oidctoken",
                "SYSTEM_ACCESSTOKEN": "job-token",
                "AZURE_SERVICE_CONNECTION_ID": "s",
            }
        case "workload-identity":
            (folder / "token").write_text("federated-token")
            own = {"AZURE_FEDERATED_TOKEN_FILE": str(folder / "token")}
        case "client-secret":
            own = {"AZURE_CLIENT_SECRET": "hunter2"}
        case "client-certificate":
            authority.issue_cert("auditor", key_type=trustme.KeyType.RSA).private_key_and_cert_chain_pem.write_to_path(
                folder / "auditor.pem"
            )
            own = {"AZURE_CLIENT_CERTIFICATE_PATH": str(folder / "auditor.pem")}
        case _:
            return {"MZAUDIT_CREDENTIAL": case.credential} | case.env
    return IDS | own | case.env


def refusal(env: dict[str, str], connection: Connection) -> str:
    """What is said of a sign-in; nothing that was secret is in it."""

    async def sign_in() -> None:
        login = choose(env, connection)
        try:
            await Tokens(login, 20).for_arm("https://management.azure.com/.default")
        finally:
            await login.credential.close()

    with pytest.raises(CredentialError) as wrong:
        asyncio.run(sign_in())
    said = str(wrong.value)
    assert not [secret for secret in SECRETS if secret in said]
    assert said.isprintable()
    return said


@contextmanager
def proxied(service: Service, authority: trustme.CA, folder: Path, *, trusted: bool = True) -> Iterator[Connection]:
    """A way to Entra through a proxy, behind which the service stands in for it."""
    service.tunnel = service.tunnel or 200
    if service.certificate is None:
        service.certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(ENTRA).configure_cert(service.certificate)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    with serving(service):
        yield Connection(
            proxy=service.url.replace("//", "//user:proxy-password@"),
            ca_file=str(folder / "ca.pem") if trusted else None,
            no_proxy="127.0.0.1",
            retry=HURRIED,
        )


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_is_explained(
    name: str, tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    if case.credential == "azure-cli":
        if case.az is not None:
            stderr, stdout, status = case.az
            fake_az(tmp_path, stderr, stdout=stdout, status=status)
        monkeypatch.setenv("PATH", str(tmp_path))
    if case.credential == "azure-pipelines" and case.oidc is None:
        case = Case(case.credential, case.said, case.entra, Service(200, {"oidcToken": "oidc-token"}), env=case.env)
    with (
        proxied(case.entra or Service(500), authority, tmp_path) as connection,
        serving(case.oidc or Service()),
        serving(case.imds or Service()) as imds,
    ):
        env = variables(case, tmp_path, authority)
        if case.imds is not None:
            env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = imds.url
        for key in ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "IDENTITY_ENDPOINT"):  # azure-identity looks there itself
            if key in env:
                monkeypatch.setenv(key, env[key])
        said = refusal(env, connection)
    assert [words for words in case.said if words not in said] == [], said
    assert re.search(r"credential tried: [^;]+; ", said), "to what"


def test_every_code_says_what_happened_and_what_to_do() -> None:
    for code, (what, cure) in CODES.items():
        assert re.fullmatch(r"AADSTS\d{5,7}", code)
        assert what, code
        assert cure, code
        assert ":" not in what, code


WRONG: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], bool, tuple[str, ...]]] = {
    "an authority that is not known": (
        lambda authority: authority.issue_cert(ENTRA),
        False,
        ("unable to get local issuer certificate", "SSL_CERT_FILE"),
    ),
    "a certificate of last year": (
        lambda authority: authority.issue_cert(ENTRA, not_after=datetime(2020, 1, 1, tzinfo=UTC)),
        True,
        ("certificate has expired", "renewed"),
    ),
    "a certificate of another host": (
        lambda authority: authority.issue_cert("proxy.example.org"),
        True,
        (f"not valid for '{ENTRA}'", "check the DNS and the proxy"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("credential", ["client-secret", "azure-pipelines"])
def test_what_openssl_says_reaches_the_person(
    name: str, credential: str, tmp_path: Path, authority: trustme.CA
) -> None:
    issue, trusted, words = WRONG[name]
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issue(authority).configure_cert(certificate)
    case = Case(credential, (), oidc=Service(200, {"oidcToken": "oidc-token"}))
    assert case.oidc is not None
    with (
        serving(case.oidc),
        proxied(Service(certificate=certificate), authority, tmp_path, trusted=trusted) as connection,
    ):
        said = refusal(variables(case, tmp_path, authority), connection)
    assert [each for each in (f"the certificate of {ENTRA}", *words) if each not in said] == [], said


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (407, ("HTTP 407", "into HTTPS_PROXY")),
        (403, (ENTRA, "HTTP 403", "NO_PROXY")),
        (502, (ENTRA, "HTTP 502", "ask its operator")),
    ],
)
def test_a_proxy_that_opens_no_way(status: int, words: tuple[str, ...], tmp_path: Path, authority: trustme.CA) -> None:
    with proxied(Service(tunnel=status), authority, tmp_path) as connection:
        said = refusal(SECRET, connection)
    assert [each for each in words if each not in said] == [], said


def test_a_proxy_that_is_not_there() -> None:
    said = refusal(SECRET, Connection(proxy="http://user:proxy-password@127.0.0.1:1", retry=HURRIED))
    assert "no connection to the proxy 127.0.0.1:1 (Connection refused): check HTTPS_PROXY" in said


def test_each_host_is_reached_in_its_own_way(tmp_path: Path, authority: trustme.CA) -> None:
    """Azure DevOps directly and Entra through the proxy: neither's way is taken for the other's."""
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(certificate)
    devops = Service(200, {"oidcToken": "oidc-token"}, certificate=certificate)
    service = Service(401, entra("AADSTS700213"))
    with serving(devops), proxied(service, authority, tmp_path) as connection:
        env = variables(Case("azure-pipelines", (), oidc=devops), tmp_path, authority)
        env["SYSTEM_OIDCREQUESTURI"] = f"https://localhost:{devops.port}/oidctoken"
        assert "AADSTS700213" in refusal(env, replace(connection, no_proxy="localhost"))
    assert devops.asked == ["POST /oidctoken?api-version=7.1&serviceConnectionId=s HTTP/1.1"]
    assert [line for line in service.asked if "CONNECT" in line] == [f"CONNECT {ENTRA}:443 HTTP/1.1"]
    assert not [line for line in service.asked if "oidctoken" in line]
