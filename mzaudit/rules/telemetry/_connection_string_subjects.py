"""What is asked of connection strings of telemetry: each secret that must name a documented component."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mzaudit.engine.subjects import Subject
from mzaudit.policy.desired import (
    Desired,
    DesiredComponent,
    DesiredEnvironment,
    DesiredSecret,
)
from mzaudit.policy.enums import SecretKind


@dataclass(frozen=True, slots=True)
class DocumentedConnectionString:
    """The secret of a vault that holds the component's connection string."""

    secret: DesiredSecret
    component: DesiredComponent


def each_connection_string(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DocumentedConnectionString]]:
    """Every documented secret that holds a component's connection string: as a setting of a service that exports there,
    or, where no service refers to it, by its own name."""
    readers: dict[tuple[str, str], DesiredComponent] = {}
    for service in env.services:
        for one in service.settings:
            if service.exports_to is not None and one.name == service.exports_to.setting:
                readers.setdefault((one.secret.vault, one.secret.name), service.exports_to)
    alone = env.components[0] if len(env.components) == 1 else None
    for vault in env.vaults:
        for secret in vault.secrets:
            component = readers.get((vault.name, secret.name))
            if component is None and alone is not None and secret.name == alone.setting:
                component = alone
            if component is not None and secret.spec.kind is SecretKind.APPLICATION_INSIGHTS:
                parts = {"vault": (vault.name,), "secret": (secret.name,), "component": (component.name,)}
                secret_id = f"{vault.id}/secrets/{secret.stored}"
                name = f"{vault.name}/{secret.name}"
                want = DocumentedConnectionString(secret, component)
                yield Subject(env.env, "secret", name, secret_id, want, secret.where, parts)
