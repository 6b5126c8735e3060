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
from pathlib import Path
from typing import Any, BinaryIO

from hub.engine.cascade.wire import (
    LENGTH,
    MAX_AUDIO_BYTES,
    MAX_REQUEST_BYTES,
    Kind,
    SpeechRequest,
    pack_answer,
)


def _load(path: Path) -> Any:
    """Load a Piper voice with one thread: a second one only spins beside the rest of the hub.

    The imports stand here so that a fault of loading reaches the hub as an answer.
    """
    import onnxruntime  # type: ignore[import-untyped]
    from piper import PiperVoice
    from piper.config import PiperConfig

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text("utf-8")))
    session = onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    return PiperVoice(session=session, config=config)


def _speak(voice: Any, request: SpeechRequest, out: BinaryIO) -> None:
    from piper import SynthesisConfig

    quiet = 0.0 if request.deterministic else None
    for chunk in voice.synthesize(
        request.text, SynthesisConfig(noise_scale=quiet, noise_w_scale=quiet, volume=request.volume)
    ):
        pcm: bytes = chunk.audio_int16_bytes
        out.writelines(
            pack_answer(Kind.AUDIO, request.id, pcm[start : start + MAX_AUDIO_BYTES])
            for start in range(0, len(pcm), MAX_AUDIO_BYTES)
        )
    out.write(pack_answer(Kind.END, request.id, b""))
    out.flush()


def _serve(voice: Any, source: BinaryIO, out: BinaryIO) -> int:
    out.write(pack_answer(Kind.READY, 0, str(voice.config.sample_rate).encode()))
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
            _speak(voice, request, out)
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
        voice = _load(path)
    except Exception as fault:  # noqa: BLE001 - the hub must hear why, whatever it was
        out.write(pack_answer(Kind.FAULT, 0, f"{type(fault).__name__}: {fault}".encode()[:500]))
        out.flush()
        return 1
    try:
        return _serve(voice, sys.stdin.buffer, out)
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
