"""Each neutraliser does to its sink what it says, for every character and for every known trick."""

from __future__ import annotations

import html
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mzaudit.report import escaping
from tests.report.sample import HOSTILE

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_every_character_that_a_reader_cannot_see_is_shown_as_a_replacement() -> None:
    unseen = {"Cc", "Cs", "Zl", "Zp"}
    marks = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"}
    for number in range(sys.maxunicode + 1):
        char = chr(number)
        if (
            unicodedata.category(char) in unseen
            or unicodedata.bidirectional(char) in marks
            or number & 0xFFFE == 0xFFFE
        ):
            assert escaping.plain(char) == (" " if char in "\t\n\r" else "\ufffd"), hex(number)


@pytest.mark.parametrize("text", ["", "kv-mz-cloud-prd/SECRET_KEY", "näme 名前 🙂 | `x` <y> & 'z'"])
def test_text_that_anyone_can_see_stays(text: str) -> None:
    assert escaping.plain(text) == text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_log_reader_finds_a_command(text: str) -> None:
    assert_inert_log(escaping.log(escaping.plain(text)))


def assert_inert_log(text: str) -> None:
    assert not re.search(r"##(vso|\[)", text, re.IGNORECASE)
    assert not any(re.match(r"\s*::", line) for line in text.splitlines())


@given(st.text(st.sampled_from("#vso[]: \n\x1b1m\u200b")))
def test_log_leaves_nothing_alive_and_does_it_once(text: str) -> None:
    once = escaping.log(escaping.plain(text))
    assert_inert_log(once)
    assert escaping.log(once) == once


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_xml_text_names_no_attachment_and_no_command(text: str) -> None:
    safe = escaping.xml(text)
    assert "[[" not in safe
    assert_inert_log(safe)


@given(ANY_TEXT)
def test_markdown_code_is_one_element_that_holds_the_text(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(
        f"| {escaping.code(text)} | next |\n| --- | --- |"
    )
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 2
    kinds = [child.type for child in cells[0].children or ()]
    assert set(kinds) <= {"html_inline", "text", "text_special"}, kinds
    shown = "".join(child.content for child in cells[0].children or () if child.type != "html_inline")
    assert shown == (escaping.plain(text) or "(empty)")[: len(shown)]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_markdown_code_survives_a_reader_that_makes_links(text: str) -> None:
    made = escaping.code(text, 200)
    assert re.fullmatch(r"<code>(?:[A-Za-z0-9 ./-]|&#\d+;)*</code>", made)
    assert html.unescape(made[6:-7]).startswith(escaping.plain(text)[:200])


PROSE = {
    "an apostrophe": ("No other service's identity.", "No other service's identity."),
    "a time of day": ("read 2026-11-26 10:16:07 UTC", "read 2026-11-26 10:16:07 UTC"),
    "an emoji of digits": ("see :100: and 1:100:2", "see `:100`: and `1:100:2`"),
    "a name and a stop": ("The secret SECRET_KEY.", "The secret `SECRET_KEY`."),
    "the end of a parenthesis": ("application (object 18b1b06d-dbab) by", "application (object `18b1b06d-dbab`) by"),
    "the start of a parenthesis": ("state (azurerm_secret: value)", "state (`azurerm_secret`: value)"),
    "a property": ("identity.type = SystemAssigned", "identity.type = SystemAssigned"),
    "a call": ("set @Kv(A=1;B=2);", "set `@Kv(A=1;B=2)`;"),
    "only punctuation": ("a ) ( :: b", "a `) ( :`: b"),
    "a link": ("[x](http://a.example)", "`[x](http://a.example)`"),
    "nothing": ("", "`(empty)`"),
}


@pytest.mark.parametrize(("text", "shown"), PROSE.values(), ids=PROSE.keys())
def test_a_sentence_reads_as_one_and_only_what_is_not_plain_words_is_code(text: str, shown: str) -> None:
    assert escaping.prose(text, code=escaping.span) == shown


@given(st.text(st.sampled_from("a1() ':;.,`*_[]<&|!#@~=-")))
def test_prose_is_words_and_code_and_nothing_else(text: str) -> None:
    outside = re.sub(r"<code>[^<]*</code>", "", escaping.prose(text))
    assert re.fullmatch(r"[A-Za-z0-9 .,;:()'/+=-]*", outside)
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(f"x {escaping.prose(text)}")
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"html_inline", "text", "text_special"}


def test_what_is_too_long_says_how_much_is_missing() -> None:
    assert escaping.shorten("abcdef", 4) == "abcd… (2 more characters)"
    assert escaping.shorten("abcd", 4) == "abcd"
