from hypothesis import given
from hypothesis import strategies as st

from edge_server.sessions.burst import BurstMeter

PACKET_S = 0.02


def test_a_burst_is_spread_and_forgotten_in_as_much_time() -> None:
    burst, now_s = BurstMeter(), 5.0
    assert [round(burst.count(PACKET_S, now_s), 3) for _ in range(4)] == [0.0, 0.02, 0.04, 0.06]
    spreads = []
    for _ in range(5):
        now_s += PACKET_S
        spreads.append(round(burst.count(PACKET_S, now_s), 3))
    assert spreads == [0.04, 0.02, 0.0, 0.0, 0.0]


@given(st.lists(st.floats(0.0, 0.5), max_size=50))
def test_nothing_is_spread_by_more_than_came_before_it(pauses_s: list[float]) -> None:
    burst, now_s = BurstMeter(), 0.0
    for number, pause_s in enumerate(pauses_s):
        now_s += pause_s
        assert 0.0 <= burst.count(PACKET_S, now_s) <= number * PACKET_S + 1e-9
