"""What a 404 denies, and whether the run has seen otherwise."""

from __future__ import annotations

import asyncio
import json

import pytest

from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.readers.presence import Presence, denied
from mzaudit.kinds import Kind

GROUP = "/subscriptions/s/resourceGroups/g"
APP = f"{GROUP}/providers/Microsoft.Web/sites/a"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/x"
SERVER = f"{GROUP}/providers/Microsoft.Sql/servers/s"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"


def call(target: str, method: str = "GET", scope: str = "") -> Call:
    return Call(
        target, Kind(target.rpartition("/providers/")[2].partition("/")[0] + "/x", ""), "", scope, method=method
    )


def said(code: str, status: int = 404) -> Answer:
    return Answer(status, {}, json.dumps({"error": {"code": code}}).encode())


@pytest.mark.parametrize(
    ("target", "code", "gone"),
    [
        (APP, "ResourceNotFound", APP),
        (APP, "ResourceGroupNotFound", GROUP),
        (f"{APP}/slots", "ResourceNotFound", APP),
        (f"{APP}/slots/b", "ResourceNotFound", f"{APP}/slots/b"),
        (f"{APP}/slots/b", "ParentResourceNotFound", APP),
        (f"{APP}/slots/b/config/web", "ResourceNotFound", f"{APP}/slots/b"),
        (f"{APP}/config/configreferences/appsettings", "ResourceNotFound", APP),
        (f"{APP}/config/configreferences/appsettings", "NotFound", ""),
        (f"{APP}/providers/Microsoft.ManagedIdentity/identities/default", "ParentResourceNotFound", APP),
        (f"{ACCOUNT}/blobServices/default/containers/c", "ParentResourceNotFound", ACCOUNT),
        (
            f"{ACCOUNT}/blobServices/default/containers/c",
            "ContainerNotFound",
            f"{ACCOUNT}/blobServices/default/containers/c",
        ),
        (f"{SERVER}/databases", "ParentResourceNotFound", SERVER),
        (f"{SERVER}/databases/d", "ResourceNotFound", f"{SERVER}/databases/d"),
        (f"{GROUP}/providers/Microsoft.Sql/servers", "ResourceGroupNotFound", GROUP),
        (f"{GROUP}/providers/Microsoft.Sql/servers", "ResourceNotFound", ""),
        ("/subscriptions/s/providers/Microsoft.Insights/metricAlerts", "ResourceGroupNotFound", ""),
    ],
)
def test_what_a_404_denies(target: str, code: str, gone: str) -> None:
    assert denied(call(target), said(code)) == gone
    assert denied(call(target), said(code, 403)) == ""


def test_a_list_by_post_is_about_what_it_lists() -> None:
    assert denied(call(f"{APP}/config/appsettings/list", "POST"), said("ResourceNotFound")) == APP


def test_what_is_beneath_shows_what_is_above() -> None:
    seen = Presence()
    seen.saw(call(f"{APP}/config/web"))
    seen.saw(call("https://v.vault.azure.net/secrets/one", scope=f"{VAULT}/secrets/one"))
    seen.saw(call("/subscriptions/s/resourceGroups/other/providers/Microsoft.Authorization/permissions"))

    async def has(*ids: str) -> list[bool]:
        return [await seen.has(each) for each in ids]

    there = asyncio.run(has(APP.upper(), GROUP, VAULT, f"{VAULT}/secrets/one"))
    assert there == [True] * 4
    missing = asyncio.run(has("", f"{APP}x", f"{APP}/slots/b", SERVER, "/subscriptions/s/resourceGroups/other"))
    assert missing == [False] * 5


def test_what_is_being_asked_is_waited_for() -> None:
    async def both() -> bool:
        seen = Presence()
        with seen.asking(call(APP)):
            waiting = asyncio.create_task(seen.has(APP))
            await asyncio.sleep(0)
            assert not waiting.done()
            seen.saw(call(APP))
        return await waiting

    assert asyncio.run(both())
