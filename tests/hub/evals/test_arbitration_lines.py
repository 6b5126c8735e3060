from __future__ import annotations

import base64
import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.evals.arbitration import BadSceneError, FrameLine, ScenePlayer, play_scene, read_line
from hub.evals.arbitration_satellites import MicBlock, SatelliteProcess, SceneLine
from protocol.frames import FrameType
from protocol.messages import Floor, Wake, decode_message
from protocol.records import decode_levels, unpack_measurements

SILENT = base64.b64encode(bytes(640)).decode()


def frame(room, seq, t, **meta):
    line = {"op": "frame", "room": room, "t": t, "pcm": SILENT, "meta": {"seq": seq, "t_cap": t - 0.05, **meta}}
    read = read_line(json.dumps(line).encode())
    assert isinstance(read, FrameLine)
    return read


class Noted:
    """Satellites that only remember what was said to them."""

    def __init__(self):
        self.heard = []
        self.gates = []

    def hear(self, room, block):
        self.heard.append((room, block.seq))

    def gate(self, room, *, opened):
        self.gates.append((room, opened))

    def sync(self):
        return []

    def close(self):
        pass


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b'{"op":"dance"}',
        b'{"op":"decide"}',
        b'{"op":"decide","t":NaN}',
        b'{"op":"start","rooms":0}',
        b'{"op":"start","rooms":2,"fs":44100}',
        b'{"op":"frame","room":-1,"t":0,"pcm":"","meta":{"seq":0,"t_cap":0}}',
    ],
)
def test_what_is_no_line_is_refused_with_a_sentence(line):
    with pytest.raises(BadSceneError, match="no start, frame or decide"):
        read_line(line)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(line):
    with contextlib.suppress(BadSceneError):
        read_line(line)


def test_errors_are_answers_and_the_scene_goes_on():
    lines = [
        b'{"op":"decide","t":1}',
        b"nonsense",
        b'{"op":"start","rooms":1}',
        b'{"op":"decide","t":1}',
        b"x" * 70_000,
        b'{"op":"decide","t":2}',
    ]
    out = io.StringIO()
    play_scene(io.BytesIO(b"\n".join(lines)), out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [answer.get("error", {}).get("code", answer) for answer in answers] == [
        "bad_scene",
        "bad_scene",
        {"room": None},
        "bad_scene",
        {"room": None},
    ]


@pytest.mark.parametrize("pcm", ["", "!", base64.b64encode(bytes(638)).decode()])
def test_sound_of_another_length_is_refused(pcm):
    player = ScenePlayer(1, Noted())
    line = frame(0, 0, 0.1).model_copy(update={"pcm": pcm})
    with pytest.raises(BadSceneError, match=r"640 bytes|base64"):
        player.frame(line)


def test_a_room_that_is_not_in_the_scene_is_refused():
    with pytest.raises(BadSceneError, match="no room 3"):
        ScenePlayer(2, Noted()).frame(frame(3, 0, 0.1))


def test_frames_that_overtook_each_other_are_heard_in_order():
    satellites = Noted()
    player = ScenePlayer(2, satellites)
    for seq in (0, 2, 1, 3):
        player.frame(frame(0, seq, 0.1 + seq / 1000))
    assert [seq for room, seq in satellites.heard if room == 0] == [0, 1, 2, 3]


def test_a_lost_frame_is_not_waited_for_for_ever():
    satellites = Noted()
    player = ScenePlayer(1, satellites)
    player.frame(frame(0, 0, 0.10))
    player.frame(frame(0, 2, 0.14))
    player.decide(0.2)
    assert satellites.heard == [(0, 0)]
    player.decide(0.5)
    assert satellites.heard == [(0, 0), (0, 2)]
    player.frame(frame(0, 1, 0.6))
    assert satellites.heard == [(0, 0), (0, 2)]


def test_the_fastest_frame_tells_the_clock():
    line = SceneLine(0, Noted())
    rng = np.random.default_rng(1)
    for index in range(200):
        line.arrived(index * 0.02 + 0.04, index * 0.02 + 0.02 + rng.uniform(0.0, 0.08))
    # The clock is 40 ms ahead, and the least that a frame takes is its own 20 ms.
    assert line.to_hub_ms(round((4.0 + 0.04 + 1000.0) * 1e6)) == pytest.approx(4000.0 + 20.0, abs=2.0)
    assert line.clock_error_ms < 1.0


def test_satellites_say_scalars_until_the_floor_is_theirs():
    satellites = SatelliteProcess()
    try:
        rng = np.random.default_rng(1)

        def hear(first, count, wake_at=None):
            for seq in range(first, first + count):
                pcm = (rng.standard_normal(320) * 40).astype("<i2").tobytes()
                satellites.hear(0, MicBlock(seq, seq * 0.02, pcm, None, 0.9 if seq == wake_at else None))
            return [frame for _, frame in satellites.sync()]

        idle = hear(0, 100, wake_at=60)
        levels = [frame for frame in idle if frame.type == FrameType.LEVEL]
        assert {frame.type for frame in idle} == {FrameType.LEVEL, FrameType.CONTROL}
        assert len(levels) <= 50
        assert decode_levels(levels[0].payload, levels[0].flags).floors_db is not None
        wake = decode_message(next(frame.payload for frame in idle if frame.type == FrameType.CONTROL))
        assert isinstance(wake, Wake)
        assert wake.score == pytest.approx(0.9)
        assert len(unpack_measurements(wake.measurements)) == 61
        line = SceneLine(0, satellites)
        line.send(Floor(state="denied"))
        assert {frame.type for frame in hear(100, 20)} == {FrameType.LEVEL}
        line.send(Floor(state="granted", session="s"))
        talking = hear(120, 20)
        assert {frame.type for frame in talking} == {FrameType.AUDIO}
        line.send(Floor(state="released", session="s"))
        assert {frame.type for frame in hear(140, 20)} == {FrameType.LEVEL}
    finally:
        satellites.close()
