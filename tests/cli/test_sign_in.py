"""A sign-in that fails ends a command with the documented exit code and the sentence that cures it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.azure.sign_in_services import Service, fake_az, serving
from tests.cli.conftest import Outcome

IDS = {"AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001", "AZURE_CLIENT_ID": "c"}
CASES: Mapping[str, tuple[dict[str, str], str]] = {
    "azure-pipelines": (
        IDS
        | {
            "SYSTEM_OIDCREQUESTURI": "{url}/oidctoken",
            "SYSTEM_ACCESSTOKEN": "hunter2",
            "AZURE_SERVICE_CONNECTION_ID": "s",
        },
        "map SYSTEM_ACCESSTOKEN from $(System.AccessToken)",
    ),
    "workload-identity": (IDS | {"AZURE_FEDERATED_TOKEN_FILE": "nowhere"}, "AZURE_FEDERATED_TOKEN_FILE"),
    "environment": (
        IDS | {"AZURE_CLIENT_SECRET": "hunter2", "HTTPS_PROXY": "http://127.0.0.1:1"},
        "no connection to the proxy 127.0.0.1:1",
    ),
    "managed-identity": ({"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{url}"}, "refuses (HTTP 401)"),
    "azure-cli": ({"PATH": "{folder}"}, "not logged in"),
}


@pytest.mark.parametrize("credential", CASES)
def test_exit_4_and_a_sentence(
    credential: str, folder: Path, mzaudit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    env, sentence = CASES[credential]
    assert mzaudit("init").code == 0
    fake_az(folder, "ERROR: Please run 'az login' to setup account.")
    with serving(Service(401, {})) as service:
        for name, value in ({"MZAUDIT_CREDENTIAL": credential} | env).items():
            monkeypatch.setenv(name, value.format(url=service.url, folder=folder))
        said = mzaudit(
            "collect", "--env", "prd", "--subscription", "00000000-0000-0000-0000-000000000009", "-o", "x.json"
        )
    assert said.code == 4
    assert sentence in said.err
    assert "credential tried: " in said.err
    assert "hunter2" not in said.err + said.out
    assert not (folder / "x.json").exists()
