"""The official schemas, where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from jsonschema.protocols import Validator

FOLDER = Path(__file__).parents[2].parent / "shared" / "schemas"
SARIF = ("sarif/sarif-schema-2.1.0.json", "sarif/schemastore-sarif-2.1.0.json")
OCSF = (
    "ocsf/ocsf-1.8.0-compliance_finding-cloud.schema.json",
    "ocsf/py-ocsf-models-0.10.0-ComplianceFinding.schema.json",
)


def json_validator(name: str) -> Validator:
    """A validator of one of these, of the draft that it is written in; skips the test where it is not at hand."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not at hand")
    schema = json.loads(path.read_text("utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)
