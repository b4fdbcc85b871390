"""Whatever a program sends becomes an entry or one line that says what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.runtime.entries import EntryError, entries, entry
from opentcf.runtime.schema import GroupTable, SubscriberTable

KEYS = st.sampled_from(
    [*SubscriberTable.__struct_fields__, *GroupTable.__struct_fields__, "add_members", "remove_members", "x"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["1001", "stun"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["uri", "priority", "x"]), inner)
    ),
    max_leaves=6,
)
KINDS = st.sampled_from([SubscriberTable, GroupTable])


def complaint(read, *arguments) -> str:
    """What is said against it; nothing when it is taken."""
    try:
        read(*arguments)
    except EntryError as error:
        return str(error)
    return ""


@given(KINDS, st.text(max_size=5) | st.just("1001"), st.dictionaries(KEYS, VALUES, max_size=5) | VALUES)
def test_any_json_is_an_entry_or_one_line(kind, number, row):
    assert "\n" not in complaint(entry, kind, number, row, "core1.example")


ROWS = st.lists(st.lists(KEYS | st.text(max_size=8))).map(lambda rows: "\n".join(map(",".join, rows)))


@given(KINDS, st.text() | ROWS)
def test_any_text_is_entries_or_one_line(kind, text):
    assert "\n" not in complaint(entries, kind, text, "core1.example")


@pytest.mark.parametrize(
    ("kind", "row", "error"),
    [
        (SubscriberTable, {"name": "Zoe\r\nX: y"}, "name: holds a character that cannot be printed"),
        (GroupTable, {"name": "\ud800"}, "name: holds a character that cannot be printed"),
        (
            GroupTable,
            {"members": ["1@a\r\nX"]},
            "members: '1@a\\r\\nX' is not number@domain with 1 to 15 digits",
        ),
        (GroupTable, {"members": [{"uri": "2@b_c"}]}, "members: 'b_c' is not a domain name"),
    ],
)
def test_nothing_that_breaks_a_line_gets_in(kind, row, error):
    assert complaint(entry, kind, "1900", row, "core1.example") == error
