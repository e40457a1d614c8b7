"""What a SARIF log says of the automation that made it: ours, or the run of Azure Pipelines it is published from.

Advanced Security for Azure DevOps files a log by the run of the pipeline that `automationDetails` names, and
Microsoft's validator asks for one (rules GHAzDO1019 and GHAzDO1020). Elsewhere there is no such run, and none is made
up: the id is then the tool, the environments and the time, of which GitHub takes all but the time for the category.
"""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.engine.results import Report
from mzaudit.report.escaping import plain, shorten
from mzaudit.report.summary import utc

_PREFIX = "azuredevops/pipeline/build/"


@dataclass(frozen=True, slots=True)
class AzurePipelineRun:
    """A job's run in Azure Pipelines, by the names of SARIF; `phase` is the job as the YAML has it."""

    organization: str
    project_id: str
    definition_id: str
    definition_name: str
    phase_id: str
    phase_name: str
    branch: str
    build_id: str


def automation_details(report: Report, pipeline: AzurePipelineRun | None) -> dict[str, object]:
    """The `automationDetails` of a run."""
    if pipeline is None:
        return {"id": f"{report.tool.name}/{'+'.join(report.environments)}/{utc(report.run.started)}"}
    of = pipeline
    path = (of.organization, of.project_id, of.definition_id, of.phase_id, of.branch, of.build_id)
    return {
        "id": _PREFIX + "/".join(map(_text, path)),
        "properties": {
            f"{_PREFIX}buildDefinitionId": of.definition_id,
            f"{_PREFIX}buildDefinitionName": _text(of.definition_name),
            f"{_PREFIX}phaseId": of.phase_id,
            f"{_PREFIX}phaseName": _text(of.phase_name),
        },
    }


def _text(name: str) -> str:
    return shorten(plain(name), 400)
