"""Which requests may leave, and where a token may follow a link."""

from __future__ import annotations

import pytest

from mzaudit.azure.client.guard import reads, same_origin

SITE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SITE),
        ("get", SITE),
        ("HEAD", SITE),
        ("POST", f"{SITE}/config/appsettings/list"),
        ("POST", f"{SITE}/slots/staging/config/connectionstrings/list"),
        ("POST", f"{SITE.upper()}/CONFIG/AZURESTORAGEACCOUNTS/LIST"),
        ("POST", "/providers/Microsoft.ResourceGraph/resources"),
        ("POST", "/oauth2/exchange"),
        ("POST", "/oauth2/token"),
    ],
)
def test_reads(method: str, path: str) -> None:
    assert reads(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", SITE),
        ("PATCH", SITE),
        ("DELETE", SITE),
        ("POST", SITE),
        ("POST", f"{SITE}/restart"),
        ("POST", f"{SITE}/config/publishingcredentials/list"),
        ("POST", f"{SITE}/config/configreferences/appsettings/refresh"),
        ("PUT", f"{SITE}/config/appsettings/list"),
        ("POST", f"{SITE}/config/appsettings/list/"),
        ("POST", f"{SITE}/x/config/appsettings/list"),
        ("POST", "/subscriptions/s/providers/Microsoft.Web/register"),
        ("POST", "/subscriptions/s/oauth2/token"),
        ("POST", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/listKeys"),
        ("POST", "/x/providers/Microsoft.ResourceGraph/resources"),
        ("OPTIONS", SITE),
        ("", SITE),
    ],
)
def test_all_else_is_refused(method: str, path: str) -> None:
    assert not reads(method, path)


HERE = "https://management.azure.com/subscriptions?x=1"


@pytest.mark.parametrize(
    "link", ["https://management.azure.com/y", "https://MANAGEMENT.azure.com:443/y", "HTTPS://management.azure.com/"]
)
def test_a_link_on_the_same_origin(link: str) -> None:
    assert same_origin(HERE, link)


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/y",
        "http://management.azure.com/y",
        "https://management.azure.com:8443/y",
        "https://management.azure.com.example.org/y",
        "https://management.azure.com@example.org/y",
        "https://user:pw@management.azure.com/y",
        "https://management.azure.com:port/y",
        "https://[bad/y",
        "/y",
        "",
        "ftp://management.azure.com/y",
    ],
)
def test_a_link_elsewhere(link: str) -> None:
    assert not same_origin(HERE, link)
