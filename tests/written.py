"""What readers make of configuration text, from plain words: a test says that they are shown."""

from __future__ import annotations

from mzaudit.snapshot.text.shown import Shown
from mzaudit.snapshot.values import SettingValue, VaultReference
from mzaudit.snapshot.web import Container, Mount, ReferenceStatus, Runtime, Setting


def reference_to(vault: str | None, secret: str | None, version: str | None, problem: str = "") -> VaultReference:
    """A Key Vault reference."""
    return VaultReference(_shown(vault), _shown(secret), _shown(version), problem)


def container_of(name: str, image: str, main: bool, auth: str | None = None) -> Container:
    """A container."""
    return Container(Shown(name), Shown(image), main, _shown(auth))


def setting_of(name: str, value: SettingValue, kind: str = "") -> Setting:
    """A setting."""
    return Setting(Shown(name), value, Shown(kind))


def mount_of(name: str, account: str | None, credential: SettingValue | None) -> Mount:
    """A mounted share."""
    return Mount(Shown(name), _shown(account), credential)


def status_of(
    setting: str, status: str, vault: str | None, secret: str | None, version: str | None, active: str | None
) -> ReferenceStatus:
    """What App Service reports of a reference."""
    read = (_shown(vault), _shown(secret), _shown(version), _shown(active))
    return ReferenceStatus(Shown(setting), Shown(status), *read)


def stack_of(name: str, version: str = "") -> Runtime:
    """A runtime stack."""
    return Runtime("stack", Shown(name), version=Shown(version))


def _shown(text: str | None) -> Shown | None:
    return None if text is None else Shown(text)
