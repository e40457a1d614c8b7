"""The variables by which a job of Azure Pipelines names itself, as agents print them."""

from __future__ import annotations

JOB = {
    "TF_BUILD": "True",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/fabrikam/",
    "SYSTEM_TEAMPROJECTID": "5f3c4b1e-0d3a-4b7e-9c1d-2f6a7b8c9d0e",
    "SYSTEM_DEFINITIONID": "12",
    "BUILD_DEFINITIONNAME": "Nightly drift gate",
    "SYSTEM_PHASEID": "3a3a2a60-14c7-570b-14a4-fa42ad92f52a",
    "SYSTEM_PHASENAME": "prd",
    "BUILD_SOURCEBRANCH": "refs/heads/main",
    "BUILD_BUILDID": "441",
}
