"""Which expressions a policy may write."""

from __future__ import annotations

import pytest

from mzaudit.policy.resources.expressions import Items, Steps, call, complaint, path, steps
from mzaudit.policy.resources.magnitudes import at_least

FIT = (
    "properties.minimumTlsVersion",
    'properties.redisConfiguration."maxmemory-policy"',
    "length(properties.privateEndpointConnections)",
    "properties.rules[?name=='a'].level | [0]",
    "not_null(properties.x, `false`)",
    "tags.owner",
    "keys(tags)",
)
UNFIT = {
    "a-b": "JMESPath",
    "": "JMESPath",
    "(" * 299: "JMESPath",
    "[a, b]": "one fact",
    "{a: b}": "one fact",
    "a | [@, @][] | [@, @][]": "one fact",
    "join(',', a)": "functions",
    "map(&a, b)": "functions",
    "lenght(a)": "functions",
    "`1`": "reads something",
    "'a'": "reads something",
    ".".join("a" * 100): "parts",
}


@pytest.mark.parametrize("expression", FIT)
def test_fit(expression: str) -> None:
    assert complaint(expression) is None


@pytest.mark.parametrize("expression", UNFIT)
def test_unfit(expression: str) -> None:
    found = complaint(expression)
    assert found is not None
    assert UNFIT[expression] in found[0]


def test_the_path_that_is_read() -> None:
    assert path('a."b-c"[0].d') == ("a", "b-c", 0, "d")
    assert path("not_null(a.b, `1`)") == ("a", "b")
    assert path("a[*].b") == path("length(a)") == path("a || b") == ()


STEPS: dict[str, Steps] = {
    "a[*].b": ("a", Items(()), "b"),
    "a[?on].b": ("a", Items(((("on",), True),)), "b"),
    "a[?x.y=='z' && on]": ("a", Items(((("x", "y"), "z"), (("on",), True)))),
    "a[?n==`1`].b | [0]": ("a", Items(((("n",), 1),), one=True), "b"),
    "a[?n==`1`] | [0].b.c": ("a", Items(((("n",), 1),), one=True), "b", "c"),
    "a[?n>`1`].b": (),
    "a[?on || off]": (),
    "a[?x=='z' && n>`1`]": (),
    "a[?on].b | [1]": (),
    "a[?on].b | c": (),
    "a[?on].b[*].c | [0]": (),
    "a.b | [0]": (),
    "a[].b": (),
}


@pytest.mark.parametrize("expression", STEPS)
def test_the_steps_through_lists(expression: str) -> None:
    assert steps(expression) == STEPS[expression]
    assert path(expression) == ()
    assert call(f"length({expression})")[1] == STEPS[expression]


@pytest.mark.parametrize(
    ("one", "other", "greater"),
    [
        ("1.10", "1.9", True),
        ("1.2", "1.2.0", True),
        ("TLS1_2", "1.2", True),
        ("tlsv1.1", "TLS1_2", False),
        (2, 3, False),
        (1.5, 1, True),
        ("10", 9, True),
        ("P2v3", "P1v3", True),
        ("B1", "P1v3", False),
        ("None", "1.2", None),
        (True, 1, None),
        (float("nan"), 1, None),
        ("", "1", None),
    ],
)
def test_magnitudes(one: str | float, other: str | float, greater: bool | None) -> None:
    assert at_least(one, other, {}) is greater
