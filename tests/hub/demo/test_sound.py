import wave

import numpy as np

from hub.demo.sound import Loudspeaker, trimmed


class _Device:
    def __init__(self) -> None:
        self.played = []

    def play(self, pcm, rate_hz, *, blocking):
        assert blocking
        self.played.append((len(pcm), rate_hz))


def _write(path, pcm):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(np.asarray(pcm, "<i2").tobytes())


def test_silence_around_an_answer_is_not_played():
    pcm = np.zeros(100_000, np.int16)
    pcm[50_000:60_000] = 1000
    assert len(trimmed(pcm)) == 10_000 + 2 * 1200 - 1
    assert len(trimmed(np.zeros(1000, np.int16))) == 0
    assert len(trimmed(np.full(10, -32768, np.int16))) == 10


async def test_only_what_is_new_in_a_growing_file_is_played(tmp_path):
    device, path = _Device(), tmp_path / "speaker.wav"
    loudspeaker = Loudspeaker(device)
    _write(path, [500] * 4000)
    await loudspeaker.play_new(path)
    await loudspeaker.play_new(path)
    _write(path, [500] * 4000 + [0] * 2000 + [500] * 1000)
    await loudspeaker.play_new(path)
    assert device.played == [(4000, 24_000), (2200, 24_000)]
