"""Forced insertion and discreet listening (profile 3, 4.7, 7)."""

from dataclasses import replace

import pytest
from tests.node.net import ANSWER, SDP, Net, Phone, phones, talk
from tests.services.control_net import attached, control_net
from tests.services.control_world import ControlWorld
from tests.services.group_world import aor, ext

from opentcf.btrunc.wire import Token
from opentcf.model.call import CallSetup
from opentcf.model.numbers import Aor
from opentcf.model.registration import RegType
from opentcf.terminal import Call, CallState, Terminal

HALF, FULL = CallSetup(full_duplex=False), CallSetup()
GROUP = Aor("8001", "core1.example")
WHERE = pytest.mark.parametrize(
    ("boss", "at"), [("1005", 1), ("2005", 2), ("3005", 4), ("1005", 3), ("3005", 1)]
)
MEMBERS = {"1001": 1, "2001": 3, "2002": 2, "4001": 4}


def enter(w: ControlWorld, boss: str, party: Aor, call_id: str, token: Token = Token.INSERT) -> Call:
    call = w.ua(boss).enter(party, call_id, w.now, token)
    w.touch(w.ua(boss))
    w.run(2.0)
    return call


def audit(w: ControlWorld, core: int) -> list[str]:
    log = w.node(core)._ctx.audit_log
    return [f"{e.who} {e.action} {e.result[:4].strip()}" for e in log.after(0, 99) if "@" in e.who]


def group_call(boss: str = "1005", at: int = 1, talker: str = "2001") -> tuple[ControlWorld, str]:
    """A group call in which `talker` talks, and a dispatcher."""
    w = ControlWorld(at={**MEMBERS, boss: at})
    w.dial(talker)
    w.run(3.0)
    assert w.floor() == (talker, [])
    return w, str(w.node(1).procedures.group_call.view()[0]["id"])


@WHERE
def test_who_is_inserted_into_a_group_call_takes_the_floor_by_force(boss: str, at: int):
    """TC2-C 强插."""
    w, call_id = group_call(boss, at)
    call = enter(w, boss, GROUP, call_id)
    assert call.state is CallState.UP
    assert w.floor() == (boss, [])
    assert w.talking() == [boss]
    assert any(e.name == "revoked" and e.text == "forced" for e in w.ua("2001").events)
    assert w.heard("1001") == boss
    assert f"{aor(boss)} call insert done" in audit(w, 1)
    assert f"{aor(boss)} call insert done" in audit(w, int(boss[0]))
    w.press("4001")
    w.run(1.0)
    assert w.floor() == (boss, ["4001"])
    w.leave(boss)
    w.run(1.0)
    assert w.floor() == ("4001", [])
    w.let_go("4001")
    w.run(40.0)
    w.assert_over()


def test_an_idle_group_gives_the_floor_at_once_and_is_idle_again_afterwards():
    w, call_id = group_call("3005", 4)
    w.let_go("2001")
    w.run(1.0)
    enter(w, "3005", GROUP, call_id)
    assert "pttaccept" in ext(w.last("200 INVITE pttaccept", "core1", "core3"))
    assert w.floor() == ("3005", [])
    w.let_go("3005")
    w.run(1.0)
    assert w.floor() == ("", [])
    w.press("3005")
    w.run(1.0)
    assert w.floor() == ("3005", [])
    w.leave("3005")
    w.run(1.0)
    assert w.floor() == ("", [])
    assert w.in_call() == set(MEMBERS)


def test_who_is_inserted_waits_for_nobody_but_the_silenced_talker():
    w, call_id = group_call("3005", 4)
    w.press("1001", emergency=True)
    w.run(2.0)
    assert w.floor()[0] == "1001"
    w.press("4001", emergency=True)
    w.run(1.0)
    enter(w, "3005", GROUP, call_id)
    assert w.floor() == ("3005", ["4001"])


@WHERE
def test_a_discreet_listener_hears_and_nobody_is_told(boss: str, at: int):
    w, call_id = group_call(boss, at)
    before = {n: len(w.ua(n).events) for n in MEMBERS}
    call = enter(w, boss, GROUP, call_id, Token.LISTEN)
    assert call.state is CallState.UP
    assert b"a=sendonly" in call.remote_sdp
    assert call.talker == "2001@core2.example"
    assert {n: len(w.ua(n).events) for n in MEMBERS} == before
    w.press(boss)
    w.run(1.0)
    assert w.floor() == ("2001", [])
    assert not call.talking
    assert f"{aor(boss)} call listen done" in audit(w, 1)
    w.leave(boss)
    w.run(1.0)
    w.let_go("2001")
    w.run(40.0)
    w.assert_over()


