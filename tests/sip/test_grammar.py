"""Tokens, quoted strings, parameters, numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.sip.errors import RemoteError
from opentcf.sip.grammar import (
    decimal,
    is_token,
    parameters,
    quote,
    render_parameters,
    split_outside_quotes,
    unquote,
)

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~", min_size=1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


@pytest.mark.parametrize("text", ["a", "INVITE", "!%*_+`'~-.09Zz"])
def test_tokens(text):
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a\n", "a;", "ä", "a=b", '"a"', "a/b", "[::1]"])
def test_what_is_no_token(text):
    assert not is_token(text)


@given(TEXTS)
def test_a_quoted_string_keeps_its_content(text):
    assert unquote(quote(text)) == text


def test_a_quoted_string_cannot_end_a_line():
    assert quote("a\r\nVia: b\0") == '"a  Via: b "'


def test_unquoting_what_is_not_quoted_changes_nothing():
    for text in ("", '"', "a", 'a"', '"a'):
        assert unquote(text) == text


def test_a_list_is_split_outside_quotes_and_brackets():
    text = r'"a, \" b" <sip:x@y;p=1,2>;q=1 , <sip:z>,c'
    assert split_outside_quotes(text, ",") == [r'"a, \" b" <sip:x@y;p=1,2>;q=1', "<sip:z>", "c"]
    assert split_outside_quotes(" a , ,b ", ",") == ["a", "", "b"]
    assert split_outside_quotes("<a>>,b", ",") == ["<a>>", "b"]


@given(st.text('ab ,;\\"<>', max_size=12), st.sampled_from(",;"))
def test_splitting_agrees_with_a_look_at_each_character(text, separator):
    pieces, quoted, depth, escaped = [""], False, 0, False
    for char in text:
        if char == separator and not quoted and not depth:
            pieces.append("")
            continue
        pieces[-1] += char
        if char == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and char == "\\" and not escaped
        if not quoted:
            depth = max(0, depth + (char == "<") - (char == ">"))
    if quoted:
        with pytest.raises(RemoteError):
            split_outside_quotes(text, separator)
    else:
        assert split_outside_quotes(text, separator) == [piece.strip() for piece in pieces]


def test_an_open_quote_is_refused():
    with pytest.raises(RemoteError):
        split_outside_quotes('a, "b', ",")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        (" ", {}),
        (";", {}),
        (";a", {"a": None}),
        ("A=B;c=", {"a": "B", "c": ""}),
        ("; a = b ; c", {"a": "b", "c": None}),
        (r';text="x;y=\"z\""', {"text": 'x;y="z"'}),
        (";received=[2001:db8::1];x=2001:db8::1", {"received": "[2001:db8::1]", "x": "2001:db8::1"}),
        (";ob;", {"ob": None}),
        ("\t;a\t=\tb", {"a": "b"}),
    ],
)
def test_parameters(text, found):
    assert parameters(text) == found


@pytest.mark.parametrize(
    "text", [";;", ";;,;,,", ";a;A", ";a=1; A=2", ";=b", ';a="b', ";a b", ";a,b", ';a"b"', '"', ";a=b c"]
)
def test_bad_parameters(text):
    with pytest.raises(RemoteError) as caught:
        parameters(text)
    assert caught.value.status == 400


@given(st.dictionaries(NAMES, st.none() | TEXTS))
def test_parameters_that_are_written_are_read(values):
    assert parameters(render_parameters(values)) == values


def test_numbers():
    assert decimal("0", 1, "x") == 0
    assert decimal("0068", 256, "x") == 68
    for text in ("", "-1", "+1", " 1", "1.0", "0x1", "٣", "²", "1" * 21, "256", "9" * 5000):
        with pytest.raises(RemoteError, match="x is not a number"):
            decimal(text, 256, "x")
