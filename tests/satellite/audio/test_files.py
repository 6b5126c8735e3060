from __future__ import annotations

import contextlib
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from hub_peer import read_wav, write_wav
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satellite.audio.files import FileBackend, FileSetting, parse_setting
from satellite.audio.port import Block
from satellite.audio.room import Room
from satellite.audio.wav import WavReader, WavWriter
from satellite.errors import AudioFileError, AudioSettingError


class VirtualTime:
    """Every wait is over at once, and a clock that was late stays late."""

    def __init__(self) -> None:
        self.at_us = 1_000_000
        self.late_us = 0

    def now_us(self) -> int:
        return self.at_us

    def unix_s(self) -> float:
        return 1000.0

    def wait_until(self, deadline_us: int, stop: threading.Event) -> None:
        self.at_us = max(self.at_us, deadline_us) + self.late_us


class Loop:
    """Plays a click every 50 blocks and stops after `blocks`."""

    def __init__(self, blocks: int) -> None:
        self.blocks, self.seen = blocks, []
        self.done = threading.Event()

    def render(self) -> np.ndarray:
        pcm = np.zeros(480, np.int16)
        pcm[0] = 10_000 if len(self.seen) % 50 == 0 else 0
        return pcm

    def process(self, block: Block) -> None:
        self.seen.append(block)
        if len(self.seen) >= self.blocks:
            self.done.set()


def drive(setting: FileSetting, blocks: int, time: VirtualTime | None = None) -> list[Block]:
    loop, failures = Loop(blocks), []
    backend = FileBackend(setting, time or VirtualTime())
    backend.start(loop, failures.append)
    backend.begin()
    assert loop.done.wait(20)
    backend.close()
    assert not failures
    return loop.seen


def test_nothing_is_lost_at_another_rate_and_late(tmp_path: Path) -> None:
    mic = (8000 * np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    setting = FileSetting(write_wav(tmp_path / "m.wav", mic, 48_000), tmp_path / "s.wav")
    time = VirtualTime()
    time.late_us = 7_000
    blocks = drive(setting, 60, time)[:60]
    heard = np.concatenate([b.near for b in blocks])
    expected = 8000 * np.sin(np.arange(24_000) * 2 * np.pi * 440 / 24_000)
    assert np.abs(heard[500:23_000] - expected[500:23_000]).max() < 80
    assert not heard[24_000:].any()
    assert [b.samples for b in blocks] == [480 * i for i in range(60)]
    assert {b.time_us - blocks[0].time_us - 20_000 * i for i, b in enumerate(blocks)} == {0}


def test_speaker_is_aligned_and_its_echo_comes_after_the_delay(tmp_path: Path) -> None:
    rir = np.zeros(1200)
    rir[[0, 1000]] = [0.5, 0.25]
    setting = FileSetting(
        write_wav(tmp_path / "m.wav", np.zeros(480, np.int16)),
        tmp_path / "s.wav",
        write_wav(tmp_path / "r.wav", (rir * 32767).astype(np.int16)),
        60.0,
    )
    blocks = drive(setting, 55)[:55]
    near = np.concatenate([b.near for b in blocks])
    assert near[1440] == pytest.approx(5000, abs=3)
    assert near[2440] == pytest.approx(2500, abs=3)
    assert np.count_nonzero(np.abs(near[:20_000]) > 3) == 2
    assert read_wav(tmp_path / "s.wav")[0] == 10_000


def test_the_room_is_a_convolution() -> None:
    random = np.random.default_rng(2)
    response = random.normal(size=1700).astype(np.float32)
    played = random.normal(size=480 * 12).astype(np.float32)
    room = Room(response, 10.0)
    out = np.concatenate([room.echo(played[i : i + 480]) for i in range(0, played.size, 480)])
    expected = np.convolve(played, np.concatenate([np.zeros(240), response]))[: played.size]
    assert np.abs(out - expected).max() < 0.01


def header(
    code: int, channels: int, bits: int, data: bytes, *, extensible: bool = False, size: int | None = None
) -> bytes:
    align = channels * bits // 8
    layout = struct.pack("<HHIIHH", 0xFFFE if extensible else code, channels, 24_000, 24_000 * align, align, bits)
    if extensible:
        layout += struct.pack("<HHIH", 22, bits, 0, code) + bytes(14)
    body = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"LIST\x03\0\0\0abc\0data"
    body += struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(
    ("code", "bits", "half"),
    [
        (1, 8, bytes([192])), (1, 16, struct.pack("<h", 16_384)), (1, 24, b"\x00\x00\x40"),
        (1, 32, struct.pack("<i", 1 << 30)), (3, 32, struct.pack("<f", 0.5)), (3, 64, struct.pack("<d", 0.5)),
    ],
)  # fmt: skip
def test_reads_every_pcm(tmp_path: Path, code: int, bits: int, half: bytes, extensible: bool) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(header(code, 2, bits, half * 2 * 1000, extensible=extensible, size=0xFFFFFFFF))
    reader = WavReader(path)
    samples = reader.read(5000)
    reader.close()
    assert samples.size == 1000
    assert np.allclose(samples[200:800], 0.5, atol=1e-3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 80))
def test_garbage_is_a_typed_error(tmp_path: Path, noise: bytes, cut: int) -> None:
    good = header(1, 1, 16, bytes(40))
    path = tmp_path / "g.wav"
    path.write_bytes(good[:cut] + noise)
    with contextlib.suppress(AudioFileError):  # anything else fails the test
        reader = WavReader(path)
        assert reader.read(10_000).size < 10_000
        reader.close()


def test_a_killed_writer_leaves_a_readable_file(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "k.wav")
    for _ in range(120):
        writer.write(np.full(480, 7, np.int16))
    assert read_wav(tmp_path / "k.wav").size == 48_000
    writer.close()
    assert read_wav(tmp_path / "k.wav").size == 57_600


@pytest.mark.parametrize("text", ["a.wav", "a.wav,b.wav,c.wav", "a.wav,b.wav,x=1", "a.wav,b.wav,delay_ms=x", ","])
def test_bad_settings(text: str) -> None:
    with pytest.raises(AudioSettingError):
        parse_setting(text)


def test_a_setting() -> None:
    assert parse_setting("m.wav,s.wav,echo=r.wav,delay_ms=60,start_at=12.5") == FileSetting(
        Path("m.wav"), Path("s.wav"), Path("r.wav"), 60.0, 12.5
    )
