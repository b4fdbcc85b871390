"""Memberships and group locations alone, told by hand: this TCF as master, as home and as V-TCF (profile 3, 4.3)."""

from dataclasses import replace

import pytest
from tests.node.net import SDP, Net, Party, Phone, core, polite, tcf

from opentcf.model.group import Group, Member
from opentcf.model.numbers import Aor
from opentcf.sip.message import Request

FIRE = Group(
    Aor("8001", core(1)),
    "Fire",
    tuple(Member(Aor(number, core(int(number[0])))) for number in ("1001", "2001", "3001")),
)
TOLD = '<pttmembershipinfo udn="{user}">{rows}</pttmembershipinfo>'
ROW = '<group gdn="{number}" domain="{domain}"/>'


class Foreign(Party):
    """Core n of somebody else: agrees to what is told, and says what the test lets it say."""

    def __init__(self, net: Net, number: int) -> None:
        super().__init__(net, 1, "tc2", tcf(number), 5060)
        self.domain = core(number)
        self.auto = lambda request: 200 if request.method in ("OPTIONS", "MESSAGE", "REGISTER") else None

    def locate(self, user: str, visited: str, expires: int = 600, group: str = "8001") -> int:
        """H→G: where a user of ours is."""
        aor = f"<sip:{user}>"
        made = self.make("REGISTER", f"sip:{core(1)}", f"{aor};tag=l", aor, f"at-{user}", self.number + 1)
        made.headers.set("Expires", str(expires))
        made.headers.set("P-Visited-Network-ID", visited)
        made.headers.set("Ptt-Extension", f'pttregister;GDN="{group}@{core(1)}";UDN="{user}"')
        self.send(made)
        return self.statuses("REGISTER")[-1]

    def tell(self, user: str, version: int, *groups: tuple[str, str], body: str = "") -> int:
        """G→H: the groups of a user."""
        rows = "".join(ROW.format(number=number, domain=domain) for number, domain in groups)
        made = self.make("MESSAGE", f"sip:{user}", f"<sip:{self.domain}>;tag=g", f"<sip:{user}>")
        made.headers.set("Ptt-Extension", f"pttgroupupdate;version={version}")
        made.headers.set("Content-Type", "application/pttmembershipinfo+xml")
        made.body = (body or TOLD.format(user=user, rows=rows)).encode()
        self.send(made)
        return self.statuses("MESSAGE")[-1]

    def call(self, user: str) -> Request:
        """V→G: a member calls the group."""
        made = self.make("INVITE", f"sip:8001@{core(1)}", f"<sip:{user}>;tag=i", f"<sip:8001@{core(1)}>")
        made.headers.set("P-Asserted-Identity", f"<sip:{user}>")
        made.headers.set("Ptt-Extension", f'pttcall;calltype=4;callerUDN="{user}"')
        made.headers.set("Content-Type", "application/sdp")
        made.body = SDP
        self.send(made)
        return made

    def text(self, user: str) -> None:
        """V→G: a member writes to the group."""
        made = self.make("MESSAGE", f"sip:8001@{core(1)}", f"<sip:{user}>;tag=t", f"<sip:8001@{core(1)}>")
        made.headers.set("P-Asserted-Identity", f"<sip:{user}>")
        made.headers.set("Ptt-Extension", "pttmsg;msgtype=2;msgid=m1")
        made.headers.set("Content-Type", "text/plain")
        made.body = b"Come back"
        self.send(made)

    def finals(self) -> list[int]:
        """How its INVITE was answered."""
        return [status for status in self.statuses("INVITE") if status > 100]

    def locations(self) -> list[tuple[str, str, str]]:
        """The group locations that it was told: extension, V-TCF, expiry."""
        names = ("Ptt-Extension", "P-Visited-Network-ID", "Expires")
        found = [[request.headers.get(name) or "" for name in names] for request in self.requests("REGISTER")]
        return [(extension, visited, expires) for extension, visited, expires in found]


def net(*groups: Group) -> tuple[Net, Foreign, Foreign]:
    """Core 1 is real; cores 2 and 3 are played by hand and have just been heard."""
    made = Net(3, groups=groups or (FIRE,), foreign=(2, 3))
    others = Foreign(made, 2), Foreign(made, 3)
    made.advance(11.0)
    return made, *others


# --- G


