"""Roaming registration (profile 4.1)."""

import pytest
from tests.node.net import Net, Party, Phone, Seen, core, phones, polite, talk, tcf

from opentcf.sip import digest
from opentcf.sip.message import Request


def foreign_register(
    v: Party,
    user: str = "1001",
    home: int = 1,
    cseq: int = 1,
    call_id: str = "foreign",
    expires: int = 600,
    **headers: str,
) -> int:
    """A REGISTER of a foreign V-TCF, and what H answers."""
    aor = f"<sip:{user}@{core(home)}>"
    made = v.make("REGISTER", f"sip:{core(home)}", f"{aor};tag=v", aor, call_id, cseq)
    fields = {
        "Contact": f"<sip:{user}@{v.host}:5060;home={core(home)}>",
        "P-Visited-Network-ID": core(int(v.host.split(".")[2])),
        "Expires": str(expires),
        "Ptt-Extension": "pttregister;regtype=initial" if expires else "pttregister",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in fields.items():
        made.headers.set(name, value)
    v.send(made)
    return v.response("REGISTER").status


def foreign(net: Net, number: int, at: int) -> Party:
    """A foreign TCF in the place of core `number`."""
    net.nodes.pop(tcf(number), None)
    party = Party(net, at, "tc2", tcf(number), 5060)
    party.auto = polite
    return party


# --- the path


def test_a_roaming_user_is_bound_at_home_and_attached_where_he_is():
    """TC2-C 漫游, TC2-C 初始注册请求, TC2-C 注册请求的成功响应."""
    net = Net()
    phone = Phone(net, "1001", 2)
    assert phone.register() == 200
    assert net.registered(1) == {"1001@core1.example": "core2.example"}
    assert net.attached(2) == {"1001@core1.example"}
    assert net.between(2, 1) == ["REGISTER"]
    request = net.last("REGISTER", tcf(2), tcf(1))
    assert isinstance(request, Request)
    assert request.uri == "sip:core1.example"
    assert request.headers.get("To") == "<sip:1001@core1.example>"
    assert request.headers.get("P-Visited-Network-ID") == "core2.example"
    assert request.headers.get("Contact") == "<sip:1001@127.0.2.1:5060;home=core1.example>"
    assert (request.headers.get("Ptt-Extension") or "").startswith("pttregister;regtype=initial;since=")
    answer = phone.response("REGISTER")
    assert answer.headers.get("Expires") == "3600"
    assert answer.content_type() == "application/pttmembershipinfo+xml"


def test_at_home_nothing_goes_to_anybody():
    net = Net()
    assert Phone(net, "1001", 1).register() == 200
    assert net.registered(1) == {"1001@core1.example": "core1.example"}
    assert all(net.between(1, other) == [] for other in (2, 3, 4))


def test_the_binding_is_stored_before_the_200_leaves():
    net = Net(2)
    v = foreign(net, 2, 1)
    node = net.node(1)
    made = v.make(
        "REGISTER", "sip:core1.example", "<sip:1001@core1.example>;tag=v", "<sip:1001@core1.example>"
    )
    made.headers.set("Expires", "600")
    v.send(made, pump=False)
    batch = node.drain()
    assert [save.key for save in batch.saves if save.kind == "binding"] == ["1001"]
    assert len(batch.sends) == 1


# --- the checks of H, in order


def test_who_is_no_peer_gets_403():
    net = Net(2)
    stranger = Party(net, 1, "tc2", "127.0.77.1", 5060)
    assert foreign_register(stranger, "9999") == 403
    assert net.noticed("not_a_peer")[0]["method"] == "REGISTER"


def test_a_peer_registers_for_itself_only():
    net = Net(3)
    v = foreign(net, 2, 1)
    assert foreign_register(v, P_Visited_Network_ID="core3.example") == 403
    assert net.registered(1) == {}


@pytest.mark.parametrize(
    "named",
    [
        "core2.example;x=1",
        '"Core2.Example"',
        "core9.example, core2.example",
        '"Visited at core2" , core2.example;a=b',
    ],
)
def test_the_visited_network_may_be_one_of_several_and_have_parameters(named: str):
    """RFC 7315 §4.3."""
    net = Net(2)
    assert foreign_register(foreign(net, 2, 1), P_Visited_Network_ID=named) == 200
    assert net.registered(1) == {"1001@core1.example": "core2.example"}


@pytest.mark.parametrize(
    "spelled",
    [
        "sip:ABC@Tcf2.Core2.Example;Line=AbC",
        "sip:1001@127.0.2.1:5060;home=core1.example",
        "sips:1001@X.example",
    ],
)
@pytest.mark.parametrize("contact", ["<{}>;expires=600", '"A <b> \\" c" <{}>', "<{}>, <sip:other@127.0.2.1>"])
def test_a_contact_is_opaque_and_called_as_it_was_spelled(spelled: str, contact: str):
    """Profile 2.2."""
    net = Net(2)
    v = foreign(net, 2, 1)
    assert foreign_register(v, Contact=contact.format(spelled)) == 200
    caller = Phone(net, "1002", 1)
    caller.register()
    caller.invite("1001")
    assert v.request("INVITE").uri == spelled


def test_a_contact_that_is_no_sip_uri_is_400():
    net = Net(2)
    assert foreign_register(foreign(net, 2, 1), Contact="<tel:1001>") == 400


def test_an_unknown_number_gets_404():
    """TC2-C 404."""
    net = Net(2)
    assert foreign_register(foreign(net, 2, 1), "1999") == 404
    assert Phone(net, "1001", 1).register() == 200


def test_who_may_not_roam_there_gets_403():
    net = Net(3, subscribers={"1001": {"roaming": frozenset({core(3)})}, "1002": {"roaming": False}})
    assert Phone(net, "1001", 2).register() == 403
    assert Phone(net, "1002", 2).register() == 403
    assert Phone(net, "1001", 3).register() == 200
    assert Phone(net, "1002", 1).register() == 200


def test_unknown_comes_before_roaming_and_roaming_before_order():
    net = Net(2, subscribers={"1001": {"roaming": False}})
    v = foreign(net, 2, 1)
    assert foreign_register(v, "1999", expires=1) == 404
    assert foreign_register(v, "1001", cseq=0, expires=1) == 403


def test_a_lower_cseq_in_the_same_call_id_gets_500_the_same_gets_200_again():
    net = Net(2)
    v = foreign(net, 2, 1)
    assert [foreign_register(v, cseq=cseq) for cseq in (5, 4, 5, 6)] == [200, 500, 200, 200]
    assert foreign_register(v, cseq=1, call_id="another") == 200


def test_too_short_gets_423_and_too_long_is_cut():
    net = Net(2)
    v = foreign(net, 2, 1)
    assert foreign_register(v, expires=59) == 423
    assert v.response("REGISTER").headers.get("Min-Expires") == "60"
    assert foreign_register(v, cseq=2, expires=9999) == 200
    assert v.response("REGISTER").headers.get("Expires") == "3600"


def test_a_wrong_digest_of_a_visitor_gets_403_and_none_is_taken():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    assert phone.register(password="wrong") == 403
    assert (net.registered(1), net.attached(2)) == ({}, set())
    assert phone.register() == 200


# --- refresh


def test_v_refreshes_at_half_the_granted_expiry():
    net = Net(2)
    Phone(net, "1001", 2).register(expires=600)
    assert net.between(2, 1) == ["REGISTER"]
    net.advance(299.0)
    assert net.between(2, 1) == ["REGISTER"]
    net.advance(2.0)
    assert net.between(2, 1) == ["REGISTER", "REGISTER"]
    request = net.last("REGISTER", tcf(2), tcf(1))
    assert "regtype=refresh" in (request.headers.get("Ptt-Extension") or "")
    assert request.cseq()[0] == 2


def test_the_terminals_own_refresh_stays_local():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    for _ in range(3):
        net.advance(60.0)
        assert phone.register(Ptt_Extension="pttregister;regtype=refresh") == 200
    assert net.between(2, 1) == ["REGISTER"]


def test_who_registers_anew_at_the_same_v_is_registered_anew_at_his_home():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    net.advance(60.0)
    assert phone.register() == 200
    assert net.between(2, 1) == ["REGISTER", "REGISTER"]
    assert net.registered(1) == {"1001@core1.example": "core2.example"}


def test_a_refresh_never_displaces_another_v():
    net = Net(3)
    Phone(net, "1001", 2).register()
    v = foreign(net, 3, 1)
    assert foreign_register(v, Ptt_Extension="pttregister;regtype=refresh") == 403
    assert net.registered(1) == {"1001@core1.example": "core2.example"}


def test_a_terminals_cseq_out_of_order_gets_500():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    phone.register()
    phone.cseq = 0
    assert phone.register() == 500


# --- moved user


def test_a_registration_that_was_asked_before_the_one_that_stands_is_too_late():
    """A V repeats it while the home is away; meanwhile he asks at another V, whose request comes through first."""
    net = Net(3)
    left, right = Phone(net, "1001", 2), Phone(net, "1001", 3)
    net.unreachable.add(tcf(1))
    left.register()
    net.advance(0.7)
    net.start(1, keep=True)
    net.unreachable.clear()
    assert right.register() == 200
    net.advance(5.0)
    assert net.count("REGISTER", tcf(2), tcf(1)) > 1
    assert net.registered(1) == {"1001@core1.example": "core3.example"}
    assert net.attached(3) == {"1001@core1.example"}
    assert left.response("REGISTER").status == 500
    assert left.register() == 200
    assert net.registered(1) == {"1001@core1.example": "core2.example"}


@pytest.mark.parametrize(("earlier", "status"), [(0, 200), (1, 500), (31_000, 500), (33_000, 200)])
def test_clocks_that_disagree_do_not_keep_anybody_away_for_long(earlier: int, status: int):
    """Whose clock is far behind is believed at once, who is a little late to be later at the next try."""
    net = Net(3)
    one, other = foreign(net, 2, 1), foreign(net, 3, 1)
    said = "pttregister;regtype=initial;since="
    assert foreign_register(one, call_id="one", Ptt_Extension=f"{said}1700000000000") == 200
    at = 1_700_000_000_000 - earlier
    assert foreign_register(other, call_id="other", Ptt_Extension=f"{said}{at}") == status
    moved = f"{said.replace('initial', 'handover')}{at}"
    assert foreign_register(other, call_id="moved", Ptt_Extension=moved) == 200


def test_who_moves_is_kicked_off_where_he_was():
    """TC2-C 空闲态重注册."""
    net = Net()
    old, new = Phone(net, "1001", 2), Phone(net, "1001", 3)
    old.auto = polite
    old.register()
    new.register()
    assert net.registered(1) == {"1001@core1.example": "core3.example"}
    assert (net.attached(2), net.attached(3)) == (set(), {"1001@core1.example"})
    kick = net.last("OPTIONS", tcf(1), tcf(2))
    assert isinstance(kick, Request)
    assert kick.uri == "sip:1001@core1.example"
    assert (kick.headers.get("Ptt-Extension") or "").startswith("pttkickoff;Cause=moved;binding=")
    assert "pttkickoff;Cause=moved" in (old.request("OPTIONS").headers.get("Ptt-Extension") or "")


def test_a_kick_off_for_an_older_binding_changes_nothing():
    """The fence: he came back before the kick-off of his former registration was delivered."""
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    h = foreign(net, 1, 2)
    aor = "<sip:1001@core1.example>"
    for binding, stays in ((";binding=another", True), ("", False)):
        kick = h.make("OPTIONS", "sip:1001@core1.example", "<sip:core1.example>;tag=h", aor)
        kick.headers.set("Ptt-Extension", f"pttkickoff;Cause=moved{binding}")
        h.send(kick)
        assert h.response("OPTIONS").status == 200
        assert "Ptt-Extension" not in h.response("OPTIONS").headers, "TC2-C 网络侧注销的成功响应: 是否扩展 否"
        assert bool(net.attached(2)) is stays


@pytest.mark.parametrize("again", [False, True])
def test_a_kick_off_for_a_binding_that_a_restart_forgot_ends_the_one_before_it(again: bool):
    """The V-TCF was killed while the home's 200 was on its way, and has the registration before that in its store. It
    may be killed `again` as soon as it has answered the kick-off."""
    net = Net(3)
    Phone(net, "1001", 2).register()
    net.lose = lambda seen: (seen.what, seen.source) == ("200 REGISTER", tcf(1))
    Phone(net, "1001", 2, port=7777).register()
    net.start(2, keep=True)
    net.lose = lambda seen: again and (seen.what, seen.source) == ("REGISTER", tcf(2))
    Phone(net, "1001", 3).register()
    if again:
        net.start(2, keep=True)
    net.lose = lambda seen: False
    net.advance(1.0)
    assert net.registered(1) == {"1001@core1.example": core(3)}
    assert net.attached(2) == set()


def test_a_kick_off_that_overtakes_the_answer_to_a_registration_ends_that():
    net = Net(2)
    h = foreign(net, 1, 2)
    phone = Phone(net, "1001", 2)
    phone.register()
    asked = h.request("REGISTER")
    assert phone.statuses("REGISTER") == [401]
    kick = h.make(
        "OPTIONS", "sip:1001@core1.example", "<sip:core1.example>;tag=h", "<sip:1001@core1.example>"
    )
    kick.headers.set("Ptt-Extension", f"pttkickoff;Cause=moved;binding={asked.call_id()}")
    h.send(kick)
    h.answer(asked, 200, Expires="600")
    assert net.attached(2) == set()
    assert phone.statuses("REGISTER")[-1] == 403


def test_the_answer_to_a_leave_does_not_forget_who_has_registered_since():
    """His older registration runs out while his home thinks about the new one."""
    net = Net(2)
    h = foreign(net, 1, 2)
    phone = Phone(net, "1001", 2)
    phone.register(expires=100)
    h.answer(h.request("REGISTER"), 200, Expires="600")
    net.advance(95.0)
    phone.register(expires=100, Ptt_Extension="pttregister;regtype=initial")
    asked = h.requests("REGISTER")[-1]
    net.advance(6.0)
    leave = h.requests("REGISTER")[-1]
    assert leave.headers.get("Expires") == "0"
    h.answer(asked, 200, Expires="600")
    h.answer(leave, 200)
    assert phone.statuses("REGISTER")[-1] == 200
    assert net.attached(2) == {"1001@core1.example"}
    assert list(net.saved[tcf(2)]["attachment"]) == ["1001@core1.example"]


def test_who_is_kicked_off_while_he_registers_anew_is_registered_nowhere():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    net.lose = lambda seen: seen.source == tcf(1) and seen.what == "200 REGISTER"
    phone.register(Ptt_Extension="pttregister;regtype=initial")
    net.command(1, "user_kick", udn="1001")
    net.lose = lambda seen: False
    net.advance(30.0)
    assert net.attached(2) == set()
    assert net.registered(1) == {}


def test_a_kick_off_that_overtakes_the_answer_to_a_new_registration_ends_the_one_before_too():
    net = Net(2)
    h = foreign(net, 1, 2)
    phone = Phone(net, "1001", 2)
    phone.register()
    h.answer(h.request("REGISTER"), 200, Expires="600")
    phone.register(Ptt_Extension="pttregister;regtype=initial")
    asked = h.requests("REGISTER")[-1]
    kick = h.make(
        "OPTIONS", "sip:1001@core1.example", "<sip:core1.example>;tag=h", "<sip:1001@core1.example>"
    )
    kick.headers.set("Ptt-Extension", f"pttkickoff;Cause=moved;binding={asked.call_id()}")
    h.send(kick)
    h.answer(asked, 200, Expires="600")
    assert net.attached(2) == set()
    assert phone.statuses("REGISTER")[-1] == 403
    assert "pttkickoff;Cause=moved" in (phone.request("OPTIONS").headers.get("Ptt-Extension") or "")


def test_a_kick_off_of_a_user_unknown_there_is_answered_200():
    """TC2-C 网络侧注销的成功响应."""
    net = Net(2)
    h = foreign(net, 1, 2)
    kick = h.make(
        "OPTIONS", "sip:1001@core1.example", "<sip:core1.example>;tag=h", "<sip:1001@core1.example>"
    )
    kick.headers.set("Ptt-Extension", "pttkickoff;Cause=admin")
    h.send(kick)
    assert h.response("OPTIONS").status == 200


def test_only_the_home_may_kick_off():
    net = Net(3)
    Phone(net, "1001", 2).register()
    other = foreign(net, 3, 2)
    kick = other.make(
        "OPTIONS", "sip:1001@core1.example", "<sip:core3.example>;tag=h", "<sip:1001@core1.example>"
    )
    kick.headers.set("Ptt-Extension", "pttkickoff;Cause=admin")
    other.send(kick)
    assert other.response("OPTIONS").status == 403
    assert net.attached(2) == {"1001@core1.example"}


def test_a_kick_off_is_repeated_until_answered_also_over_a_restart():
    """TC2-C 集群核心网发起注销."""
    net = Net(3)
    Phone(net, "1001", 2).register()
    net.unreachable.add(tcf(2))
    Phone(net, "1001", 3).register()
    net.advance(100.0)
    net.start(1, keep=True)
    net.advance(5.0)
    assert net.attached(2) == {"1001@core1.example"}
    net.unreachable.clear()
    net.advance(60.0)
    assert net.attached(2) == set()
    before = net.count("OPTIONS", tcf(1), tcf(2))
    net.advance(1.0)
    kicks = [s for s in net.seen if "pttkickoff" in (s.message.headers.get("Ptt-Extension") or "")]
    assert kicks
    assert net.saved[tcf(1)].get("kick", {}) == {}
    assert net.count("OPTIONS", tcf(1), tcf(2)) >= before


def test_who_left_is_let_go_by_his_home_also_when_v_is_killed_before_it_heard():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    net.lose = lambda seen: seen.source == tcf(2) and seen.what == "REGISTER"
    phone.register(expires=0)
    net.advance(1.0)
    net.start(2, keep=True)
    net.lose = lambda seen: False
    net.advance(1.0)
    assert net.registered(1) == {}
    assert net.attached(2) == set()
    assert net.saved[tcf(2)]["attachment"] == {}
    assert phone.register() == 200
    assert net.registered(1) == {"1001@core1.example": "core2.example"}


def test_a_kick_off_to_who_stays_away_is_given_up_after_an_hour():
    """Until then it keeps a place in the store, and with it what clings to the V-TCF."""
    net = Net(3)
    phone = Phone(net, "1001", 2)
    phone.register()
    net.unreachable.add(tcf(2))
    net.advance(60.0)
    assert Phone(net, "1001", 3).register() == 200
    net.advance(3_500.0)
    assert list(net.saved[tcf(1)]["kick"]) == ["1001@core2.example"]
    net.advance(200.0)
    assert net.saved[tcf(1)]["kick"] == {}


def test_who_comes_back_is_not_hit_by_the_kick_off_that_waited():
    net = Net(3)
    first, second = Phone(net, "1001", 2), Phone(net, "1001", 3)
    first.register()
    net.unreachable.add(tcf(2))
    second.register()
    net.advance(60.0)
    net.unreachable.clear()
    net.lose = lambda seen: "pttkickoff" in (seen.message.headers.get("Ptt-Extension") or "")
    assert first.register(Ptt_Extension="pttregister;regtype=handover") == 200
    net.lose = lambda seen: False
    net.advance(120.0)
    assert net.registered(1) == {"1001@core1.example": "core2.example"}
    assert (net.attached(2), net.attached(3)) == ({"1001@core1.example"}, set())


def test_the_newest_contact_replaces_and_the_replaced_one_is_told():
    net = Net(2)
    old, new = Phone(net, "1001", 2), Phone(net, "1001", 2, port=6999)
    old.auto = polite
    old.register()
    assert new.register() == 200
    assert "pttkickoff;Cause=moved" in (old.request("OPTIONS").headers.get("Ptt-Extension") or "")
    assert net.attached(2) == {"1001@core1.example"}


# --- the end of a registration


def test_de_registration_reaches_the_home():
    """TC2-C 终端注销, TC2-C 注销的成功响应."""
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    assert phone.register(expires=0) == 200
    assert (net.registered(1), net.attached(2)) == ({}, set())
    request = net.last("REGISTER", tcf(2), tcf(1))
    assert request.headers.get("Expires") == "0"
    assert request.cseq()[0] == 2


def test_de_registration_releases_calls_first():
    net = Net()
    caller, called = phones(net, 2, 3)
    talk(net, caller, called)
    net.seen.clear()
    assert caller.register(expires=0) == 200
    order = [seen.what for seen in net.seen if seen.source == tcf(2) and seen.target == tcf(1)]
    assert order.index("BYE") < order.index("REGISTER")
    assert called.requests("BYE")
    assert net.registered(1) == {}
    net.assert_quiet()


def test_a_contact_of_star_leaves():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    assert phone.register(expires=0, Contact="*") == 200
    assert net.registered(1) == {}


def test_a_contact_of_star_with_an_expiry_is_400():
    net = Net(2)
    assert Phone(net, "1001", 2).register(expires=60, Contact="*") == 400


def test_leaving_twice_is_200():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    assert [phone.register(expires=0), phone.register(expires=0)] == [200, 200]


def test_a_terminal_that_falls_silent_is_de_registered():
    net = Net(2)
    Phone(net, "1001", 2).register(expires=120)
    net.advance(119.0)
    assert net.registered(1) != {}
    net.advance(2.0)
    assert (net.registered(1), net.attached(2)) == ({}, set())


def test_a_binding_that_nobody_refreshes_expires():
    net = Net(2)
    assert foreign_register(foreign(net, 2, 1), expires=600) == 200
    net.advance(599.0)
    assert net.registered(1) != {}
    net.advance(2.0)
    assert net.registered(1) == {}


def test_a_de_registration_from_a_former_v_changes_nothing():
    net = Net(3)
    v = foreign(net, 3, 1)
    Phone(net, "1001", 2).register()
    assert foreign_register(v, expires=0) == 200
    assert net.registered(1) == {"1001@core1.example": "core2.example"}


def test_register_again_while_the_home_still_answers_the_leaving():
    """The REGISTER waits its turn: V and H agree afterwards, whatever was lost."""
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    dropped: list[str] = []

    def first_leaving(seen: Seen) -> bool:
        leaving = (
            seen.what == "REGISTER" and seen.target == tcf(1) and seen.message.headers.get("Expires") == "0"
        )
        if leaving and not dropped:
            dropped.append(seen.what)
            return True
        return False

    net.lose = first_leaving
    phone.register(expires=0)
    phone.register()
    net.advance(5.0)
    assert dropped
    assert phone.statuses("REGISTER")[-1] == 200
    assert net.attached(2) == set(net.registered(1))
    assert net.attached(2) == {"1001@core1.example"}


def test_by_command():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.auto = polite
    phone.register()
    assert net.command(1, "user_kick", udn="1001").error is None
    assert (net.registered(1), net.attached(2)) == ({}, set())
    assert "Cause=admin" in (phone.request("OPTIONS").headers.get("Ptt-Extension") or "")
    assert net.command(1, "user_kick", udn="1001").status == 404


# --- a home that does not answer, or otherwise


def test_a_home_that_is_down_is_503_at_once():
    net = Net(2)
    net.unreachable.add(tcf(1))
    net.advance(60.0)
    phone = Phone(net, "1001", 2)
    assert phone.register() == 503
    assert int(phone.response("REGISTER").headers.get("Retry-After") or 0) > 0


def test_a_home_that_is_silent_is_503_before_the_terminal_gives_up():
    """RFC 4320: sooner than 32 s."""
    net = Net(2)
    net.unreachable.add(tcf(1))
    phone = Phone(net, "1001", 2)
    phone.register()
    assert phone.statuses("REGISTER") == [401]
    net.advance(25.0)
    assert phone.statuses("REGISTER") == [401, 503]
    said = phone.response("REGISTER").headers
    assert said.get("Warning") == f'399 {core(2)} "{core(1)} does not answer"'
    assert said.get("Retry-After") == "10"
    net.assert_no_fault()


def test_who_waited_behind_a_home_that_fell_silent_is_told_why_he_is_refused():
    net = Net(2)
    net.unreachable.add(tcf(1))
    net.advance(10.0)
    phone = Phone(net, "1001", 2)
    phone.register()
    phone.register()
    net.advance(30.0)
    assert phone.statuses("REGISTER") == [401, 401, 503, 503]
    assert f"{core(1)} is down" in (phone.response("REGISTER").headers.get("Warning") or "")


def test_a_home_whose_answer_was_lost_learns_which_registration_stands():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register()
    net.lose = lambda seen: seen.source == tcf(1) and seen.what == "200 REGISTER"
    phone.register()
    net.advance(25.0)
    assert phone.statuses("REGISTER")[-1] == 503
    net.lose = lambda seen: False
    net.advance(10.0)
    net.command(1, "user_kick", udn="1001")
    assert net.attached(2) == set()
    net.assert_no_fault()


def test_an_unknown_domain_is_404():
    net = Net(2)
    assert Phone(net, "9001", 2).register() == 404


@pytest.mark.parametrize("challenge", ['Digest realm="core1.example", nonce="n1", algorithm=MD5, qop="auth"'])
def test_a_home_that_challenges_is_relayed(challenge: str):
    """TC2-C 401."""
    net = Net(2)
    h = foreign(net, 1, 2)
    phone = Phone(net, "1001", 2)
    phone.register()
    first = h.request("REGISTER")
    h.answer(first, 401, WWW_Authenticate=challenge)
    assert phone.statuses("REGISTER")[-1] == 401
    found = digest.choose(phone.response("REGISTER").headers.lines("WWW-Authenticate"))
    assert found is not None
    assert found.nonce == "n1"
    made = phone.make("REGISTER", "sip:core1.example", f"{phone.aor};tag=r", phone.aor, "reg", 9)
    phone.authorize(made)
    phone.send(made)
    second = h.request("REGISTER")
    assert 'nonce="n1"' in (second.headers.get("Authorization") or "")
    h.answer(second, 200, Contact=f"{second.headers.get('Contact')};expires=600")
    assert phone.statuses("REGISTER")[-1] == 200
    assert net.attached(2) == {"1001@core1.example"}


@pytest.mark.parametrize(
    "challenge", ["Digest nonce=n1", "Digest", 'Digest nonce = "n1", realm="x"', "Basic"]
)
def test_an_odd_challenge_of_a_home_harms_nobody(challenge: str):
    net = Net(2)
    h = foreign(net, 1, 2)
    phone = Phone(net, "1001", 2)
    phone.register()
    h.answer(h.request("REGISTER"), 401, WWW_Authenticate=challenge)
    assert phone.statuses("REGISTER")[-1] == 401
    net.assert_no_fault()


def test_what_the_home_refuses_reaches_the_terminal_unchanged():
    net = Net(2)
    h = foreign(net, 1, 2)
    phone = Phone(net, "1001", 2)
    phone.register()
    h.answer(h.request("REGISTER"), 423, Min_Expires="7200")
    assert phone.response("REGISTER").status == 423
    assert phone.response("REGISTER").headers.get("Min-Expires") == "7200"


def test_a_home_that_lost_its_state_gets_its_users_again():
    net = Net(2)
    for user in ("1001", "1002", "1003"):
        assert Phone(net, user, 2).register() == 200
    net.advance(1.0)
    net.start(1)
    net.pump()
    assert net.registered(1) == {}
    net.advance(15.0)
    assert set(net.registered(1)) == {f"100{k}@core1.example" for k in (1, 2, 3)}


def test_a_home_that_lost_its_state_gets_its_users_from_a_v_that_was_killed_meanwhile():
    net = Net(2)
    assert Phone(net, "1001", 2).register() == 200
    net.advance(1.0)
    net.start(1)
    net.lose = lambda seen: seen.what == "REGISTER"
    net.advance(15.0)
    net.lose = lambda seen: False
    net.start(2, keep=True)
    net.advance(1.0)
    assert set(net.registered(1)) == {"1001@core1.example"}


def test_a_home_that_kept_its_state_is_left_alone():
    net = Net(2)
    Phone(net, "1001", 2).register()
    net.advance(1.0)
    net.start(1, keep=True)
    net.advance(30.0)
    assert net.between(2, 1) == ["REGISTER"]
    assert net.registered(1) == {"1001@core1.example": "core2.example"}


def test_v_goes_on_after_a_restart():
    net = Net(2)
    phone = Phone(net, "1001", 2)
    phone.register(expires=600)
    net.start(2, keep=True)
    assert net.attached(2) == {"1001@core1.example"}
    net.advance(301.0)
    assert net.between(2, 1) == ["REGISTER", "REGISTER"]
    net.advance(300.0)
    assert (net.attached(2), net.registered(1)) == (set(), {})


@pytest.mark.parametrize(
    "fields",
    [
        {"Expires": "soon"},
        {"Contact": "<nonsense"},
        {"Ptt-Extension": "?"},
        {"Content-Type": "application/pttmembershipinfo+xml"},
    ],
)
def test_a_malformed_200_of_the_home_is_a_200(fields: dict[str, str]):
    """He is registered there; what is broken beside that must not leave the terminal without an answer."""
    net = Net(2)
    h = foreign(net, 1, 2)
    phone = Phone(net, "1001", 2)
    phone.register()
    answer = h.request("REGISTER").respond(200, "h")
    for name, value in fields.items():
        answer.headers.set(name, value)
    answer.body = b"<broken"
    h.send(answer)
    assert phone.statuses("REGISTER")[-1] == 200
    net.assert_no_fault()


def test_a_home_that_grants_nothing_is_not_asked_without_end():
    net = Net(2)
    h = foreign(net, 1, 2)
    h.auto = lambda request: 200
    Phone(net, "1001", 2).register()
    h.auto = lambda request: None
    net.seen.clear()

    def grant_nothing(request: Request) -> int | None:
        h.answer(request, 200, Expires="0")
        return None

    h.auto = grant_nothing
    net.advance(1830.0)
    assert net.count("REGISTER", tcf(2), tcf(1)) <= 32