@pytest.mark.parametrize("token", [Token.INSERT, Token.LISTEN])
@pytest.mark.parametrize("boss", ["1005", "2005"])
def test_entry_outlives_a_restart_of_every_tcf(boss: str, token: Token):
    w, call_id = group_call(boss, 4)
    enter(w, boss, GROUP, call_id, token)
    for core in (1, 2, 4):
        w.crash(core)
        w.restart(core)
        w.run(2.0)
    talker = boss if token is Token.INSERT else "2001"
    assert w.floor() == (talker, [])
    w.leave(boss)
    w.run(2.0)
    assert w.floor() == ("" if token is Token.INSERT else "2001", [])


def test_members_gone_the_inserter_does_not_keep_the_call():
    w, call_id = group_call("3005", 4)
    call = enter(w, "3005", GROUP, call_id)
    for number in MEMBERS:
        w.leave(number)
        w.run(1.0)
    assert call.state is CallState.ENDED
    w.assert_over()


@pytest.mark.parametrize("token", [Token.INSERT, Token.LISTEN])
@pytest.mark.parametrize("who", ["1001", "3001"])
def test_a_terminal_gets_403_and_an_audit_entry(who: str, token: Token):
    w, call_id = group_call("3005", 4)
    w.attach("3001", 3)
    call = enter(w, who, GROUP, call_id, token)
    assert call.status == 403
    assert w.floor() == ("2001", [])
    assert [entry.split()[-1] for entry in audit(w, int(who[0]))] == ["403"]


def test_an_unknown_call_is_481():
    w, _ = group_call("3005", 4)
    assert enter(w, "3005", GROUP, "nothing").status == 481
    assert audit(w, 1) == [f"{aor('3005')} call insert 481"]
    assert audit(w, 3) == [f"{aor('3005')} call insert 481"]


def test_a_peer_without_control_is_403():
    w, call_id = group_call("3005", 4)
    core = w.cores[1]
    peers = tuple(replace(peer, control=False) for peer in core.settings.peers)
    core.settings = replace(core.settings, peers=peers)
    w.command(1, "reload", settings=core.settings)
    assert enter(w, "3005", GROUP, call_id).status == 403
    assert audit(w, 1) == [f"{aor('3005')} call insert 403"]


# --- private calls


class Pair:
    """1001 (at core 2) and 4001 (at core 3) talk; a dispatcher looks on."""

    def __init__(self, setup: CallSetup, boss: str = "3005", at: int = 3, called: str = "4001") -> None:
        self.boss = boss
        self.w = w = ControlWorld(at={"1001": 2, called: 3, boss: at})
        self.one, self.two = w.ua("1001"), w.ua(called)
        self.call = w.call(self.one, called, setup)
        w.run(2.0)
        assert self.call.state is CallState.UP
        self.other = next(iter(self.two.calls.values()))

    def enter(self, party: str = "1001", token: Token = Token.INSERT) -> Call:
        return enter(self.w, self.boss, aor(party), self.call.id, token)

    def leave(self) -> None:
        self.w.leave(self.boss)
        self.w.run(2.0)

    def floor(self) -> str | None:
        (row,) = self.w.node(1).procedures.private_call.floors()
        return row["talker"]

    def end(self, ua: Terminal | None = None) -> None:
        self.w.hang_up(ua or self.one)
        self.w.settle()
        self.w.run(5.0)
        assert not self.two.calls
        assert not self.w.ua(self.boss).calls
        assert [left for left in self.w.remains() if "group_info" not in left] == []


@WHERE
@pytest.mark.parametrize("party", ["1001", "4001"])
def test_half_duplex_the_inserter_takes_the_floor(boss: str, at: int, party: str):
    p = Pair(HALF, boss, at)
    call = p.enter(party)
    assert (call.state, p.floor()) == (CallState.UP, str(aor(boss)))
    assert (call.talking, p.call.talking, p.other.talking) == (True, False, False)
    assert p.call.talker == p.other.talker == str(aor(boss))
    p.leave()
    assert p.floor() is None
    p.one.press(p.call, p.w.now)
    p.w.touch(p.one)
    p.w.run(1.0)
    assert p.floor() == "1001@core1.example"
    p.end()


