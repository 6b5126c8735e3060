"""One Opus stream of raw 20 ms packets, 24 kHz mono, with in-band error correction.

libopus believes what it is told: it reads past short input, answers a packet of another length with fewer samples,
and ends the whole process when two threads share an encoder. All of it is checked here, so that none can happen.
"""

from __future__ import annotations

import threading
from typing import Final, cast

import numpy as np
import opuslib_next
from numpy.typing import NDArray

from protocol.errors import CodecError

SAMPLE_RATE_HZ: Final = 24_000
FRAME_SAMPLES: Final = 480
FRAME_MS: Final = 20
MAX_PACKET_BYTES: Final = 1275  # RFC 6716, section 3.4

_FRAME_BYTES: Final = FRAME_SAMPLES * 2


class _OneThread:
    """Binds a codec to the thread that uses it first."""

    def __init__(self) -> None:
        self._thread: int | None = None

    def check(self) -> None:
        here = threading.get_ident()
        if self._thread is None:
            self._thread = here
        elif self._thread != here:
            raise CodecError("An Opus codec was used by a second thread; make one codec for each thread.")


class OpusEncoder:
    """Encodes one stream. One encoder for one stream and one thread."""

    def __init__(self, bitrate: int = 24_000, complexity: int = 5, expected_loss_pct: int = 5) -> None:
        """Make an encoder.

        Args:
            bitrate: bits per second, variable.
            complexity: 0 (cheap) to 10.
            expected_loss_pct: how much loss the in-band error correction prepares for.

        Raises:
            CodecError: libopus does not accept these values.
        """
        self._thread = _OneThread()
        try:
            self._codec = opuslib_next.Encoder(SAMPLE_RATE_HZ, 1, opuslib_next.APPLICATION_VOIP)
            self._codec.bitrate = bitrate
            self._codec.complexity = complexity
            self._codec.inband_fec = 1
            self._codec.packet_loss_perc = expected_loss_pct
        except opuslib_next.OpusError as error:
            raise CodecError(f"Opus refuses {bitrate} bit/s at complexity {complexity}: {error}") from error

    def encode(self, pcm: NDArray[np.int16]) -> bytes:
        """One packet of 20 ms.

        Args:
            pcm: 480 samples, int16.

        Raises:
            CodecError: another shape or type, or a second thread.
        """
        self._thread.check()
        if pcm.dtype != np.int16 or pcm.shape != (FRAME_SAMPLES,):
            raise CodecError(f"The encoder takes {FRAME_SAMPLES} samples of int16, not {pcm.shape} of {pcm.dtype}.")
        try:
            packet = cast("bytes", self._codec.encode(pcm.tobytes(), FRAME_SAMPLES))
        except opuslib_next.OpusError as error:
            raise CodecError(f"Opus could not encode a frame: {error}") from error
        if not 0 < len(packet) <= MAX_PACKET_BYTES:
            raise CodecError(f"Opus made a packet of {len(packet)} bytes.")
        return packet


class OpusDecoder:
    """Decodes one stream. One decoder for one stream and one thread."""

    def __init__(self) -> None:
        self._thread = _OneThread()
        self._codec = opuslib_next.Decoder(SAMPLE_RATE_HZ, 1)

    def decode(self, packet: bytes) -> NDArray[np.int16]:
        """The 480 samples of a packet.

        Raises:
            CodecError: no Opus packet of exactly 20 ms, or a second thread.
        """
        self._check(packet)
        return self._decode(packet, fec=False)

    def conceal(self) -> NDArray[np.int16]:
        """480 samples in place of a lost packet, continued from what came before.

        Raises:
            CodecError: a second thread.
        """
        return self._decode(b"", fec=False)

    def recover(self, next_packet: bytes) -> NDArray[np.int16]:
        """The 480 samples of a lost packet, from the copy that the packet after it carries.

        Decode `next_packet` itself afterwards. Where it carries no copy, this conceals.

        Raises:
            CodecError: no Opus packet of exactly 20 ms, or a second thread.
        """
        self._check(next_packet)
        return self._decode(next_packet, fec=True)

    def _check(self, packet: bytes) -> None:
        if not 0 < len(packet) <= MAX_PACKET_BYTES:
            raise CodecError(f"An Opus packet has 1 to {MAX_PACKET_BYTES} bytes, not {len(packet)}.")

    def _decode(self, packet: bytes, *, fec: bool) -> NDArray[np.int16]:
        self._thread.check()
        try:
            data = cast("bytes", self._codec.decode(packet, FRAME_SAMPLES, decode_fec=fec))
        except opuslib_next.OpusError as error:
            raise CodecError(f"A packet of {len(packet)} bytes is no Opus packet of 20 ms: {error}") from error
        if len(data) != _FRAME_BYTES:
            raise CodecError(f"An Opus packet holds {len(data) // 2} samples instead of {FRAME_SAMPLES}.")
        return np.frombuffer(data, dtype=np.int16)
