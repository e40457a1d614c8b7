"""Of configuration text only parts of a known grammar are shown: all else that people write leaves as its kind."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import mzaudit
from mzaudit.azure.readers.web_wire_models import AppSettings, WireReference
from mzaudit.azure.readers.wire_models import Unread, fault, read_item
from mzaudit.azure.text import linux_fx_version
from mzaudit.azure.text.sealed_values import Classifier
from mzaudit.snapshot.text import shown
from mzaudit.snapshot.text.key_vault_reference import parse
from mzaudit.snapshot.values import VaultReference
from tests.promises.leaks import Searcher

WORD = "Zk3Qv9xT1mR5pL7wB2"
GUID = "5f0c6b1e-7a4d-4c3b-9d2e-8f1a0b6c7d5e"
TOKEN = "ghp_" + "Zk3Qv9xT1mR5pL7wB2" * 2
JWT = "eyJhbGciOi.eyJzdWIiOiI.c2lnbmF0dXJl"
VERSION = "0123456789abcdef" * 2

IMAGES = {
    "user and password": f"user:{WORD}@acr.azurecr.io/app:1",
    "a token alone": f"{WORD}@acr.azurecr.io/app:1",
    "a signed URL": f"https://st.blob.core.windows.net/c/app.tar?sig={WORD}",
    "a signed path": f"st.blob.core.windows.net/c/app?sig={WORD}",
    "a signed tag": f"acr.azurecr.io/app:1?sig={WORD}",
    "a fragment": f"acr.azurecr.io/app:1#{WORD}",
    "a web hook without its scheme": f"hooks.example.com/services/{WORD}",
    "words after it": f"acr.azurecr.io/app:1 --password {WORD}",
    "two lines": f"acr.azurecr.io/app:1\n{WORD}",
    "a web hook in lower case, without its scheme": f"hooks.example.com/services/t0/b0/{WORD.lower()}",
    "a web hook with a GUID, without its scheme": f"hooks.example.com/{GUID}",
    "a token for a tag": f"acr.azurecr.io/app:{TOKEN}",
    "a key for a tag": f"acr.azurecr.io/app:{WORD}",
    "a JWT for a tag": f"acr.azurecr.io/app:{JWT}",
    "a token with a port": f"user:12345/app:{TOKEN}",
    "two digests": f"acr.azurecr.io/app@{WORD}@sha256:{'0' * 64}",
}
SHOWN = {
    "host, repository and tag": "acr.azurecr.io/team/app:1.2_3-x",
    "digest": f"acr.azurecr.io/app@sha256:{'0' * 64}",
    "tag and digest": f"localhost:5000/app:1@sha256:{'0' * 64}",
    "Docker Hub": "nginx",
    "a commit for a tag": "acr.azurecr.io/team/app:0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "a build for a tag": "acr.azurecr.io/app:Release20241130Build12345-RC1",
    "numbers in a name": "ghcr.io/k8snetworkplumbingwg/multus-cni20240101:v4.1.2-20240101.3",
}


def compose(text: str) -> str:
    return "COMPOSE|" + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("case", IMAGES)
@pytest.mark.parametrize("form", ["docker", "compose", "compose in flow style"])
def test_an_image_with_a_credential_leaves_as_its_kind(case: str, form: str) -> None:
    text = IMAGES[case]
    block = "services:\n  web:\n    image: |-\n" + "".join(f"      {line}\n" for line in text.split("\n"))
    quoted = text.replace("\n", "\\n")
    written = {
        "docker": f"DOCKER|{text}",
        "compose": compose(block),
        "compose in flow style": compose(f'{{services: {{web: {{"image": "{quoted}"}}}}}}'),
    }
    read = linux_fx_version.parse(written[form], Classifier())
    assert [container.main for container in read.containers] == [True]
    assert read.containers[0].image.endswith("(not shown)")
    assert Searcher([WORD, WORD.lower(), GUID, TOKEN, JWT]).found(repr(read)) == []


@pytest.mark.parametrize("case", SHOWN)
def test_an_image_reference_is_shown_whole(case: str) -> None:
    assert shown.image(SHOWN[case]) == SHOWN[case]


@pytest.mark.parametrize("host", ["AKIA" + "QX7" * 5 + "Q", "AKIA" + "QX7" * 5 + "Q.example.com"])
def test_a_host_with_an_issuers_mark_is_not_shown(host: str) -> None:
    assert shown.host(host).endswith("(not shown)")
    assert shown.host("kv-mz-cloud-prd7x3m2q9vw") == "kv-mz-cloud-prd7x3m2q9vw"


RUNTIMES = {
    "no form": WORD,
    "a form that is none": f"{WORD}|3.12",
    "a URL for a form": f"https://user:{WORD}@example.org|x",
    "a compose service": compose(f"services: {{'a {WORD}': {{image: nginx}}}}"),
    "a compose variable that is a URL": compose(
        f"services: {{web: {{image: nginx, environment: ['sqlserver://u:{WORD}@h?a=b']}}}}"
    ),
    "a compose command": compose(f"services: {{web: {{image: nginx, command: 'serve --password {WORD}'}}}}"),
    "a compose file that is no YAML": compose(f"services: [{WORD}"),
    "a compose file that is no base64": f"COMPOSE|{WORD}",
}


NAMES = {
    "a key": (WORD, False),
    "a GitHub token": (TOKEN, False),
    "a JWT": (JWT, False),
    "a key with a name": (f"TOKEN_{WORD}", False),
    "a name": ("ConnectionStrings__Db1", True),
    "a name with a date": ("Feature20240101Enabled2FA", True),
    "a name of App Service's": ("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", True),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_name_with_the_marks_of_a_credential_is_not_shown(case: str) -> None:
    text, harmless = NAMES[case]
    assert (shown.name(text) == text) == harmless
    assert (shown.title(text) == text) == harmless
    assert (shown.secret(text.replace(".", "-")) is not None) == (harmless or case == "a JWT")


@pytest.mark.parametrize("case", NAMES)
def test_of_a_body_that_cannot_be_read_no_such_name_is_told(case: str) -> None:
    """A setting without a text, and the status of a reference that is none."""
    text, harmless = NAMES[case]
    with pytest.raises(ValidationError) as broken:
        AppSettings.model_validate({"id": "/x", "name": "x", "properties": {text: 5}})
    unread = read_item({"name": text, "properties": 5}, WireReference, "item 1")
    assert isinstance(unread, Unread)
    assert (text in fault(broken.value)) == harmless
    assert (unread.which == text) == harmless


@pytest.mark.parametrize("case", RUNTIMES)
def test_nothing_else_of_a_runtime_is_shown(case: str) -> None:
    assert Searcher([WORD]).found(repr(linux_fx_version.parse(RUNTIMES[case], Classifier()))) == []


REFERENCES = {
    "a web hook": (f"SecretUri=https://hooks.example.com/secrets/{WORD}", "hooks.example.com"),
    "a web hook with two parts": (f"SecretUri=https://hooks.example.com/secrets/name/{WORD}", "hooks.example.com"),
    "a host that only ends like a vault": (
        f"SecretUri=https://kv-a.vault.azure.net.example.com/secrets/{WORD}",
        "kv-a.vault.azure.net.example.com",
    ),
    "a host that is none": (f"SecretUri=https://a_{WORD}!/secrets/x", "a text (not shown)"),
    "a key for a secret's name": (f"VaultName=kv-a;SecretName={WORD}", "kv-a"),
    "a version beside an underscore": (f"VaultName=kv-a;SecretName=A_B;SecretVersion={WORD}/x", "kv-a"),
    "a version that Key Vault did not make": (f"VaultName=kv-a;SecretName=AB;SecretVersion={WORD}", "kv-a"),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_of_a_reference_to_no_vault_only_the_host_is_shown(case: str) -> None:
    body, vault = REFERENCES[case]
    read = parse(f"@Microsoft.KeyVault({body})")
    assert isinstance(read, VaultReference)
    assert read.vault == vault
    assert Searcher([WORD]).found(repr(read)) == []


def test_the_parts_of_a_vaults_reference_are_shown() -> None:
    read = parse(f"@Microsoft.KeyVault(SecretUri=https://kv-a.vault.azure.net/secrets/TOKEN/{VERSION})")
    assert read == VaultReference(shown.host("kv-a"), shown.secret("TOKEN"), shown.version(VERSION))
    assert VERSION in repr(read)


def test_only_one_module_makes_shown_text() -> None:
    """The type is worth what its constructors check: nowhere else is text called `Shown`."""
    package = Path(mzaudit.__file__).parent
    made = re.compile(r"\bShown\(|\bcast\(\W*Shown")
    makers = [path.relative_to(package) for path in package.rglob("*.py") if made.search(path.read_text("utf-8"))]
    assert makers == [Path("snapshot/text/shown.py")]
