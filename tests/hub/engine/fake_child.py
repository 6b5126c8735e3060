"""A speaking process for tests: takes the real one's place and misbehaves on request."""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))

from hub.engine.cascade.wire import LENGTH, Kind, SpeechRequest, pack_answer


def fault_is_due(once):
    """Always, or the first time only: then the file `once` remembers it."""
    if once and Path(once).exists():
        return False
    if once:
        Path(once).touch()
    return True


def first_half_said(out, request_id, pcm, go_on, *, wait):
    """Say half of it, then wait for the test; answers the rest."""
    half = len(pcm) // 4 * 2
    out.write(pack_answer(Kind.AUDIO, request_id, pcm[:half]))
    out.flush()
    while wait and not go_on.exists():
        time.sleep(0.01)
    return pcm[half:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", default="")
    parser.add_argument("--once", default="")
    parser.add_argument("--go-on", default="")
    parser.add_argument("--voice")
    args = parser.parse_args()
    out = sys.stdout.buffer
    fault = args.fault if fault_is_due(args.once) else ""
    if fault == "stillborn":
        return 3
    if fault == "unloadable":
        out.write(pack_answer(Kind.FAULT, 0, b"no such voice"))
        out.flush()
        return 1
    out.write(pack_answer(Kind.READY, 0, b"16000"))
    out.flush()
    while header := sys.stdin.buffer.read(LENGTH.size):
        request = SpeechRequest.parse(sys.stdin.buffer.read(LENGTH.unpack(header)[0]))
        first = request.id == 1
        if fault == "dies" and not first:
            out.write(pack_answer(Kind.AUDIO, request.id, bytes(3200)))
            out.flush()
            os._exit(9)
        if fault == "garbage" and not first:
            out.write(b"\xff" * 64)
            out.flush()
            time.sleep(60)
        if fault == "refuses" and "bad" in request.text:
            out.write(pack_answer(Kind.FAULT, request.id, b"not this"))
            out.flush()
            continue
        if fault == "slow" and not first:
            time.sleep(0.3)
        samples = 160 * len(request.text)
        pcm = np.full(samples, len(request.text), "<i2").tobytes()
        if fault == "halves":
            pcm = first_half_said(out, request.id, pcm, Path(args.go_on), wait=not first)
        out.write(pack_answer(Kind.AUDIO, request.id, pcm) + pack_answer(Kind.END, request.id, b""))
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