def test_the_home_of_a_foreign_member_is_told():
    _, second, third = net()
    for other, user in ((second, "2001@core2.example"), (third, "3001@core3.example")):
        told = other.request("MESSAGE")
        assert told.uri == f"sip:{user}"
        assert (told.headers.get("Ptt-Extension") or "").startswith("pttgroupupdate;version=")
        assert f'udn="{user}"' in told.body.decode()
        assert 'gdn="8001" domain="core1.example" name="Fire"' in told.body.decode()


def versions(foreign: Foreign) -> list[int]:
    said = [told.headers.get("Ptt-Extension") or "" for told in foreign.requests("MESSAGE")]
    return [int(text.partition("version=")[2].partition(";")[0]) for text in said]


def test_a_master_that_lost_its_store_does_not_begin_below_what_it_told():
    """Else the home would take it for older than what it knows (profile 7)."""
    w, second, _ = net()
    w.groups = (replace(FIRE, name="Fire 2"),)
    w.command(1, "reload", settings=w.settings(1))
    w.advance(1.0)
    before = versions(second)
    w.start(1)
    w.advance(11.0)
    assert len(set(before)) == 2
    assert min(versions(second)[len(before) :]) > max(before)


def test_who_lost_its_state_is_told_again_by_a_master_that_was_killed_meanwhile():
    w = Net(2, groups=(replace(FIRE, members=FIRE.members[:2]),))
    w.advance(11.0)
    w.start(2)
    w.lose = lambda seen: seen.what == "MESSAGE"
    w.advance(15.0)
    told = w.between(2, 1).count("200 MESSAGE")
    w.lose = lambda seen: False
    w.start(1, keep=True)
    w.advance(11.0)
    assert w.between(2, 1).count("200 MESSAGE") > told


def test_what_is_not_answered_is_told_again_and_what_is_answered_is_not():
    w, second, _ = net()
    before = len(second.requests("MESSAGE"))
    w.advance(120.0)
    assert len(second.requests("MESSAGE")) == before
    second.auto = lambda request: 200 if request.method == "OPTIONS" else None
    w.command(1, "reload", settings=w.settings(1))
    w.advance(1.0)
    assert len(second.requests("MESSAGE")) == before, "nothing has changed"


@pytest.mark.parametrize(
    ("user", "group", "status"),
    [
        ("2001@core2.example", "8001", 200),
        ("2002@core2.example", "8001", 403),
        ("3001@core3.example", "8001", 403),
        ("2001@core2.example", "8999", 404),
    ],
    ids=["a member", "no member", "a user of another home", "no such group"],
)
def test_who_may_tell_where_a_member_is(user, group, status):
    _, second, _ = net()
    assert second.locate(user, core(2), group=group) == status


def test_a_location_with_an_older_cseq_is_refused():
    _, second, _ = net()
    second.number = 10
    assert second.locate("2001@core2.example", core(2)) == 200
    second.number = 5
    assert second.locate("2001@core2.example", core(3)) == 500


# --- the held INVITE


def test_a_member_whose_location_has_not_come_yet_is_held_and_then_taken():
    w, second, third = net()
    second.call("3001@core3.example")
    assert second.statuses("INVITE") == [100]
    w.advance(1.5)
    assert second.statuses("INVITE") == [100]
    assert third.locate("3001@core3.example", core(2)) == 200
    assert second.finals() == [200]
    answer = second.response("INVITE").headers.get("Ptt-Extension") or ""
    assert answer.startswith('pttaccept;UDN="3001@core3.example"')


def test_without_a_location_it_is_403_after_two_seconds():
    w, second, _ = net()
    second.call("3001@core3.example")
    w.advance(1.9)
    assert second.statuses("INVITE") == [100]
    w.advance(0.2)
    assert second.finals() == [403]
    assert w.rows(1, "calls") == []


def test_a_location_that_names_another_v_tcf_does_not_help():
    w, second, third = net()
    second.call("3001@core3.example")
    w.advance(1.0)
    third.locate("3001@core3.example", core(3))
    w.advance(1.1)
    assert second.finals() == [403]
    assert w.rows(1, "calls") == []


def test_who_is_no_member_is_not_held():
    _, second, _ = net()
    second.call("3002@core3.example")
    assert second.statuses("INVITE") == [403]


