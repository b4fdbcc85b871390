"""How long other TCFs take to answer is measured."""

from tests.node.net import Net, tcf


def test_the_answer_to_a_heartbeat_is_measured_once_for_each_peer():
    net = Net(2)
    net.pump()
    node = net.nodes[tcf(1)]
    found = {
        key: sum(h.counts) for key, h in node.meters.histograms.items() if key[0] == "opentcf_request_seconds"
    }
    assert found == {("opentcf_request_seconds", ("tc2", "core2.example", "OPTIONS")): 1}
