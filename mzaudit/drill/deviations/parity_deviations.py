"""What can differ between two environments without being wrong in either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredComponent, DesiredService, DesiredStorage, DesiredVault
from mzaudit.policy.models import AllowedDifference, Policy
from mzaudit.simulator import Estate, canary

Thing = TypeVar("Thing", DesiredService, DesiredVault, DesiredStorage, DesiredComponent)


@breaks(Policy, "parity")
def undeclared(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A difference that the policy does not allow, of each kind."""
    env = ground.env
    first, *rest = ground.wanted.environments.values()
    compared = rest if env.env == first.env else [first]
    services = _alone(env.services, (one for other in compared for one in other.services))
    vaults = _alone(env.vaults, (one for other in compared for one in other.vaults))
    containers = _alone(env.storage, (one for other in compared for one in other.storage))
    components = _alone(env.components, (one for other in compared for one in other.components))
    allowed = {difference.what for difference in ground.wanted.policy.parity}
    bends_: dict[str, tuple[str, Bend]] = _of_an_app(services[0]) if services else {}
    if vaults:
        vault = vaults[0]
        bends_["a vault closed to the network"] = (
            "vault-network",
            lambda estate: estate.resource(vault.id)["properties"].update(
                networkAcls={
                    "bypass": "AzureServices",
                    "defaultAction": "Deny",
                    "ipRules": [{"value": "203.0.113.0/24"}],
                    "virtualNetworkRules": [],
                }
            ),
        )
        bends_["an undocumented secret"] = (
            "vault-secrets",
            lambda estate: estate.put_secret(vault.name, "OLD-THING", canary()),
        )
    if containers:
        storage = containers[0]
        bends_["storage keys accepted"] = (
            "storage-keys",
            lambda estate: mutations.account(estate, storage).update(allowSharedKeyAccess=True),
        )
    if components:
        component = components[0]
        bends_["telemetry without an identity refused"] = (
            "telemetry-keys",
            lambda estate: estate.resource(component.id)["properties"].update(DisableLocalAuth=True),
        )
    demanded = (
        Demand.CONTAINERS,
        Demand.PLAN_MINIMUM,
        Demand.IDENTITY,
        Demand.REFERENCES,
        Demand.VAULT_ISOLATION,
        Demand.SECRETS,
        Demand.TELEMETRY,
        Demand.CONTAINER_ACCESS,
    )
    told = {what: mutate for what, (fact, mutate) in bends_.items() if fact not in allowed}
    yield from each(steps, demanded, told, all_environments=True)


def _alone(here: Iterable[Thing], there: Iterable[Thing]) -> list[Thing]:
    """Those that the other environments have too, and that are not one thing for both."""
    others = {one.key: _id(one) for one in there}
    return [one for one in here if one.key in others and others[one.key] != _id(one)]


def _id(thing: Thing) -> str:
    return thing.account_id if isinstance(thing, DesiredStorage) else thing.id


def _of_an_app(service: DesiredService) -> dict[str, tuple[str, Bend]]:
    """What of an app can differ, and the fact that does."""

    def attached(estate: Estate) -> None:
        mutations.attach(estate, service)

    def compose(estate: Estate) -> None:
        mutations.compose(estate, service)

    def wrong_name(estate: Estate) -> None:
        settings = mutations.settings(estate, service)
        settings["WEBSITE_PORT_2"] = settings.pop("WEBSITES_PORT")

    return {
        "a further app setting": (
            "app-settings",
            lambda estate: mutations.settings(estate, service).update(FEATURE_X="on"),
        ),
        "an app setting under another name": ("app-settings", wrong_name),
        "a further connection string": (
            "connection-strings",
            lambda estate: estate.connection_strings.update(
                {service.id.casefold(): {"Search": {"value": "https://search.corp.example/", "type": "Custom"}}}
            ),
        ),
        "a further identity": ("identity", attached),
        "a compose file where the others run an image": ("runtime", compose),
        "another plan": ("plan", lambda estate: mutations.resize(estate, service, "P3v3")),
    }


@breaks(AllowedDifference, "what")
@breaks(AllowedDifference, "between")
def unused(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A difference that is allowed and no longer there hides the next one."""
    difference = ground.wanted.policy.parity[int(steps[1])]
    environments = [ground.wanted.environments[env] for env in difference.between]
    if not all(env.services for env in environments):
        return
    if difference.what != "plan" or steps[-1] != "what":
        return

    recommended = [env.plans.recommended for env in environments if env.production]
    size = next((each for each in recommended if each is not None), "P2v3")

    def alike(estate: Estate) -> None:
        for env in environments:
            mutations.resize(estate, env.services[0], size)

    yield from each(
        steps, (Demand.PLAN_MINIMUM, Demand.PLAN_RECOMMENDED), {"plans made alike": alike}, all_environments=True
    )
