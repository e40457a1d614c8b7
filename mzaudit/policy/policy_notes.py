"""What a reader of a policy should know; never an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mzaudit import kinds
from mzaudit.policy import role_names
from mzaudit.policy.desired import Where
from mzaudit.policy.models import Policy
from mzaudit.policy.name_checks import NameTemplate, spelled_names
from mzaudit.policy.resources.bind_resources import documented_types
from mzaudit.policy.resources.resource_models import BASELINE
from mzaudit.policy.semantics import stated_roles
from mzaudit.policy.spec_values import (
    stored_name,
)


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader of the policy should know, and the `file:line` that it is about; never an error."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def notes(policy: Policy, where: Where) -> tuple[Note, ...]:
    """Where the document asks for what Azure cannot hold, how much room a vault's name leaves, which roles are the
    tenant's own, and of what something is expected that is nowhere documented."""
    told = (_registry_note, _secret_notes, _vault_notes, _role_notes, _expectation_notes)
    return tuple(note for tell in told for note in tell(policy, where))


def _registry_note(policy: Policy, where: Where) -> Iterator[Note]:
    for key, registry in policy.registries.items():
        documented = registry.documented_name
        if documented is not None and not kinds.REGISTRY.name.pattern.fullmatch(documented):
            called = ", ".join(
                dict.fromkeys(
                    name for _, name in spelled_names(NameTemplate((), registry.name, kinds.REGISTRY.name, ()))
                )
            )
            yield Note(
                where("registries", key, "documented_name"),
                f"the document calls the registry {documented}, which Azure cannot hold (5 to 50 letters and digits); "
                f"{called} is looked for.",
            )


def _secret_notes(policy: Policy, where: Where) -> Iterator[Note]:
    for key, vault in policy.vaults.items():
        changed = {s: stored_name(policy.naming.secrets, s) for s in vault.secrets}
        pairs = ", ".join(f"{secret} as {stored}" for secret, stored in changed.items() if secret != stored)
        if pairs:
            yield Note(
                where("vaults", key, "secrets"),
                f"Key Vault names hold letters, digits and hyphens only; by naming.secrets: {policy.naming.secrets} "
                f"{key} stores {pairs}.",
            )


def _role_notes(policy: Policy, where: Where) -> Iterator[Note]:
    for at, role in stated_roles(policy):
        if not role_names.is_built_in(role):
            words = "is not a built-in role that mzaudit knows; the run looks for a custom role of that name."
            yield Note(where(*at), f"{role} {words}")


def _expectation_notes(policy: Policy, where: Where) -> Iterator[Note]:
    types = documented_types(policy)
    for kind in policy.expect:
        low, at = kind.casefold(), where("expect", kind)
        shared = at.rpartition(":")[0].endswith(BASELINE)  # which is written for many policies
        if not shared and not any(low == each or low.startswith(f"{each}/") for each in types):
            yield Note(at, f"no documented thing is of the type {kind}: nothing is asked of it.")


def _vault_notes(policy: Policy, where: Where) -> Iterator[Note]:
    for key, vault in policy.vaults.items():
        if isinstance(vault.name, str) and "{env}" in vault.name:
            room = (24 - len(vault.name.replace("{env}", ""))) // vault.name.count("{env}")
            yield Note(
                where("vaults", key, "name"),
                f"a vault name has at most 24 characters: {vault.name} fits an environment name of at most {room}.",
            )
