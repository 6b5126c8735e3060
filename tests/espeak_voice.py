"""espeak-ng, which comes inside Piper: a program of its own, for its licence.

    python espeak_voice.py LIBRARY

A line `voice TAB words a minute TAB text` in; u32 rate in Hz, u32 length in bytes (little-endian) and 16-bit sound out.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from pathlib import Path

RATE_PARAMETER = 1
_SYNCHRONOUS = 2
_UTF8 = 1


class Voices:
    """All voices of a library; one at a time.

    Attributes:
        rate_hz: of the sound.
    """

    def __init__(self, library: str) -> None:
        self._espeak, self._heard = ctypes.CDLL(library), bytearray()
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        self._take = callback(self._hear)  # kept, for the library does not
        data = str(Path(library).parent / "espeak-ng-data").encode()
        self.rate_hz: int = self._espeak.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        self._espeak.espeak_SetSynthCallback(self._take)

    def _hear(self, sound: int, samples: int, _events: int) -> int:
        if samples:
            self._heard.extend(ctypes.string_at(sound, 2 * samples))
        return 0

    def say(self, voice: str, text: str, words_a_minute: int = 175) -> bytes:
        """16-bit sound; ends the program where there is no such voice."""
        if self._espeak.espeak_SetVoiceByName(voice.encode()):
            sys.exit("no voice " + voice)
        self._espeak.espeak_SetParameter(RATE_PARAMETER, words_a_minute, 0)
        self._heard.clear()
        data = text.encode()
        self._espeak.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        return bytes(self._heard)


def main() -> None:
    """Answer line by line until the input ends."""
    voices, out = Voices(sys.argv[1]), sys.stdout.buffer
    for line in sys.stdin:
        voice, words_a_minute, text = line.rstrip("\n").split("\t")
        sound = voices.say(voice, text, int(words_a_minute))
        out.write(struct.pack("<II", voices.rate_hz, len(sound)) + sound)
        out.flush()


if __name__ == "__main__":
    main()
