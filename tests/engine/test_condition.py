"""Conditions of role assignments, shape by shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mzaudit.access.role_condition import holds

READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
CONTAINER = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"
REPOSITORY = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]"
PATH = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]"
SEEN = {
    "microsoft.storage/storageaccounts/blobservices/containers:name": "snaps",
    "microsoft.containerregistry/registries/repositories:name": "team/cloud-backend",
}
OTHER = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"

SHAPES: dict[str, tuple[str, bool | None]] = {
    "equal": (f"{CONTAINER} StringEquals 'snaps'", True),
    "recorded spelling": (
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:Name] stringEquals 'foo'",
        False,
    ),
    "case counts": (f"{CONTAINER} StringEquals 'Snaps'", False),
    "case does not count": (f"{CONTAINER} StringEqualsIgnoreCase 'Snaps'", True),
    "not equal": (f"{CONTAINER} StringNotEquals 'snaps'", False),
    "begins with": (f"{REPOSITORY} StringStartsWith 'team/'", True),
    "begins otherwise": (f"{REPOSITORY} StringStartsWithIgnoreCase 'TEAMS/'", False),
    "like": (f"{REPOSITORY} StringLike 'team/*-back?nd'", True),
    "not like": (f"{REPOSITORY} StringLike 'other/*'", False),
    "one of several": (f"{CONTAINER} ForAnyOfAnyValues:StringEquals {{'a', 'snaps'}}", True),
    "none of several": (f"{CONTAINER} ForAnyOfAnyValues:StringEquals {{'a', 'b'}}", False),
    "each of its values one of several": (f"{CONTAINER} ForAllOfAnyValues:StringEquals {{'a', 'snaps'}}", True),
    "each of several": (f"{CONTAINER} ForAnyOfAllValues:StringEquals {{'a', 'snaps'}}", False),
    "none of several is it": (f"{CONTAINER} ForAllOfAllValues:StringNotEquals {{'a', 'b'}}", True),
    "one of several is it": (f"{CONTAINER} ForAllOfAllValues:StringNotEqualsIgnoreCase {{'a', 'Snaps'}}", False),
    "each of several, one of them not read": (f"{CONTAINER} ForAllOfAllValues:StringNotEquals {{'a', 1}}", None),
    "begins not with": (f"{REPOSITORY} StringNotStartsWith 'team/'", False),
    "begins not with, case does not count": (f"{REPOSITORY} StringNotStartsWithIgnoreCase 'OTHER/'", True),
    "is not like": (f"{CONTAINER} StringNotLike 'x*'", True),
    "is not like, case does not count": (f"{CONTAINER} StringNotLikeIgnoreCase 'SN*'", False),
    "a quantifier that is not known": (f"{CONTAINER} ForSomeOfAllValues:StringEquals {{'snaps'}}", None),
    "an operator that is not known": (f"{CONTAINER} StringNotEndsWith 'x'", None),
    "an attribute that is not known": (f"{PATH} StringEquals 'x'", None),
    "of the principal": ("@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:A_b] StringEquals 'x'", None),
    "the action": (f"ActionMatches{{'{READ}'}}", True),
    "the action, by wildcard": ("ActionMatches{'microsoft.storage/*/READ'}", True),
    "another action": (f"ActionMatches{{'{OTHER}'}}", False),
    "one of two actions": (f"ActionMatches{{'{OTHER}', '{READ}'}}", True),
    "as the portal writes it": (
        f"(\n (\n  !(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'Blob.List'}})\n )\n OR\n (\n"
        f"  {CONTAINER} StringEquals 'snaps'\n )\n)",
        True,
    ),
    "as the portal writes it, for another container, but for lists": (
        f"(!(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'blob.list'}})) OR {CONTAINER} StringEquals 'b'",
        False,
    ),
    "lists alone": (f"ActionMatches{{'{READ}'}} AND SubOperationMatches{{'Blob.List'}}", False),
    "another sub-operation": ("SubOperationMatches{'Blob.Read.WithTagConditions'}", None),
    "lists, or another sub-operation": ("SubOperationMatches{'Blob.List', 'Blob.Read.WithTagConditions'}", None),
    "as the portal writes it, for another container": (
        f"((!(ActionMatches{{'{READ}'}})) OR ({CONTAINER} StringEquals 'logs'))",
        False,
    ),
    "as the portal writes it, for another action": (
        f"((!(ActionMatches{{'{OTHER}'}})) OR ({CONTAINER} StringEquals 'logs'))",
        True,
    ),
    "with symbols": (
        f"!(ActionMatches{{'{READ}'}}) || {CONTAINER} StringEquals 'snaps' && !({PATH} StringEquals 'x')",
        None,
    ),
    "and binds tighter than or": (
        f"{CONTAINER} StringEquals 'snaps' OR {CONTAINER} StringEquals 'b' AND {CONTAINER} StringEquals 'c'",
        True,
    ),
    "an unknown beside a refusal": (f"{PATH} StringEquals 'x' AND {CONTAINER} StringEquals 'logs'", False),
    "an unknown beside a permission": (f"{PATH} StringEquals 'x' OR {CONTAINER} StringEquals 'snaps'", True),
    "an unknown negated": (f"!({PATH} StringEquals 'x')", None),
    "an escaped quote": (f"{CONTAINER} StringNotEquals 'it\\'s'", True),
    "a boolean beside a permission": (
        f"@Environment[Microsoft.Network/isPrivateLink] BoolEquals true OR {CONTAINER} StringEquals 'snaps'",
        True,
    ),
    "a boolean beside a refusal": (f"{PATH} BoolEquals True AND {CONTAINER} StringEquals 'logs'", False),
    "a boolean alone": ("@Environment[Microsoft.Network/isPrivateLink] BoolEquals true", None),
    "a number beside a permission": (f"{PATH} NumericEquals 10.5 OR {CONTAINER} StringEquals 'snaps'", True),
    "a number below zero beside a refusal": (f"{PATH} NumericLess -1 AND {CONTAINER} StringEquals 'logs'", False),
    "bare GUIDs beside a permission": (
        "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals"
        f"{{00482a5a-887f-4fb3-b363-3b7fe8e74483, b86a8fe4-44ce-4948-aee5-eccb2c155cd7}} OR {CONTAINER} StringEquals"
        " 'snaps'",
        True,
    ),
    "bare GUIDs, as a role definition has them, about another action": (
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR"
        " (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals"
        "{00482a5a-887f-4fb3-b363-3b7fe8e74483})) AND"
        " ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR"
        " (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals"
        "{00482a5a-887f-4fb3-b363-3b7fe8e74483}))",
        True,
    ),
    "an attribute that is there, beside a permission": (f"Exists {PATH} OR {CONTAINER} StringEquals 'snaps'", True),
    "an attribute that is not there, negated": (f"NOT (NotExists {PATH}) AND {CONTAINER} StringEquals 'logs'", False),
    "an attribute that is there, alone": (f"Exists {CONTAINER}", None),
    "exists without an attribute": (f"Exists 'x' OR {CONTAINER} StringEquals 'snaps'", None),
    "an attribute on the right": (
        f"{CONTAINER} StringEquals @Request[x:y] OR {CONTAINER} StringEquals 'snaps'",
        True,
    ),
    "attributes on both sides alone": (f"{CONTAINER} StringEquals @Request[x:y]", None),
    "an attribute on the right, a text on the left": (f"'snaps' StringEquals {CONTAINER}", None),
    "a text on the left beside a permission": (f"'a' StringEquals {PATH} OR {CONTAINER} StringEquals 'snaps'", True),
    "one of a set is not read, another fits": (f"{CONTAINER} ForAnyOfAnyValues:StringEquals {{1, 'snaps'}}", True),
    "one of a set is not read, none fits": (f"{CONTAINER} ForAnyOfAnyValues:StringEquals {{1, 'b'}}", None),
    "a date beside a refusal": (
        f"@Environment[UtcNow] DateTimeLessThan '2027-01-01' AND {CONTAINER} StringEquals 'logs'",
        False,
    ),
    "a text that is a word of logic": (f"{CONTAINER} StringNotEquals 'and'", True),
    "a comparison without a right side": (f"{CONTAINER} StringEquals OR {CONTAINER} StringEquals 'snaps'", None),
    "nothing": ("", None),
    "half": (f"({CONTAINER} StringEquals 'snaps'", None),
    "a remainder": (f"{CONTAINER} StringEquals 'snaps' )", None),
    "a set that is empty": (f"{CONTAINER} StringEquals {{}}", None),
    "an unknown language": ("resource.name == 'snaps'", None),
    "a broken part beside a permission": (f"{CONTAINER} StringEquals 'snaps' OR ???", None),
    "a broken part in the middle": (f"??? AND {CONTAINER} StringEquals 'logs'", None),
    "too deep": ("!" * 200 + f"({CONTAINER} StringEquals 'snaps')", None),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_condition(shape: str) -> None:
    condition, expected = SHAPES[shape]
    assert holds(condition, READ, SEEN) is expected


@given(st.text(alphabet="()!{},&|'@[]:aAnNdDoOrR \\\n", max_size=60))
def test_no_text_breaks_it(condition: str) -> None:
    assert holds(condition, READ, SEEN) in (True, False, None)


@pytest.mark.parametrize("shape", SHAPES)
def test_knowing_less_never_decides_otherwise(shape: str) -> None:
    condition, expected = SHAPES[shape]
    assert holds(condition, READ, {}) in (expected, None)
