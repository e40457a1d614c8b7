"""The JSON Schema of the policy: fresh, true to what `load` takes, and every pattern in it has words."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
from ruamel.yaml import YAML

from mzaudit.policy.json_schema import SCHEMAS, json_schema
from mzaudit.policy.loader.messages import PATTERNS
from mzaudit.policy.models import Policy
from mzaudit.policy.requirements import Requirements
from mzaudit.policy.shipped_policy import files, shipped
from mzaudit.policy.waivers import WaiverFile
from tests.policy.bent import bent


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_shipped_schemas_are_fresh(name: str) -> None:
    assert files()[name] == json_schema(name), "write it anew: make docs"


@pytest.mark.parametrize("name", ["requirements", "waivers"])
def test_every_file_names_its_schema_and_obeys_it(name: str) -> None:
    text = files()[f"{name}.yaml"]
    assert text.startswith(f"# yaml-language-server: $schema={name}.schema.json\n")
    jsonschema.validate(YAML(typ="safe").load(text), json.loads(json_schema(f"{name}.schema.json")))


def test_the_shipped_policy_names_it_and_obeys_it() -> None:
    text = files()["monozu.yaml"]
    assert text.startswith("# yaml-language-server: $schema=policy.schema.json\n")
    jsonschema.validate(YAML(typ="safe").load(text), json.loads(json_schema()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe").load(bent(("estate:", "estat:"))), json.loads(json_schema()))


@pytest.mark.parametrize("model", [Policy, Requirements, WaiverFile])
def test_every_pattern_has_words(model: type[Policy | Requirements | WaiverFile]) -> None:
    text = json.dumps(model.model_json_schema())
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', text))
    patterns |= set(re.findall(r'"patternProperties": {("(?:[^"\\]|\\.)*")', text))
    assert patterns
    assert {json.loads(pattern) for pattern in patterns} <= PATTERNS.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_has_a_description(name: str) -> None:
    schema = json.loads(json_schema(name))
    models = {SCHEMAS[name].__name__: schema, **schema["$defs"]}
    lacking = [
        f"{model}.{field}"
        for model, node in models.items()
        for field, described in node.get("properties", {}).items()
        if not described.get("description") and "$ref" not in described
    ]
    assert lacking == []


def test_what_is_shipped() -> None:
    assert set(files()) == {"monozu.yaml", "baseline.yaml", "requirements.yaml", "waivers.yaml", *SCHEMAS}
    assert shipped().is_dir()
