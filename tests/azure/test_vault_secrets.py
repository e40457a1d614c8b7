"""What backs a certificate: the vault itself says so, and its content type does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mzaudit.azure import VaultScope
from mzaudit.azure.readers import keyvault_reader
from mzaudit.simulator import Fault, SimulatedSecret, Simulator, StatusFault, Version, serve
from mzaudit.snapshot.keyvault import SecretItem
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from tests.azure.estates import CLOUD, Names, read_with
from tests.documented_estate import build

METADATA = r"GET https://kv-mz-cloud-prd\.vault\.azure\.net/secrets$"
PKCS12, PEM = "application/x-pkcs12", "application/x-pem-file"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    estate = build("compliant")
    held = estate.secrets["kv-mz-cloud-prd"]
    held["tls-certificate"] = SimulatedSecret([Version("0" * 32, "v", 1)], PKCS12, managed=True)
    held["uploaded"] = SimulatedSecret([Version("1" * 32, "v", 1)], PKCS12)
    held["uploaded-pem"] = SimulatedSecret([Version("2" * 32, "v", 1)], PEM.upper())
    held["SNAP-PUBLISH-TOKEN"].content_type = PKCS12
    with serve(estate) as made:
        yield made


def secrets(sim: Simulator, names: tuple[str, ...] = CLOUD) -> dict[str, SecretItem]:
    async def nothing() -> Listing[str]:
        return Listing()

    scope = VaultScope(Names(sim.subscription_id).cloud_vault, names)
    seen = read_with(sim, lambda run: keyvault_reader.vault(run, scope, nothing, values=False))
    return {item.name: item for item in seen.secrets.items}


def asked(sim: Simulator) -> int:
    return sum(one.method == "GET" and one.host.startswith("kv-mz-cloud-prd") for one in sim.requests)


def test_the_vault_says_what_backs_a_certificate(sim: Simulator) -> None:
    seen = secrets(sim)
    told = {name: seen[name].managed for name in ("tls-certificate", "uploaded", "uploaded-pem", "SECRET-KEY")}
    assert told == {
        "tls-certificate": Observed(True),
        "uploaded": Observed(False),
        "uploaded-pem": Observed(False),
        "SECRET-KEY": Observed(False),
    }


def test_a_documented_secret_is_not_asked_about(sim: Simulator) -> None:
    before = asked(sim)
    managed = secrets(sim, (*CLOUD, "tls-certificate", "uploaded", "uploaded-pem"))["SNAP-PUBLISH-TOKEN"].managed
    assert isinstance(managed, Gap)
    assert managed.reason is GapReason.NOT_COLLECTED
    assert asked(sim) == before


def test_a_vault_that_refuses_leaves_a_gap_of_those_alone(sim: Simulator) -> None:
    sim.faults[:] = [Fault(METADATA, StatusFault(403))]
    seen = secrets(sim)
    sim.faults.clear()
    managed = seen["uploaded"].managed
    assert isinstance(managed, Gap)
    assert managed.permission == "Microsoft.KeyVault/vaults/secrets/readMetadata/action"
    assert seen["SECRET-KEY"].managed == Observed(False)
