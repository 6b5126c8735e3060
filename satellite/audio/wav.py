"""Reading and writing WAV files: any PCM in, 24 kHz mono out, readable even after a kill."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from satellite.audio.port import RATE_HZ, Pcm
from satellite.errors import AudioFileError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_PATCH_EVERY_SAMPLES: Final = RATE_HZ
_CHUNK_FRAMES: Final = 4096
_FORMAT_BYTES_MAX: Final = 1024


class WavReader:
    """Streams a WAV file as 24 kHz mono; memory stays small however long it is."""

    def __init__(self, path: Path) -> None:
        """Open it and read its header.

        Raises:
            AudioFileError: not there, no WAV, or an encoding other than PCM (8, 16, 24, 32 bit) and float.
        """
        self._path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise AudioFileError(f"{path} cannot be opened: {error.strerror}.") from error
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise
        self._resampler = soxr.ResampleStream(self._rate_hz, RATE_HZ, 1, dtype="float32")
        self._ready = np.zeros(0, np.float32)
        self._flushed = False

    def _bad(self, why: str) -> AudioFileError:
        return AudioFileError(f"{self._path} is no WAV file that can be played: {why}. Convert it to 16-bit PCM WAV.")

    def _read_header(self) -> None:
        layout, size = self._find_data()
        if len(layout) < 16:
            raise self._bad("it has no format chunk before its data")
        code, channels, rate_hz, _, align, bits = struct.unpack_from("<HHIIHH", layout)
        if code == _EXTENSIBLE and len(layout) >= 26:
            code = struct.unpack_from("<H", layout, 24)[0]
        if (code, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
            raise self._bad(f"its encoding is format {code} with {bits} bits")
        if not 1 <= channels <= 64 or align != channels * bits // 8 or not 1000 <= rate_hz <= 768_000:
            raise self._bad(f"{channels} channels at {rate_hz} Hz in blocks of {align} bytes make no sense")
        self._code, self._bits, self._channels = int(code), int(bits), int(channels)
        self._rate_hz, self._align = int(rate_hz), int(align)
        # A file written to a pipe or cut by a kill names 0 or too much: then the end of the file counts.
        self._left_bytes = size if 0 < size < 0xFFFFFFF0 else 2**62

    def _find_data(self) -> tuple[bytes, int]:
        head = self._file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise self._bad("it does not begin with a RIFF/WAVE header")
        layout = b""
        while len(head := self._file.read(8)) == 8:
            kind, size = struct.unpack("<4sI", head)
            if kind == b"data":
                return layout, int(size)
            if kind == b"fmt " and size <= _FORMAT_BYTES_MAX:
                layout = self._file.read(size + size % 2)
            else:
                self._file.seek(size + size % 2, 1)
        raise self._bad("it has no data")

    def _decode(self, data: bytes) -> NDArray[np.float32]:
        if self._code == _FLOAT:
            wide = np.frombuffer(data, "<f4" if self._bits == 32 else "<f8").astype(np.float32)
            values = np.clip(np.nan_to_num(wide), -1.0, 1.0)
        elif self._bits == 8:
            values = (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
        elif self._bits == 24:
            raw = np.zeros((len(data) // 3, 4), np.uint8)
            raw[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            values = raw.view("<i4")[:, 0].astype(np.float32) / 2.0**31
        else:
            values = np.frombuffer(data, "<i2" if self._bits == 16 else "<i4").astype(np.float32)
            values /= 2.0 ** (self._bits - 1)
        mono: NDArray[np.float32] = values.reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
        return mono

    def read(self, count: int) -> NDArray[np.float32]:
        """The next `count` samples at 24 kHz, full scale 1; fewer at the end, none after it."""
        while self._ready.size < count and not self._flushed:
            wanted = min(_CHUNK_FRAMES * self._align, self._left_bytes)
            data = self._file.read(wanted)
            self._left_bytes -= len(data)
            whole = len(data) - len(data) % self._align
            self._flushed = len(data) < wanted or self._left_bytes <= 0
            mono = np.ascontiguousarray(self._decode(data[:whole]))
            self._ready = np.concatenate([self._ready, self._resampler.resample_chunk(mono, last=self._flushed)])
        out, self._ready = self._ready[:count], self._ready[count:]
        return out

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_whole(path: Path, limit_s: float) -> NDArray[np.float32]:
    """A short file at 24 kHz mono, e.g. an impulse response.

    Raises:
        AudioFileError: unreadable, empty, or longer than `limit_s`.
    """
    reader = WavReader(path)
    try:
        samples = reader.read(int(limit_s * RATE_HZ) + 1)
    finally:
        reader.close()
    if not 0 < samples.size <= limit_s * RATE_HZ:
        raise AudioFileError(f"{path} must be longer than 0 and at most {limit_s:g} s.")
    return samples


class WavWriter:
    """Writes 24 kHz mono 16 bit; the header is corrected every second, so that a kill leaves a readable file."""

    def __init__(self, path: Path) -> None:
        """Make or replace the file.

        Raises:
            AudioFileError: it cannot be written.
        """
        self._path = path
        try:
            self._file: BinaryIO = path.open("wb")
        except OSError as error:
            raise AudioFileError(f"{path} cannot be written: {error.strerror}.") from error
        self._samples = self._patched = 0
        self._file.write(self._header())

    def _header(self) -> bytes:
        size = min(self._samples * 2, 0xFFFFFF00)
        layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, RATE_HZ, RATE_HZ * 2, 2, 16)
        return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + layout + struct.pack("<4sI", b"data", size)

    def write(self, pcm: Pcm) -> None:
        """Append samples.

        Raises:
            AudioFileError: the disk is full.
        """
        try:
            self._file.write(pcm.astype("<i2").tobytes())
            self._samples += pcm.size
            if self._samples - self._patched >= _PATCH_EVERY_SAMPLES:
                self._patch()
        except OSError as error:
            raise AudioFileError(f"{self._path} cannot be written: {error.strerror}.") from error

    def _patch(self) -> None:
        self._patched = self._samples
        self._file.seek(0)
        self._file.write(self._header())
        self._file.seek(0, 2)
        self._file.flush()

    def close(self) -> None:
        """Correct the header and close.

        Raises:
            AudioFileError: the disk is full.
        """
        try:
            self._patch()
            self._file.close()
        except OSError as error:
            raise AudioFileError(f"{self._path} cannot be written: {error.strerror}.") from error
