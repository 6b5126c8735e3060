"""Server-sent events, as far as streamed completions use them: bytes in, the data of whole events out. Pure.

Source: HTML Living Standard, section 9.2.6 (interpreting an event stream); only the `data` field matters here.
"""

from __future__ import annotations

from typing import Final

from hub.llm.port import ModelTooLongError

MAX_EVENT_BYTES: Final = 256 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class EventStream:
    """Decodes incrementally; an event may be cut anywhere between two feeds."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._after_return = False
        self._first = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of every event that is complete now.

        Raises:
            ModelTooLongError: an event is longer than `MAX_EVENT_BYTES`.
        """
        if not chunk:
            return []
        after_return, self._after_return = self._after_return, chunk.endswith(b"\r")
        if after_return:
            chunk = chunk.removeprefix(b"\n")
        # A line ends by \r\n, \n or \r; a \r at the end of a chunk already ends it.
        *ends, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        events: list[bytes] = []
        for end in ends:
            self._check(len(end))
            line, self._line = bytes(self._line) + end, bytearray()
            if self._first:
                self._first, line = False, line.removeprefix(_BYTE_ORDER_MARK)
            if event := self._take(line):
                events.append(event)
        self._check(len(rest))
        self._line += rest
        return events

    def close(self) -> list[bytes]:
        """The data of a last event that its server did not end by an empty line."""
        return self.feed(b"\n\n")

    def _check(self, more_bytes: int) -> None:
        if len(self._line) + self._data_bytes + more_bytes > MAX_EVENT_BYTES:
            raise ModelTooLongError(
                f"The expert sent one event of more than {MAX_EVENT_BYTES} bytes; look at its server."
            )

    def _take(self, line: bytes) -> bytes:
        if not line:
            event, self._data, self._data_bytes = b"\n".join(self._data), [], 0
            return event
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value)
        return b""
