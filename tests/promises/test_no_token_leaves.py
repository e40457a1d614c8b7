"""The second promise for the token that `mzaudit comment` is handed: it is sent to its service, and shown nowhere."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import NoReturn

import pytest

from mzaudit.publish.sealed_token import Token
from tests.promises.leaks import Searcher
from tests.promises.test_no_secret_leaves import talkative, written
from tests.publish.conftest import GREEN, RED, Pull, pull
from tests.publish.services import ADO_TOKEN, GITHUB_TOKEN, Fault

__all__ = ["pull", "talkative"]

TOKENS = {"azure-devops": ADO_TOKEN, "github": GITHUB_TOKEN}


def _echo(token: str, status: int) -> Fault:
    """A service that repeats what it was sent, in every place."""
    said = f'{{"message": "the token {token} may not do this", "typeKey": "{token}"}}'
    headers = {"Location": f"https://evil.example/{token}", "WWW-Authenticate": token, "Retry-After": token}
    return Fault(".", status=status, headers=headers, body=said, times=10_000)


@pytest.mark.parametrize("status", [200, 203, 302, 400, 401, 403, 404, 422, 429, 500])
def test_a_service_that_echoes_the_token(
    status: int, pull: Pull, talkative: None, evidence: Callable[[str, int], None]
) -> None:
    token = TOKENS[pull.name]
    assert pull.tell(RED, run=1).code == 1
    assert f"Bearer {token}" in {exchange.headers.get("authorization") for exchange in pull.services.exchanges}
    pull.services.faults.append(_echo(token, status))
    said = [pull.tell(GREEN), pull.tell(GREEN, "--require-comment")]
    assert [outcome.code for outcome in said] == [0, 4]
    texts = written(pull.folder, *said)
    searcher = Searcher([token])
    assert {name: found for name, text in texts.items() if (found := searcher.found(text))} == {}
    assert not any(searcher.found(text) for text in pull.comments())
    evidence("outputs searched for secrets", searcher.outputs)


BREAKS = (
    "mzaudit.publish.http.ServiceClient._once",
    "mzaudit.publish.http.ServiceClient.ask",
    "mzaudit.publish.sticky_comment._one",
    "mzaudit.publish.publish_comment.comment_state",
    "mzaudit.publish.message.markdown.chunks",
    "mzaudit.publish.pipeline._token",
)


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, EOFError, OSError])
@pytest.mark.parametrize("place", BREAKS)
def test_a_crash_with_the_token_in_hand(place: str, kind: type[Exception], pull: Pull, talkative: None) -> None:
    token = TOKENS[pull.name]
    pull.tell(RED, run=1)

    def broken(*_: object, **__: object) -> NoReturn:
        raise kind(token, {"Authorization": f"Bearer {token}"}) from KeyError(token)

    pull.patch.setattr(place, broken)
    outcome = pull.tell(GREEN, run=2)
    assert outcome.code == 0, outcome.err
    texts = written(pull.folder, outcome)
    searcher = Searcher([token])
    assert {name: found for name, text in texts.items() if (found := searcher.found(text))} == {}


def test_a_token_shows_itself_in_no_way() -> None:
    searcher, token = Searcher([ADO_TOKEN]), Token(ADO_TOKEN)
    for shown in (str(token), repr(token), f"{token}", repr([token]), repr(vars(type(token)))):
        assert searcher.found(shown) == []
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            way(token)
    assert token.header() == f"Bearer {ADO_TOKEN}"
