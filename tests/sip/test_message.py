"""What requests and responses say of themselves, and how a response is made."""

import pytest
from tests.sip.samples import REQUESTS, RESPONSES, message

from opentcf.sip.errors import RemoteError
from opentcf.sip.headers import Headers
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.parse import parse
from opentcf.sip.render import render


def request(name: str) -> Request:
    found = parse(REQUESTS[name])
    assert isinstance(found, Request)
    return found


def test_what_an_invite_says():
    invite = request("invite")
    assert (invite.method, invite.uri) == ("INVITE", "sip:2001@core2.example")
    assert invite.target().user == "2001"
    assert invite.via().branch == "z9hG4bK77asjd8f9s"
    assert invite.call_id() == "3848276298220188511@core1.example"
    assert invite.cseq() == (2, "INVITE")
    assert (invite.from_().display, invite.from_().uri.user, invite.from_tag()) == (
        "Engine 1",
        "1001",
        "9fxced76sl",
    )
    assert (invite.to().uri.host, invite.to_tag()) == ("core2.example", None)
    contact = invite.contact()
    assert contact is not None
    assert contact.uri.port == 5060
    assert invite.content_type() == "application/sdp"
    assert invite.tokens("Supported") == {"timer", "100rel"}
    assert repr(invite) == "<INVITE sip:2001@core2.example>"


def test_what_a_response_says():
    ok = parse(RESPONSES["ok"])
    assert isinstance(ok, Response)
    assert (ok.status, ok.reason, ok.to_tag()) == (200, "OK", "314159")
    assert repr(ok) == "<200 OK>"
    assert Response(200).reason == "OK"
    assert Response(499).reason == "Unknown"


def test_compact_forms_say_the_same():
    found = request("reinvite")
    assert (found.via().host, found.via().transport) == ("2001:db8::22", "tcp")
    assert found.from_tag() == "314159"
    assert found.content_type() == "application/sdp"
    assert found.tokens("Supported") == {"timer"}
    assert found.headers.get("Session-Expires") == "1800;refresher=uas"


def test_the_type_of_a_body_has_no_blanks_and_no_parameters():
    found = Message(Headers({"Content-Type": ["Text / Plain ; charset=UTF-8"]}))
    assert found.content_type() == "text/plain"
    assert Message().content_type() == ""


def test_an_empty_list_requires_nothing():
    assert Message(Headers({"Require": [""]})).tokens("Require") == set()


@pytest.mark.parametrize("read", [Message.via, Message.call_id, Message.cseq, Message.from_, Message.to])
def test_what_is_missing_is_a_400(read):
    with pytest.raises(RemoteError) as caught:
        read(Message())
    assert caught.value.status == 400


def test_what_may_be_missing():
    assert Message().contact() is None
    assert Message().from_tag() is None
    assert Message().to_tag() is None


def test_the_star_is_no_contact():
    with pytest.raises(RemoteError):
        Message(Headers({"Contact": ["*"]})).contact()


def test_the_first_of_several_contacts():
    found = parse(RESPONSES["registered"]).contact()
    assert found is not None
    assert found.parameters == {"expires": "600"}


def test_the_request_uri_bears_no_header_fields():
    with pytest.raises(RemoteError) as caught:
        Request("INVITE", "sip:1@h?Route=%3Csip:x%3E").target()
    assert caught.value.status == 400


# --- responses to requests


def test_a_response_copies_what_it_must():
    response = request("invite").respond(486, "t1")
    assert render(response) == message(
        "SIP/2.0 486 Busy Here",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK77asjd8f9s;rport",
        'From: "Engine 1" <sip:1001@core1.example>;tag=9fxced76sl',
        "To: <sip:2001@core2.example>;tag=t1",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 2 INVITE",
    )


def test_a_tag_that_is_there_stays():
    assert request("bye").respond(200, "t1").to_tag() == "314159"


def test_no_tag_is_given_when_none_is_wanted():
    assert request("invite").respond(100).to_tag() is None


def test_every_via_is_copied_in_order():
    assert request("reinvite").respond(200).headers.lines("Via") == request("reinvite").headers.lines("Via")


def test_only_100_repeats_the_timestamp():
    asked = request("invite")
    asked.headers.set("Timestamp", "54")
    assert asked.respond(100).headers.get("Timestamp") == "54"
    assert "Timestamp" not in asked.respond(180).headers


def test_a_reason_of_our_own():
    assert request("invite").respond(480, reason="Not here").reason == "Not here"
    assert request("invite").respond(499).reason == "Unknown"


@pytest.mark.parametrize("to", ['"open <sip:1@h>', "<sip:1@h>;tag=a b", "1001", "<sip:1@h>;;"])
def test_a_malformed_to_does_not_keep_us_from_answering(to):
    asked = request("invite")
    asked.headers.set("To", to)
    assert asked.respond(400, "t1").headers.get("To") == to
