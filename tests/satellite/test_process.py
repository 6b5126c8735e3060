from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hub_peer import RATE_HZ, in_room, level_db, read_wav, write_wav

from protocol.frames import FrameFlag, FrameType
from protocol.measure import unpack_measurements
from protocol.messages import Floor, Flush, Wake

pytestmark = pytest.mark.speech


async def satellite(peer, tmp_path: Path, mic: np.ndarray, *extra: str, options: str = ""):
    wav = write_wav(tmp_path / "mic.wav", mic)
    audio = f"file:{wav},{tmp_path / 'speaker.wav'}{options}"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "satellite.cli", "run", "--audio", audio, "--wake-word", "alexa", "--json",
        "--hub", f"127.0.0.1:{peer.port}", "--state-dir", str(tmp_path / "sat"), *extra,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def ended(process) -> tuple[int, str, str]:
    async with asyncio.timeout(15):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_whole_session(peer, tmp_path, alexa, answer):
    process = await satellite(peer, tmp_path, in_room(1.0, alexa, 1.0), "--exit-when-done")
    wake = (await peer.until(lambda: peer.of(Wake)))[0]
    before = [m for m in peer.log[: peer.log.index(wake)] if not hasattr(m, "payload")]
    assert {f.type for f in peer.log[: peer.log.index(wake)] if hasattr(f, "payload")} == {FrameType.LEVEL}
    assert [m.type for m in before] == ["mute"]
    records = unpack_measurements(wake.measurements)
    assert len(records) == wake.end_samples // 480 - wake.first_samples // 480
    assert max(m.vad for m in records) > 0.6
    assert wake.word == "alexa"
    assert 1.0 < wake.end_samples / RATE_HZ < 2.5
    await peer.until(lambda: len(peer.audio()) > 150)
    audio = peer.audio()
    preroll = [f for f in audio if f.flags & FrameFlag.PREROLL]
    assert 60 <= len(preroll) < 100
    assert [f.samples for f in audio] == [audio[0].samples + 480 * i for i in range(len(audio))]
    assert audio[len(preroll)].flags == 0
    rss = psutil.Process(process.pid)
    cpu = rss.cpu_times()
    megabytes = rss.memory_info().rss / 1e6
    took_s = cpu.user + cpu.system
    print(f"RSS {megabytes:.0f} MB, CPU {took_s:.2f} s, start included, {audio[-1].samples / RATE_HZ:.1f} s of sound")
    assert megabytes < 80
    await peer.speak(1, answer)
    finished = (await peer.until(lambda: peer.played("finished")))[0]
    assert finished.samples == answer.size // 480 * 480
    assert peer.played("started")[0].samples == 0
    assert 10 <= len(peer.played("playing")) <= 25
    peer.link.send(Floor(state="released"))
    code, out, err = await ended(process)
    assert code == 0, err
    events = [json.loads(line).get("event") for line in out.splitlines()]
    assert events[:4] == ["connected", "woken", "light_on", "light_off"]
    assert level_db(read_wav(tmp_path / "speaker.wav")) > -45


async def test_the_own_voice_is_cancelled_and_does_not_wake_it(peer, tmp_path, alexa, answer):
    peer.answer = "granted"
    rir = np.zeros(2400)
    rir[[0, 240, 700, 1500]] = [0.5, 0.2, 0.1, 0.05]
    write_wav(tmp_path / "rir.wav", (rir * 32767).astype(np.int16))
    process = await satellite(peer, tmp_path, in_room(12.0), options=f",echo={tmp_path / 'rir.wav'},delay_ms=60")
    await peer.until(lambda: peer.link)
    for generation, speech in enumerate((answer, alexa, alexa), 1):
        await peer.speak(generation, speech)
        await peer.until(lambda g=generation: [p for p in peer.played("finished") if p.generation == g])
    assert not peer.of(Wake)
    assert not peer.audio()
    process.send_signal(signal.SIGTERM)
    code, _, err = await ended(process)
    assert code == 0, err
    assert not (tmp_path / "sat" / "control.sock").exists()


async def test_flush_silences_within_20_ms(peer, tmp_path, answer):
    process = await satellite(peer, tmp_path, in_room(8.0))
    await peer.until(lambda: peer.link)
    speech = asyncio.ensure_future(peer.speak(7, answer))
    await peer.until(lambda: len(peer.played("playing")) >= 3)
    peer.link.send(Flush(generation=7))
    flushed = (await peer.until(lambda: peer.played("flushed")))[0]
    await speech
    await asyncio.sleep(0.3)
    process.send_signal(signal.SIGINT)
    code, _, err = await ended(process)
    assert code == 0, err
    assert flushed.samples < answer.size
    sound = read_wav(tmp_path / "speaker.wav")
    sounding = np.flatnonzero(sound)
    heard = sounding[-1] - sounding[0]
    assert heard <= flushed.samples + 2 * 480  # not a sample of what came after it, only what jitter had inserted


async def test_heavy_packages_stay_away():
    program = (
        "import sys, satellite.cli, satellite.agent, satellite.audio.files\n"
        "heavy = {'torch', 'sphn', 'onnxruntime', 'sounddevice', 'zeroconf', 'rich', 'pydantic_settings', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().strip() == "[]"