def test_half_duplex_a_listener_hears_who_talks_and_cannot():
    p = Pair(HALF)
    call = p.enter("4001", Token.LISTEN)
    assert call.talker == "1001@core1.example"
    p.w.press(p.boss)
    p.w.run(1.0)
    assert (p.floor(), call.talking) == ("1001@core1.example", False)
    p.end()


def test_half_duplex_insertion_outlives_a_restart_of_every_tcf():
    p = Pair(HALF)
    p.enter("4001")
    for core in (1, 2, 3, 4):
        p.w.crash(core)
        p.w.restart(core)
        p.w.run(2.0)
    assert p.floor() == str(aor(p.boss))
    p.leave()
    assert p.floor() is None
    p.end()


def lines(body: bytes) -> list[str]:
    """Each m= line: its port, 0 when it is closed."""
    return [line.split()[1] for line in body.decode().splitlines() if line.startswith("m=")]


@WHERE
@pytest.mark.parametrize("party", ["1001", "4001"])
def test_full_duplex_both_parties_are_offered_his_stream_and_his_leaving_closes_it(
    boss: str, at: int, party: str
):
    p = Pair(FULL, boss, at)
    call = p.enter(party)
    assert call.state is CallState.UP
    his = lines(call.sdp)[0]
    assert lines(p.call.remote_sdp)[1:] == lines(p.other.remote_sdp)[1:] == [his]
    assert lines(call.remote_sdp) == [lines(p.call.sdp)[1]]
    p.leave()
    assert lines(p.call.remote_sdp)[1:] == lines(p.other.remote_sdp)[1:] == ["0"]
    assert lines(p.call.remote_sdp)[0] == lines(p.other.sdp)[0]
    p.end()


def test_full_duplex_survives_hold_a_second_insertion_and_the_end():
    p = Pair(FULL)
    call = p.enter()
    p.one.change(p.call, "sendonly", p.w.now)
    p.w.touch(p.one)
    p.w.run(3.0)
    assert p.call.status == 200
    assert lines(p.other.remote_sdp) == [lines(p.call.sdp)[0], lines(call.sdp)[0]]
    assert lines(p.call.remote_sdp)[1] == lines(call.sdp)[0]
    p.leave()
    second = p.enter("4001")
    assert second.state is CallState.UP
    assert lines(p.other.remote_sdp)[1:] == ["0", lines(second.sdp)[0]]
    p.end(p.two)


def test_full_duplex_survives_the_handover_of_a_party():
    p = Pair(FULL)
    call = p.enter()
    p.two.move(p.w.cores[1].proxy, p.w.now, RegType.HANDOVER, p.other)
    p.w.touch(p.two)
    p.w.run(4.0)
    assert p.call.state is p.other.state is call.state is CallState.UP
    assert lines(p.other.remote_sdp) == [lines(p.call.sdp)[0], lines(call.sdp)[0]]
    p.leave()
    assert lines(p.other.remote_sdp)[1:] == lines(p.call.remote_sdp)[1:] == ["0"]
    p.end()


def test_full_duplex_insertion_outlives_a_restart_of_every_tcf():
    p = Pair(FULL)
    call = p.enter("4001")
    for core in (1, 2, 3, 4):
        p.w.crash(core)
        p.w.restart(core)
        p.w.run(2.0)
    assert p.call.state is p.other.state is call.state is CallState.UP
    p.leave()
    assert lines(p.call.remote_sdp)[1:] == lines(p.other.remote_sdp)[1:] == ["0"]
    p.end()


def test_full_duplex_a_listener_changes_nothing_for_the_parties():
    p = Pair(FULL)
    before = (p.call.remote_sdp, p.other.remote_sdp)
    call = p.enter("4001", Token.LISTEN)
    assert b"a=sendonly" in call.remote_sdp
    assert (p.call.remote_sdp, p.other.remote_sdp) == before
    p.leave()
    p.end()


def offers_gsm(source: str, data: bytes) -> bytes:
    return (
        data.replace(b"RTP/AVP 8", b"RTP/AVP 3").replace(b"8 PCMA/", b"3 GSM0/") if source == "3005" else data
    )


def test_who_enters_a_group_call_with_no_codec_of_it_gets_488_and_changes_nothing():
    w, call_id = group_call("3005", 3)
    w.garble = offers_gsm
    assert enter(w, "3005", GROUP, call_id).status == 488
    assert w.floor() == ("2001", [])
    assert w.talking() == ["2001"]


