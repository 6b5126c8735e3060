from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satellite.audio.jitter import CAPACITY, JitterBuffer, Kind


def drain(buffer: JitterBuffer, now_s: float, count: int) -> list:
    return [buffer.pull(now_s + i * 0.02) for i in range(count)]


def test_waits_for_its_target_then_plays_in_order() -> None:
    buffer = JitterBuffer()
    pulled = []
    for i in range(20):
        buffer.push(i * 480, bytes([i]), last=i == 19, now_s=i * 0.02)
        pulled.append(buffer.pull(i * 0.02 + 0.001))
    pulled += drain(buffer, 0.4, 5)
    assert [p.kind for p in pulled[:2]] == [Kind.WAIT, Kind.WAIT]  # 60 ms
    assert [p.packet[0] for p in pulled if p.kind is Kind.PACKET] == list(range(20))
    assert pulled[-1].kind is Kind.NOTHING
    assert buffer.over
    assert buffer.underruns == 0


def test_a_dropped_frame_is_recovered_from_its_successor() -> None:
    buffer = JitterBuffer()
    for i in (0, 1, 3, 4):
        buffer.push(i * 480, bytes([i]), last=i == 4, now_s=0.0)
    pulled = drain(buffer, 0.1, 5)
    assert [p.kind for p in pulled] == [Kind.PACKET, Kind.PACKET, Kind.RECOVER, Kind.PACKET, Kind.PACKET]
    assert pulled[2].packet == b"\x03"


def test_running_dry_conceals_60_ms_then_waits_and_loses_nothing() -> None:
    buffer = JitterBuffer()
    for i in range(5):
        buffer.push(i * 480, bytes([i]), last=False, now_s=0.0)
    kinds = [p.kind for p in drain(buffer, 0.1, 10)]
    assert kinds == [Kind.PACKET] * 5 + [Kind.CONCEAL] * 3 + [Kind.WAIT] * 2
    target = buffer.target
    assert target > 3
    for i in range(5, 12):
        buffer.push(i * 480, bytes([i]), last=i == 11, now_s=0.4)
    assert [p.packet[0] for p in drain(buffer, 0.6, 7)] == list(range(5, 12))


def test_the_target_grows_at_once_and_shrinks_by_a_frame_in_5_s() -> None:
    buffer = JitterBuffer()
    for i in range(100):
        late_s = 0.1 if i % 10 == 5 else 0.0
        buffer.push(i * 480, b"x", last=False, now_s=i * 0.02 + late_s)
        buffer.pull(i * 0.02)
    grown = buffer.target
    assert grown >= 6
    shrunk = []
    for i in range(100, 4000):
        buffer.push(i * 480, b"x", last=False, now_s=i * 0.02)
        buffer.pull(i * 0.02)
        shrunk.append(buffer.target)
    assert shrunk[240] >= grown - 1
    assert buffer.target == 2
    assert buffer.depth <= CAPACITY


@given(st.lists(st.tuples(st.integers(0, 2000), st.booleans(), st.booleans()), max_size=300))
def test_any_arrival_stays_within_bounds(steps: list[tuple[int, bool, bool]]) -> None:
    buffer = JitterBuffer()
    position = 0
    for number, (index, push, last) in enumerate(steps):
        if push:
            buffer.push(index * 480, b"x", last=last, now_s=number * 0.02)
        else:
            pulled = buffer.pull(number * 0.02)
            assert bool(pulled.packet) == (pulled.kind in (Kind.PACKET, Kind.RECOVER))
        assert buffer.depth <= CAPACITY
        assert 2 <= buffer.target <= 10
        assert buffer.position >= position
        position = buffer.position
