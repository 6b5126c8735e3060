"""The process that speaks: `python -m hub.engine.cascade.piper_child --voice FILE.onnx`.

This is the only file that imports `piper`, which is licensed GPL-3.0-or-later. It runs as a program of its own and
talks with the hub through pipes, as `hub.engine.cascade.wire` says, so the hub links nothing of it.

It lives as long as its standard input: when the hub goes, however it goes, the pipe closes and this process ends.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from hub.engine.cascade.wire import (
    LENGTH,
    MAX_AUDIO_BYTES,
    MAX_REQUEST_BYTES,
    Kind,
    SpeechRequest,
    pack_answer,
)

_TRIAL = "The kitchen light is on, and the front door is locked."
_FAINTEST_PEAK = 0.05  # a voice that is quieter than this in its trial is not made louder still


class _Speaker:
    """A loaded voice: text in, int16 mono out.

    Every sentence gets the gain that brings the trial sentence to full scale. Piper's own way, each sentence to its
    own peak, would have to wait for its end.

    The imports stand here so that a fault of loading reaches the hub as an answer.
    """

    def __init__(self, path: Path) -> None:
        from piper import PiperVoice
        from piper.config import PiperConfig

        from hub.engine.cascade import vits

        config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text("utf-8")))
        # Piper turns text into phonemes; its own session is not used, because it gives whole sentences only.
        self._piper: Any = PiperVoice(session=cast("Any", None), config=config)
        self.rate_hz: int = config.sample_rate
        self._voice = vits.load(path, next(self._inputs(_TRIAL)))
        self._gain = 1.0 / max(self._voice.peak, _FAINTEST_PEAK)

    def speak(self, request: SpeechRequest) -> Iterator[bytes]:
        """Give the sound in pieces, the first of them soon."""
        gain = self._gain * request.volume
        for inputs in self._inputs(request.text):
            for sound in self._voice.speak(inputs):
                yield (np.clip(sound * gain, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()

    def _inputs(self, text: str) -> Iterator[dict[str, NDArray[Any]]]:
        """Make the model's inputs, sentence by sentence.

        Both of Piper's noise scales are 0, a little flatter and clearer: at its own ones a recogniser heard “catching”
        for “kitchen” in 3 of 24 readings of one sentence, without noise in none.
        """
        config = self._piper.config
        scales = (0.0, config.length_scale, 0.0)
        for phonemes in self._piper.phonemize(text):
            if not phonemes:
                continue
            ids = self._piper.phonemes_to_ids(phonemes)
            inputs: dict[str, NDArray[Any]] = {
                "input": np.array([ids], np.int64),
                "input_lengths": np.array([len(ids)], np.int64),
                "scales": np.array(scales, np.float32),
            }
            if config.num_speakers > 1:
                inputs["sid"] = np.array([config.default_speaker_id or 0], np.int64)
            yield inputs


def _speak(speaker: _Speaker, request: SpeechRequest, out: BinaryIO) -> None:
    for pcm in speaker.speak(request):
        out.writelines(
            pack_answer(Kind.AUDIO, request.id, pcm[start : start + MAX_AUDIO_BYTES])
            for start in range(0, len(pcm), MAX_AUDIO_BYTES)
        )
        out.flush()
    out.write(pack_answer(Kind.END, request.id, b""))
    out.flush()


def _serve(speaker: _Speaker, source: BinaryIO, out: BinaryIO) -> int:
    out.write(pack_answer(Kind.READY, 0, str(speaker.rate_hz).encode()))
    out.flush()
    while header := source.read(LENGTH.size):
        if len(header) < LENGTH.size:
            return 1
        (length,) = LENGTH.unpack(header)
        if length > MAX_REQUEST_BYTES:
            return 1
        body = source.read(length)
        if len(body) < length:
            return 1
        request = SpeechRequest.parse(body)
        try:
            _speak(speaker, request, out)
        except (RuntimeError, ValueError, KeyError) as fault:
            out.write(pack_answer(Kind.FAULT, request.id, str(fault).encode()[:500]))
            out.flush()
    return 0


def main() -> int:
    """Run until standard input closes. Exit codes: 0 it closed, 1 a fault."""
    parser = argparse.ArgumentParser(description="Speaks what it is told over standard input.")
    parser.add_argument("--voice", type=Path, required=True, help="Piper voice (.onnx), its .onnx.json beside it")
    path: Path = parser.parse_args().voice
    # Whatever a library prints must not fall among the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        speaker = _Speaker(path)
    except Exception as fault:  # noqa: BLE001 - the hub must hear why, whatever it was
        out.write(pack_answer(Kind.FAULT, 0, f"{type(fault).__name__}: {fault}".encode()[:500]))
        out.flush()
        return 1
    try:
        return _serve(speaker, sys.stdin.buffer, out)
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
