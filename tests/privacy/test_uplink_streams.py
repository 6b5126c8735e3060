"""AUDIO and LEVEL are counted apart, as the contract's streams have it, so that a gap names what was dropped."""

from __future__ import annotations

from protocol.frames import Frame, FrameFlag, FrameType
from satellite.uplink import STREAM, Uplink
from tests.privacy.spec_hub import AUDIO, LEVEL, STREAMS


class Sent:
    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def send_frame(self, frame: Frame) -> None:
        self.frames.append(frame)


async def test_each_kind_has_its_own_stream() -> None:
    link = Sent()
    uplink = Uplink(link)  # type: ignore[arg-type]
    for kind in (FrameType.LEVEL, FrameType.AUDIO):
        uplink.put(Frame(kind, b"\x01", FrameFlag.NONE, STREAM, samples=480, time_us=7))
    assert [(f.type, f.stream) for f in link.frames] == [(LEVEL, STREAMS[LEVEL]), (AUDIO, STREAMS[AUDIO])]
    assert {(f.payload, f.samples, f.time_us) for f in link.frames} == {(b"\x01", 480, 7)}
