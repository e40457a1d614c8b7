"""Key Vault as seen: the vault, its secrets' attributes (control plane), classes of the values that a rule needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mzaudit.snapshot.moment import Moment
from mzaudit.snapshot.observed import Gap, Listing, Observed, not_asked
from mzaudit.snapshot.values import SecretValue


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """One access policy; permissions casefolded. One with an `application_id` does not serve a managed identity."""

    object_id: str
    application_id: str | None
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VaultProperties:
    """GET vault. `rbac` None or False means that access policies decide, and roles have no effect on data. The policies
    are None if they are not told, or of one not whose it is. Whether Resource Manager may take secrets for deployments,
    virtual machines for certificates, and disk encryption, only if set to true."""

    id: str
    name: str
    uri: str
    rbac: bool | None
    access_policies: tuple[AccessPolicy, ...] | None
    public_network_access: str | None
    default_action: str | None
    template_deployment: bool | None = None
    deployment: bool | None = None
    disk_encryption: bool | None = None


@dataclass(frozen=True, slots=True)
class SecretItem:
    """A secret's attributes without its value; `version` is today's current one; `managed` says whether it backs a
    certificate, which the vault itself is asked only about an undocumented secret that may."""

    name: str
    enabled: bool | None
    not_before: Moment | None
    expires: Moment | None
    updated: Moment | None
    version: str | None
    managed: Observed[bool] | Gap


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault: one facet a call.

    `secrets` is the control plane's list; `lookups` are direct reads (by casefolded stored name) of wanted secrets
    that the list did not hold; `deleted` tells whether a vault of this name, and which secrets, are soft-deleted;
    `values` are classes of the values read, by casefolded stored name.
    """

    id: str
    properties: Observed[VaultProperties | None] | Gap
    secrets: Listing[SecretItem]
    lookups: Mapping[str, Observed[SecretItem | None] | Gap]
    soft_deleted: Observed[bool] | Gap
    deleted_secrets: Listing[str]
    values: Mapping[str, Observed[SecretValue | None] | Gap]

    def secret(self, stored: str) -> Observed[SecretItem | None] | Gap:
        """The secret of that stored name: from the list, else from the direct read; never absent by the list alone."""
        for item in self.secrets.items:
            if item.name.casefold() == stored.casefold():
                return Observed(item)
        return self.lookups.get(stored.casefold()) or not_asked(f"GET {self.id}/secrets/{stored}")

    def value(self, stored: str) -> Observed[SecretValue | None] | Gap:
        """The class of that secret's current value."""
        return self.values.get(stored.casefold()) or not_asked(f"GET secret {stored} of {self.id}")
