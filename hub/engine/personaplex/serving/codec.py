"""Between Opus packets and the model's frames of 80 ms, float32, 24 kHz mono.

libopus decodes straight to 24 kHz: decoding at 48 kHz and resampling gives the model other codes. It believes what it
is told, so lengths are checked before each call. A codec serves one stream and one thread.
"""

from __future__ import annotations

from typing import Final, cast

import numpy as np
import opuslib_next
from numpy.typing import NDArray

from hub.engine.personaplex.port import FRAME_SAMPLES, SAMPLE_RATE_HZ
from protocol.errors import CodecError

PACKET_SAMPLES: Final = 480  # 20 ms
PACKETS_PER_FRAME: Final = FRAME_SAMPLES // PACKET_SAMPLES

_LONGEST_SAMPLES: Final = 2880  # 120 ms, the longest packet
_BITRATE: Final = 32_000
_COMPLEXITY: Final = 5


class PacketDecoder:
    """Opus packets of any legal length, 2.5 to 120 ms, to float32 samples."""

    def __init__(self) -> None:
        self._codec = opuslib_next.Decoder(SAMPLE_RATE_HZ, 1)

    def decode(self, packet: bytes) -> NDArray[np.float32]:
        """The samples of a packet, float32 [60 to 2880].

        Raises:
            CodecError: no Opus packet.
        """
        if not packet:
            raise CodecError("An Opus packet has at least one byte.")
        try:
            data = cast("bytes", self._codec.decode_float(packet, _LONGEST_SAMPLES))
        except opuslib_next.OpusError as error:
            raise CodecError(f"These {len(packet)} bytes are no Opus packet: {error}") from error
        return np.frombuffer(data, dtype=np.float32)


class FrameCutter:
    """Blocks of samples of any length to ModelFrames; the rest waits for the next block."""

    def __init__(self) -> None:
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)

    def cut(self, pcm: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The frames that these samples complete, each float32 [1920]."""
        joined = np.concatenate((self._rest, pcm)) if self._rest.size else pcm
        whole = joined.size // FRAME_SAMPLES
        self._rest = joined[whole * FRAME_SAMPLES :].copy()
        return [joined[place * FRAME_SAMPLES : (place + 1) * FRAME_SAMPLES] for place in range(whole)]


class FrameEncoder:
    """ModelFrames to Opus packets of 20 ms."""

    def __init__(self) -> None:
        try:
            self._codec = opuslib_next.Encoder(SAMPLE_RATE_HZ, 1, opuslib_next.APPLICATION_AUDIO)
            self._codec.bitrate = _BITRATE
            self._codec.complexity = _COMPLEXITY
        except opuslib_next.OpusError as error:
            raise CodecError(f"Opus cannot be set up: {error}") from error

    def encode(self, pcm: NDArray[np.float32]) -> list[bytes]:
        """The four packets of a frame.

        Args:
            pcm: float32 [1920]; what is no number becomes silence, what is beyond full scale is clipped.

        Raises:
            CodecError: another shape or type.
        """
        if pcm.dtype != np.float32 or pcm.shape != (FRAME_SAMPLES,):
            raise CodecError(f"A frame is {FRAME_SAMPLES} samples of float32, not {pcm.shape} of {pcm.dtype}.")
        clean = np.clip(np.nan_to_num(pcm, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
        try:
            return [
                cast("bytes", self._codec.encode_float(clean[start : start + PACKET_SAMPLES].tobytes(), PACKET_SAMPLES))
                for start in range(0, FRAME_SAMPLES, PACKET_SAMPLES)
            ]
        except opuslib_next.OpusError as error:
            raise CodecError(f"Opus could not encode a frame: {error}") from error


def to_float(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """int16 to float32, full scale 1."""
    return pcm.astype(np.float32) / np.float32(32768.0)


def to_int16(pcm: NDArray[np.float32]) -> NDArray[np.int16]:
    """float32 of full scale 1 to int16, rounded and clipped; what is no number becomes silence."""
    scaled = np.nan_to_num(pcm, nan=0.0, posinf=1.0, neginf=-1.0) * np.float32(32768.0)
    whole: NDArray[np.int16] = np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)
    return whole
