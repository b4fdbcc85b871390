"""Heartbeat and recovery (profile 5.1)."""

from tests.node.net import Net, Party, phones, polite, talk, tcf

from opentcf.sip.message import Request


def beats(net: Net, source: int, target: int) -> list[float]:
    pair = (tcf(source), tcf(target))
    return [s.at for s in net.seen if s.what == "OPTIONS" and (s.source, s.target) == pair]


def test_everybody_beats_at_the_start_and_every_ten_seconds():
    """TC2-C 心跳检测."""
    net = Net(3)
    net.advance(30.0)
    for source in (1, 2, 3):
        for target in {1, 2, 3} - {source}:
            assert beats(net, source, target) == [0.0, 10.0, 20.0, 30.0]
    assert net.peer_states(1) == {"core2.example": "up", "core3.example": "up"}


def test_request_and_answer_name_the_senders_epoch():
    """TC2-C 心跳检测成功响应, TC2-C OPTIONS/TC2."""
    net = Net(2)
    request, answer = net.last("OPTIONS", tcf(1)), net.last("200 OPTIONS", tcf(1))
    assert isinstance(request, Request)
    assert request.uri == "sip:core2.example"
    assert request.headers.get("To") == "<sip:core2.example>"
    assert (request.headers.get("From") or "").startswith("<sip:core1.example>")
    assert request.headers.get("Ptt-Extension") == answer.headers.get("Ptt-Extension")
    assert (request.headers.get("Ptt-Extension") or "").startswith("pttheartbeat;epoch=")
    assert net.last("OPTIONS", tcf(2)).headers.get("Ptt-Extension") != answer.headers.get("Ptt-Extension")


def test_three_misses_make_it_down_and_one_answer_up():
    net = Net(2)
    net.advance(1.0)
    net.unreachable.add(tcf(2))
    net.advance(31.5)
    assert net.peer_states(1) == {"core2.example": "up"}
    net.advance(1.0)
    assert net.peer_states(1) == {"core2.example": "down"}
    assert [notice["state"] for notice in net.noticed("peer")][-1] == "down"
    net.unreachable.clear()
    net.advance(10.0)
    assert net.peer_states(1) == {"core2.example": "up"}


def test_a_peer_that_was_never_heard_is_tried_until_it_is_known_to_be_down():
    net = Net(2, foreign=(2,))
    assert net.peer_states(1) == {"core2.example": "unknown"}
    net.advance(22.0)
    assert net.peer_states(1) == {"core2.example": "unknown"}
    net.advance(2.0)
    assert net.peer_states(1) == {"core2.example": "down"}


def test_any_final_response_means_alive():
    net = Net(2, foreign=(2,))
    other = Party(net, 1, "tc2", tcf(2), 5060)
    other.auto = lambda request: 405
    net.advance(10.0)
    assert net.peer_states(1) == {"core2.example": "up"}


def test_a_provisional_response_does_not():
    net = Net(2, foreign=(2,))
    other = Party(net, 1, "tc2", tcf(2), 5060)
    other.auto = lambda request: 100
    net.advance(25.0)
    assert net.peer_states(1) == {"core2.example": "down"}


def test_times_are_per_peer():
    net = Net(2, peers={2: {"heartbeat": 2.0, "heartbeat_wait": 1.0, "heartbeat_misses": 1}}, foreign=(2,))
    net.advance(1.5)
    assert net.peer_states(1) == {"core2.example": "down"}
    net.advance(2.5)
    assert len(set(beats(net, 1, 2))) >= 3


def test_a_heartbeat_from_one_that_is_down_is_a_reason_to_ask_at_once():
    net = Net(2)
    net.unreachable.add(tcf(2))
    net.advance(35.0)
    net.unreachable.clear()
    sent = len(beats(net, 1, 2))
    net.start(2)
    net.pump()
    assert len(beats(net, 1, 2)) == sent + 1
    assert net.peer_states(1) == {"core2.example": "up"}


def test_an_epoch_that_changed_is_noticed_once():
    net = Net(2)
    net.advance(1.0)
    assert net.noticed("peer_lost_state") == []
    net.start(2)
    net.advance(25.0)
    assert len(net.noticed("peer_lost_state")) == 1


def test_a_restart_that_kept_the_state_keeps_the_epoch():
    net = Net(2)
    net.advance(1.0)
    net.start(2, keep=True)
    net.start(1, keep=True)
    net.advance(25.0)
    assert net.noticed("peer_lost_state") == []


def test_nothing_piles_up():
    net = Net(4)
    net.unreachable.add(tcf(4))
    net.advance(3600.0)
    assert net.node(1).quiet()["transactions"] <= 20
    net.assert_no_fault()


def test_a_peer_without_the_token_is_answered_with_what_we_can():
    net = Net(2, foreign=(2,))
    other = Party(net, 1, "tc2", tcf(2), 5060)
    other.auto = polite
    other.send(other.make("OPTIONS", "sip:core1.example", "<sip:core2.example>;tag=x", "<sip:core1.example>"))
    answer = other.response("OPTIONS")
    assert answer.status == 200
    for field in ("Allow", "Accept", "Supported"):
        assert answer.headers.get(field), field


