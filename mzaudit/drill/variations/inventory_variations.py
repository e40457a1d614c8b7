"""What may be in a documented resource group: what Azure makes by itself, parts of the documented, and the allowed."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.drill.deviations.inventory_deviations import add_bare
from mzaudit.drill.drill_case import DrillCase, DrillContext, each
from mzaudit.kinds import ACTION_GROUP, SMART_DETECTOR
from mzaudit.simulator import Estate
from mzaudit.snapshot.text.ids import group_of


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """Where the policy asks for what is not documented: nothing of this is."""
    spec, env = ground.wanted.policy.undocumented, ground.env
    if spec is None:
        return

    def by_azure(estate: Estate) -> None:
        for one in env.components:
            group = group_of(one.id)
            add_bare(SMART_DETECTOR.id(group, f"Failure Anomalies - {one.name}"), estate, location="global")
            add_bare(ACTION_GROUP.id(group, "Application Insights Smart Detection"), estate, location="global")
        for server in env.servers:
            add_bare(f"{server.id}/databases/master", estate)

    def parts(estate: Estate) -> None:
        for registry in env.registries:
            add_bare(f"{registry.id}/webhooks/deploy", estate)

    def allowed(estate: Estate) -> None:
        for one in spec.allow:
            called = one.name.replace("*", "x")
            if one.type.count("/") == 1:
                add_bare(f"{env.resource_group_id}/providers/{one.type}/{called}", estate)

    made = {"what Azure makes by itself": by_azure, "parts of the documented": parts, "what is allowed": allowed}
    yield from each(("undocumented",), (), made)