@pytest.mark.parametrize(
    ("setup", "token"), [(HALF, Token.INSERT), (HALF, Token.LISTEN), (FULL, Token.LISTEN)]
)
def test_who_enters_a_call_with_no_codec_of_it_gets_488_and_changes_nothing(setup: CallSetup, token: Token):
    p = Pair(setup)
    p.w.garble = offers_gsm
    assert p.enter(token=token).status == 488
    assert p.w.node(1).procedures.private_call.view()[0]["state"] == "up"
    p.end()


def test_a_listener_who_offers_no_codec_of_the_call_keeps_what_he_had():
    p = Pair(FULL)
    call = p.enter(token=Token.LISTEN)
    before = call.remote_sdp
    p.w.garble = offers_gsm
    ua = p.w.ua("3005")
    ua.become(call, FULL, "recvonly", p.w.now)
    p.w.touch(ua)
    p.w.run(3.0)
    assert call.remote_sdp == before
    (guest,) = next(iter(p.w.node(1).procedures.private_call._calls.values())).guests
    assert b"GSM0" not in guest.leg.remote_sdp
    p.w.garble = lambda source, data: data
    p.end()


@pytest.mark.parametrize("token", [Token.INSERT, Token.LISTEN])
@pytest.mark.parametrize(("boss", "at"), [("3005", 3), ("3005", 1)])
def test_who_enters_a_group_call_that_has_no_description_needs_g711(boss: str, at: int, token: Token):
    w = ControlWorld(at={**MEMBERS, boss: at})
    ua = w.ua("1001")
    ua.call("8001@core1.example", w.now, None, b"")
    w.touch(ua)
    w.run(3.0)
    assert w.floor() == ("1001", [])
    call_id = str(w.node(1).procedures.group_call.view()[0]["id"])
    w.garble = offers_gsm
    assert enter(w, boss, GROUP, call_id, token).status == 488
    assert w.floor() == ("1001", [])
    assert w.talking() == ["1001"]


def test_a_party_cannot_enter_and_nobody_twice():
    p = Pair(FULL, "3005", 3, "2005")
    p.enter()
    assert p.enter().status == 486
    again = p.two.enter(aor("1001"), p.call.id, p.w.now)
    p.w.touch(p.two)
    p.w.run(2.0)
    assert again.status == 486


# --- parties that refuse


def net_pair() -> tuple[Net, Phone, Phone, Phone, bytes]:
    """Two who talk, and a dispatcher whose INVITE to be inserted is open; what the parties are offered."""
    net = control_net(4)
    boss = attached(net, "3004", 3, auto=polite)
    caller, called = phones(net, 2, 3)
    talk(net, caller, called, "pttcall;calltype=1;OnlineCallID=c9")
    boss.invite("4001", SDP.replace(b"4000", b"5000"), "pttinsert;OnlineCallID=c9;UDN=4001")
    offered = called.request("INVITE").body
    assert offered.startswith(b"v=0\r\no=- 1 2 ")
    assert lines(offered) == ["4000", "5000"]
    return net, boss, caller, called, offered


def polite(request: object) -> int | None:
    return 200 if getattr(request, "method", "") in ("BYE", "CANCEL", "INFO", "OPTIONS") else None


def test_both_refuse_and_the_inserter_hears_488():
    net, boss, caller, called, _ = net_pair()
    for phone in (caller, called):
        phone.answer(phone.request("INVITE"), 488)
    assert boss.statuses("INVITE")[-1] == 488
    assert net.calls()
    called.ask(called.within("BYE", called.requests("INVITE")[0], None))
    net.assert_quiet()


def test_a_party_that_refuses_keeps_its_media():
    net, boss, caller, called, _ = net_pair()
    caller.answer(caller.request("INVITE"), 488)
    assert 200 not in boss.statuses("INVITE")
    two = ANSWER.replace(b"- 1 1", b"- 1 2") + b"m=audio 4010 RTP/AVP 8\r\n"
    called.answer(called.request("INVITE"), 200, two, Supported="timer")
    ok = boss.response("INVITE")
    assert (ok.status, lines(ok.body)) == (200, ["4010"])
    held = called.within(
        "INVITE", called.requests("INVITE")[0], None, two.replace(b"- 1 2", b"- 1 3") + b"a=sendonly\r\n"
    )
    called.ask(held)
    assert lines(caller.request("INVITE").body) == ["4000"], "his line is not there for who refused it"
    caller.answer(caller.request("INVITE"), 200, SDP.replace(b"- 1 1", b"- 1 2"), Supported="timer")
    assert lines(called.response("INVITE").body) == ["4000", "5000"]
    assert net.calls()