# --- a second address

SECOND = "127.0.2.101"
WAYS = (("udp", tcf(2), 5060), ("udp", SECOND, 5060))


def twofold() -> Net:
    """Core 2 has a second address; each of its two networks can fail."""
    net = Net(2, peers={2: {"addresses": WAYS}})
    net.nodes[SECOND], net.saved[SECOND] = net.nodes[tcf(2)], net.saved[tcf(2)]
    return net


def row(net: Net) -> dict[str, object]:
    return net.rows(1, "peers")[0]


def test_the_second_address_is_used_when_a_heartbeat_is_missed_at_the_first_and_left_when_it_is_back():
    net = twofold()
    assert (row(net)["address"], row(net)["way"]) == ("udp:127.0.2.1:5060", 1)
    assert row(net)["addresses"] == ["udp:127.0.2.1:5060", "udp:127.0.2.101:5060"]
    net.unreachable.add(tcf(2))
    net.advance(13.5)
    assert (row(net)["address"], row(net)["way"], row(net)["state"]) == ("udp:127.0.2.101:5060", 2, "up")
    assert net.node(1).gauges()["opentcf_peer_address", ("core2.example",)] == 2
    net.advance(60.0)
    assert net.peer_states(1) == {"core2.example": "up"}
    net.unreachable.clear()
    net.advance(10.0)
    assert (row(net)["address"], row(net)["misses"]) == ("udp:127.0.2.1:5060", 0)
    assert [notice["address"] for notice in net.noticed("peer_address")] == [
        "udp:127.0.2.101:5060",
        "udp:127.0.2.1:5060",
    ]


def test_a_peer_is_down_when_none_of_its_addresses_answers():
    net = twofold()
    net.unreachable |= {tcf(2), SECOND}
    net.advance(35.0)
    assert net.peer_states(1) == {"core2.example": "up"}
    net.advance(2.0)
    assert net.peer_states(1) == {"core2.example": "down"}
    net.unreachable.discard(SECOND)
    net.advance(14.0)
    assert (net.peer_states(1), row(net)["way"]) == ({"core2.example": "up"}, 2)


def test_a_call_in_progress_goes_on_over_the_second_address():
    net = twofold()
    talking = talk(net, *phones(net, 1, 2, "1001", "2001"))
    net.unreachable.add(tcf(2))
    net.advance(13.5)
    talking.hang_up()
    assert talking.called.requests("BYE")
    assert net.count("BYE", tcf(1), SECOND) == 1


def test_a_call_that_is_being_set_up_when_the_first_address_fails_arrives_by_the_second():
    net = twofold()
    caller, called = phones(net, 1, 2, "1001", "2001")
    net.unreachable.add(tcf(2))
    caller.invite("2001")
    assert called.requests("INVITE") == []
    net.advance(14.0)
    called.answer(called.request("INVITE"), 180)
    net.pump()
    assert caller.statuses("INVITE")[-1] == 180


def test_an_answer_that_the_first_address_lost_arrives_by_the_second():
    """The called user picks up while the network of the first address is down."""
    net = twofold()
    caller, called = phones(net, 1, 2, "1001", "2001")
    called.auto = lambda request: None
    caller.invite("2001")
    net.unreachable.add(tcf(2))
    called.answer(called.request("INVITE"), 180)
    net.advance(14.0)
    net.pump()
    assert caller.statuses("INVITE")[-1] == 180


def test_where_the_first_address_refuses_the_second_is_used_at_once():
    net = twofold()
    caller, called = phones(net, 1, 2, "1001", "2001")
    net.advance(5.0)
    net.refusing.add(tcf(2))
    caller.invite("2001")
    assert called.requests("INVITE")
    assert row(net)["way"] == 2


def test_who_refuses_at_all_addresses_is_not_asked_without_end():
    net = twofold()
    caller, _ = phones(net, 1, 2, "1001", "2001")
    net.advance(5.0)
    net.refusing |= {tcf(2), SECOND}
    caller.invite("2001")
    net.advance(8.0)
    assert caller.statuses("INVITE")[-1] == 503
    assert net.count("OPTIONS", tcf(1), SECOND) == net.count("OPTIONS", tcf(1), tcf(2)) - 1 <= 4


def test_calls_go_on_over_the_second_address_after_a_restart():
    net = twofold()
    talking = talk(net, *phones(net, 1, 2, "1001", "2001"))
    net.unreachable.add(tcf(2))
    net.advance(14.0)
    net.start(1, keep=True)
    net.pump()
    net.advance(4.0)
    talking.hang_up()
    assert net.count("BYE", tcf(1), SECOND) == 1


def test_a_reload_that_takes_the_second_address_away_goes_back_to_the_first():
    net = twofold()
    net.unreachable.add(tcf(2))
    net.advance(14.0)
    net.peer_values = {}
    net.node(1).reload(net.settings(1))
    assert (row(net)["address"], row(net)["addresses"]) == ("udp:127.0.2.1:5060", ["udp:127.0.2.1:5060"])
    net.unreachable.clear()
    net.advance(10.0)
    assert net.peer_states(1) == {"core2.example": "up"}
