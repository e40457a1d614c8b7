"""KV-005, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.keyvault.secret_undocumented import secret_undocumented
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import SecretItem
from mzaudit.snapshot.observed import Gap, Listing, Observed
from tests.built_estate import Bend, ask, gap, said, secret_gone, secret_item, vault, vault_facets

CLOUD = vault("cloud")
NO = Observed(False)


def holds(*names: str, managed: Observed[bool] | Gap = NO, enabled: bool = True, cut: bool = False) -> Bend:
    def mutate(seen: Snapshot) -> Snapshot:
        extra = tuple(SecretItem(name, enabled, None, None, None, None, managed) for name in names)
        items = (*seen.vault(CLOUD.id).secrets.items, *extra)
        return vault_facets(CLOUD, secrets=Listing(items, gap() if cut else None))(seen)

    return mutate


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "in another case": ((secret_item(CLOUD, "SECRET-KEY", name="secret-key"),), Pass, ""),
    "one is missing, which is KV-003's business": ((secret_gone(CLOUD, "SECRET-KEY"),), Pass, ""),
    "an empty vault": ((vault_facets(CLOUD, secrets=Listing()),), Pass, ""),
    "one that backs a certificate": ((holds("tls-cert", managed=Observed(True)),), Pass, ""),
    "one that may back a certificate": ((holds("tls-cert", managed=gap()),), Inconclusive, "forbidden"),
    "an undocumented one": ((holds("OLD-SMTP-PASSWORD"),), Fail, "not documented: OLD-SMTP-PASSWORD."),
    "two, named in order": ((holds("B-TOKEN", "A-TOKEN"),), Fail, "A-TOKEN, B-TOKEN."),
    "another vault's documented one": ((holds("CLOUD-API-URL"),), Fail, "CLOUD-API-URL"),
    "a disabled one": ((holds("OLD", enabled=False),), Fail, "OLD"),
    "an undocumented one, list cut short": ((holds("OLD", cut=True),), Fail, "OLD"),
    "the list cut short": ((holds(cut=True),), Inconclusive, "forbidden"),
    "the list refused": ((vault_facets(CLOUD, secrets=Listing(gap=gap())),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_secret_undocumented(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(secret_undocumented, "kv-mz-cloud-prd", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
