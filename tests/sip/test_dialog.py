"""RFC 3261 §12."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentcf.sip.dialog import Dialog
from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import Headers, NameAddr
from opentcf.sip.message import Request, Response

ROUTES = ["<sip:p1.example;lr>, <sip:p2.example;lr>", "<sip:p3.example;lr>"]


def invite(**fields: str) -> Request:
    made = Request("INVITE", "sip:2001@core2.example")
    values = {
        "From": '"Engine 1" <sip:1001@core1.example>;tag=a',
        "To": "<sip:2001@core2.example>",
        "Call-ID": "call",
        "CSeq": "7 INVITE",
        "Contact": "<sip:1001@192.0.2.1:5090>",
    } | fields
    for name, value in values.items():
        if value:
            made.headers.set(name.replace("_", "-"), value)
    made.headers.set("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
    return made


def calling() -> Dialog:
    return Dialog(
        "call", "a", "<sip:1001@core1.example>", "<sip:2001@core2.example>", "sip:2001@core2.example"
    )


def confirmed(routes: list[str]) -> Dialog:
    dialog = calling()
    request = dialog.request("INVITE")
    response = request.respond(200, "b")
    response.headers.put("Record-Route", routes)
    response.headers.set("Contact", "<sip:2001@192.0.2.2:5060;x=y>")
    dialog.confirm(response)
    return dialog


def test_the_called_side():
    """§12.1.1: route set as it came, tags, CSeq, target of the Contact."""
    request = invite()
    request.headers.put("Record-Route", ROUTES)
    dialog = Dialog.from_invite(request, "b")
    assert (dialog.call_id, dialog.local_tag, dialog.remote_tag, dialog.remote_cseq) == ("call", "b", "a", 7)
    assert dialog.target == "sip:1001@192.0.2.1:5090"
    assert dialog.routes == ["<sip:p1.example;lr>", "<sip:p2.example;lr>", "<sip:p3.example;lr>"]
    bye = dialog.request("BYE")
    assert (bye.method, bye.uri, bye.cseq()) == ("BYE", "sip:1001@192.0.2.1:5090", (1, "BYE"))
    assert (bye.from_tag(), bye.to_tag()) == ("b", "a")
    assert bye.to().display == "Engine 1"
    assert bye.headers.get("Max-Forwards") == "70"


def test_the_calling_side():
    """§12.1.2: route set turned round."""
    dialog = confirmed(ROUTES)
    assert dialog.remote_tag == "b"
    assert dialog.routes == ["<sip:p3.example;lr>", "<sip:p2.example;lr>", "<sip:p1.example;lr>"]
    ack = dialog.request("ACK", 1)
    assert (ack.uri, ack.cseq()) == ("sip:2001@192.0.2.2:5060;x=y", (1, "ACK"))
    assert ack.headers.lines("Route") == dialog.routes
    hop = dialog.next_hop()
    assert hop is not None
    assert hop.host == "p3.example"


def test_without_routes_the_user_knows_the_way():
    assert confirmed([]).next_hop() is None
    assert "Route" not in confirmed([]).request("BYE").headers


def test_a_strict_router_becomes_the_request_uri():
    """§12.2.1.1"""
    bye = confirmed(["<sip:p1.example;lr>", "<sip:strict.example;method=INVITE;x=1>"]).request("BYE")
    assert bye.uri == "sip:strict.example;x=1"
    assert bye.headers.lines("Route") == ["<sip:p1.example;lr>", "<sip:2001@192.0.2.2:5060;x=y>"]


def test_lr_is_a_parameter_and_not_part_of_a_name():
    bye = confirmed(["<sip:strict.example;lrx=1>"]).request("BYE")
    assert bye.uri == "sip:strict.example;lrx=1"
    loose = confirmed(["<sip:loose.example;LR>"]).request("BYE")
    assert loose.headers.lines("Route") == ["<sip:loose.example;LR>"]


def test_each_request_has_the_next_number():
    dialog = calling()
    assert [dialog.request(method).cseq()[0] for method in ("INVITE", "INFO", "BYE")] == [1, 2, 3]
    assert dialog.request("ACK", 1).cseq() == (1, "ACK")
    assert dialog.request("BYE").cseq()[0] == 4


def test_before_the_answer_there_is_no_remote_tag():
    dialog = calling()
    assert dialog.request("INVITE").to_tag() is None
    message = invite(To="<sip:2001@core2.example>;tag=b")
    assert dialog.belongs(message, "b")
    dialog.remote_tag = "b"
    assert dialog.belongs(message, "b")
    assert not dialog.belongs(message, "c")
    assert not dialog.belongs(message, None)
    assert not dialog.belongs(invite(Call_ID="other"), "b")


def test_a_contact_in_a_re_invite_moves_the_target():
    dialog = Dialog.from_invite(invite(), "b")
    dialog.refresh(invite(Contact="<sip:1001@198.51.100.1>"))
    assert dialog.target == "sip:1001@198.51.100.1"
    dialog.refresh(invite(Contact=""))
    assert dialog.target == "sip:1001@198.51.100.1"


def test_requests_come_in_order():
    """§12.2.2; ACK and CANCEL bear the number of their INVITE."""
    dialog = Dialog.from_invite(invite(), "b")
    for cseq, method, fits in (
        (7, "ACK", True),
        (7, "INVITE", False),
        (6, "BYE", False),
        (9, "INVITE", True),
        (9, "CANCEL", True),
        (8, "INFO", False),
        (1000, "BYE", True),
    ):
        request = invite(CSeq=f"{cseq} {method}")
        request.method = method
        assert dialog.take_cseq(request) is fits, (cseq, method)


@pytest.mark.parametrize(
    "fields", [{"Contact": ""}, {"Contact": "*"}, {"From": "<sip:>;tag=a"}, {"Contact": "<x:y>"}]
)
def test_what_makes_no_dialog_is_400(fields: dict[str, str]):
    with pytest.raises(RemoteError) as refused:
        Dialog.from_invite(invite(**fields), "b")
    assert refused.value.status == 400


def test_addresses_without_brackets_get_them():
    dialog = Dialog.from_invite(invite(From="sip:1001@core1.example;tag=a", To="sip:2001@core2.example"), "b")
    assert (dialog.local, dialog.remote) == ("<sip:2001@core2.example>", "<sip:1001@core1.example>")


def test_a_malformed_record_route_is_refused_where_it_enters():
    """Else it would be found when the dialog has to be ended."""
    with pytest.raises(RemoteError):
        Dialog.from_invite(invite(Record_Route="<sip:p1.example;lr>, <sip:%%%@>"), "b")


def test_what_is_malformed_in_a_2xx_does_not_keep_us_from_ending_the_dialog():
    dialog = calling()
    response = dialog.request("INVITE").respond(200, "b")
    response.headers.set("Record-Route", "<nonsense>")
    response.headers.set("Contact", "<nonsense")
    dialog.confirm(response)
    bye = dialog.request("BYE")
    assert (bye.uri, bye.to_tag(), bye.headers.get("Route")) == ("sip:2001@core2.example", "b", None)


@given(
    st.from_regex(
        r"\A<sip:([A-Za-z0-9]{1,5}@)?[A-Za-z0-9]{1,4}(\.[A-Za-z0-9]{1,4}){0,3}(:[0-9]{1,6})?(;lr)?>\Z"
    )
)
def test_the_quick_look_at_a_contact_agrees_with_the_parser(contact):
    dialog = Dialog("id", "t", "<sip:a@b>", "<sip:c@d>", "sip:before")
    dialog.refresh(Response(200, headers=Headers({"Contact": [contact]})))
    try:
        expected = str(NameAddr.parse(contact).uri)
    except RemoteError:
        expected = "sip:before"
    assert dialog.target == expected
