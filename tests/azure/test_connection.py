"""The way to Azure as the environment describes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mzaudit.azure import Connection
from mzaudit.errors import InputError

ARM, VAULT = "https://management.azure.com/x", "https://kv-a.vault.azure.net/x"
PROXY = "http://proxy.example.org:3128"

PROXIES: dict[str, tuple[dict[str, str], str | None, str | None]] = {
    "none": ({}, None, None),
    "capitals": ({"HTTPS_PROXY": PROXY}, PROXY, PROXY),
    "small letters win": ({"HTTPS_PROXY": "http://other:1", "https_proxy": PROXY}, PROXY, PROXY),
    "for all": ({"ALL_PROXY": PROXY}, PROXY, PROXY),
    "not for http alone": ({"HTTP_PROXY": PROXY}, None, None),
    "without a scheme": ({"HTTPS_PROXY": "proxy.example.org:3128"}, PROXY, PROXY),
    "empty": ({"HTTPS_PROXY": ""}, None, None),
    "no proxy for anything": ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None, None),
    "a domain goes direct": ({"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost, .vault.azure.net"}, PROXY, None),
    "a domain without a dot": ({"HTTPS_PROXY": PROXY, "no_proxy": "vault.azure.net"}, PROXY, None),
    "a domain with a star": ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*.vault.azure.net"}, PROXY, None),
    "one host": ({"HTTPS_PROXY": PROXY, "NO_PROXY": "KV-A.vault.azure.net"}, PROXY, None),
    "its port": ({"HTTPS_PROXY": PROXY, "NO_PROXY": "kv-a.vault.azure.net:443"}, PROXY, None),
    "another port": ({"HTTPS_PROXY": PROXY, "NO_PROXY": "kv-a.vault.azure.net:8443"}, PROXY, PROXY),
    "no part of a name": ({"HTTPS_PROXY": PROXY, "NO_PROXY": "ault.azure.net,azure.org"}, PROXY, PROXY),
}


@pytest.mark.parametrize("case", PROXIES)
def test_proxies(case: str) -> None:
    env, arm, vault = PROXIES[case]
    connection = Connection.from_environment(env)
    assert connection.proxy_for(ARM) == arm
    assert connection.proxy_for(VAULT) == vault


def test_a_local_identity_endpoint_is_not_proxied() -> None:
    assert Connection(proxy=PROXY).proxy_for("http://169.254.169.254/metadata") is None


def test_certificates() -> None:
    assert Connection.from_environment({}).ca_file is None
    assert Connection.from_environment({"REQUESTS_CA_BUNDLE": "b"}).ca_file == "b"
    assert Connection.from_environment({"REQUESTS_CA_BUNDLE": "b", "SSL_CERT_FILE": "a"}).ca_file == "a"


def test_certificates_of_a_pipe_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path / "gone"):
        with pytest.raises(InputError, match="expected certificates"):
            Connection(ca_file=str(path)).certificates()


@pytest.mark.parametrize(
    ("name", "arm", "suffix"),
    [
        ("", "management.azure.com", "vault.azure.net"),
        ("public", "management.azure.com", "vault.azure.net"),
        ("USGovernment", "management.usgovcloudapi.net", "vault.usgovcloudapi.net"),
        ("china", "management.chinacloudapi.cn", "vault.azure.cn"),
    ],
)
def test_clouds(name: str, arm: str, suffix: str) -> None:
    endpoints = Connection.from_environment({"MZAUDIT_CLOUD": name}).endpoints
    assert endpoints.arm == f"https://{arm}"
    assert endpoints.vault_suffix == suffix


def test_clouds_are_those_of_the_sdk() -> None:
    from azure.core import AzureClouds
    from azure.mgmt.core.tools import get_arm_endpoints

    names = {"public": "AZURE_PUBLIC_CLOUD", "usgovernment": "AZURE_US_GOVERNMENT", "china": "AZURE_CHINA_CLOUD"}
    for name, of_sdk in names.items():
        endpoints = Connection.from_environment({"MZAUDIT_CLOUD": name}).endpoints
        told = get_arm_endpoints(AzureClouds[of_sdk])
        assert endpoints.arm == told["resource_manager"].rstrip("/")
        assert [endpoints.arm_scope] == told["credential_scopes"]


def test_the_sign_in_service_that_others_use_is_the_clouds() -> None:
    for cloud, host in (
        ("public", "https://login.microsoftonline.com/"),
        ("public", "login.windows.net"),
        ("usgovernment", "https://login.microsoftonline.us"),
        ("china", "login.partner.microsoftonline.cn"),
    ):
        Connection.from_environment({"MZAUDIT_CLOUD": cloud, "AZURE_AUTHORITY_HOST": host})
    with pytest.raises(InputError, match="set MZAUDIT_CLOUD=usgovernment"):
        Connection.from_environment({"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"})
    with pytest.raises(InputError, match=r"expected login\.chinacloudapi\.cn"):
        Connection.from_environment({"MZAUDIT_CLOUD": "china", "AZURE_AUTHORITY_HOST": "https://adfs.example.org/adfs"})
    for odd in ("http://[::1", "[", "https://[v1.x"):
        with pytest.raises(InputError, match=r"AZURE_AUTHORITY_HOST: expected login\.microsoftonline\.com"):
            Connection.from_environment({"AZURE_AUTHORITY_HOST": odd})


PROXIES_THAT_ARE_NONE = ("socks5://x:1", "http://", "http://[::1", "http://x:port", "http://x:99999", "http://a b:1")


@pytest.mark.parametrize(
    "env", [{"MZAUDIT_CLOUD": "mars"}, *({"HTTPS_PROXY": proxy} for proxy in PROXIES_THAT_ARE_NONE)]
)
def test_what_is_wrong_is_said_and_no_proxy_password_with_it(env: dict[str, str]) -> None:
    with pytest.raises(InputError):
        Connection.from_environment(env)


def test_a_proxy_password_is_not_repeated() -> None:
    with pytest.raises(InputError) as wrong:
        Connection.from_environment({"HTTPS_PROXY": "socks5://user:hunter2@x:1"})
    assert "hunter2" not in str(wrong.value)