def test_a_held_invite_can_be_cancelled():
    w, second, third = net()
    invite = second.call("3001@core3.example")
    cancel = second.make("CANCEL", invite.uri, "", "")
    for name in ("Via", "From", "To", "Call-ID"):
        cancel.headers.put(name, invite.headers.lines(name))
    second.send(cancel)
    assert second.statuses("CANCEL") == [200]
    assert second.finals() == [487]
    refused = second.response("INVITE").headers
    assert refused.get("Ptt-Extension") == "pttrelease;cause=16;optype=pttcall"
    assert refused.get("Reason") == "SIP;cause=487"
    third.locate("3001@core3.example", core(2))
    w.advance(3.0)
    assert w.rows(1, "calls") == []
    w.assert_no_fault()


# --- H


def test_a_home_reports_its_registered_member_and_withdraws_him():
    w, second, _ = net()
    phone = Phone(w, "1002", 1)
    phone.auto = polite
    assert phone.register() == 200
    assert second.locations() == []
    assert second.tell("1002@core1.example", 1, ("8901", core(2))) == 200
    assert second.locations()[-1][0].startswith('pttregister;GDN="8901@core2.example";UDN=1002')
    assert second.locations()[-1][1] == core(1)
    phone.register(0)
    assert second.locations()[-1][2] == "0"


def test_an_older_version_is_answered_and_ignored():
    w, second, _ = net()
    user = "1002@core1.example"
    assert second.tell(user, 2, ("8901", core(2))) == 200
    assert second.tell(user, 1) == 200
    Phone(w, "1002", 1).register()
    assert len(second.locations()) == 1
    assert second.tell(user, 3) == 200
    assert second.locations()[-1][2] == "0", "he is a member no more"


@pytest.mark.parametrize("user", ["1002@core1.example", "2001@core2.example"], ids=["of ours", "a visitor"])
def test_the_terminal_is_told_the_version(user):
    w, second, _ = net()
    phone = Phone(w, user[:4], 1)
    phone.auto = polite
    assert phone.register() == 200
    assert second.tell(user, 7, ("8901", core(2))) == 200
    told = phone.request("MESSAGE")
    assert told.headers.get("Ptt-Extension") == "pttgroupupdate;version=7"
    assert 'gdn="8901"' in told.body.decode()


@pytest.mark.parametrize(
    ("user", "groups", "body", "status"),
    [
        ("1002@core1.example", (("8901", "core3.example"),), "", 403),
        ("1999@core1.example", (("8901", "core2.example"),), "", 404),
        ("3001@core3.example", (("8901", "core2.example"),), "", 403),
        ("1002@core1.example", (), "<pttmembershipinfo", 400),
        ("1002@core1.example", (), '<!DOCTYPE a [<!ENTITY b "c">]><pttmembershipinfo udn="&b;"/>', 400),
    ],
    ids=["somebody else's group", "no such user", "somebody else's user", "broken", "with entities"],
)
def test_what_a_master_may_not_tell(user, groups, body, status):
    w, second, _ = net()
    Phone(w, "1002", 1).register()
    assert second.tell(user, 1, *groups, body=body) == status
    assert second.locations() == []


# --- the held text


def test_a_text_of_a_member_whose_location_has_not_come_yet_is_held_and_then_taken():
    w, second, third = net()
    second.locate("2001@core2.example", core(2))
    second.text("3001@core3.example")
    w.advance(1.5)
    assert second.statuses("MESSAGE") == []
    assert third.locate("3001@core3.example", core(2)) == 200
    assert second.statuses("MESSAGE") == [200]


def test_a_text_without_a_location_is_403_after_two_seconds():
    w, second, _ = net()
    second.text("3001@core3.example")
    w.advance(1.9)
    assert second.statuses("MESSAGE") == []
    w.advance(0.2)
    assert second.statuses("MESSAGE") == [403]


def test_a_text_of_who_is_no_member_is_not_held():
    _, second, _ = net()
    second.text("3002@core3.example")
    assert second.statuses("MESSAGE") == [403]


def test_a_home_that_comes_up_while_it_is_being_told_is_told_once():
    made = Net(3, groups=(FIRE,), foreign=(2, 3))
    second = Foreign(made, 2)
    second.auto = lambda request: 200 if request.method == "OPTIONS" else None
    made.advance(11.0)
    assert len({told.call_id() for told in second.requests("MESSAGE")}) == 1
