"""One session's place in the batch: what goes into the model in each frame, and what its answer means."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.engine.personaplex.port import EPAD, FRAME_SAMPLES, PAD, Prompt, RowInput, RowOutput
from hub.engine.personaplex.serving.renewal import Dialogue, Need, Pauses, Window, need
from hub.engine.personaplex.serving.speech import SpeechQueue, Utterance, words_of
from hub.engine.personaplex.wire import (
    Fault,
    Heard,
    Interrupt,
    Lagging,
    Listen,
    Persona,
    Renewed,
    Said,
    Say,
    Saying,
    TextPiece,
)
from hub.engine.port import EngineError

HUSH_FRAMES: Final = 6  # half a second of silence breaks off a sentence, as between the parts of a prompt

_SILENCE: Final = np.zeros(FRAME_SAMPLES, np.float32)


@dataclass(frozen=True, slots=True)
class ModelAudio:
    """One frame of the session: its number from 0, and float32 [1920], 24 kHz mono."""

    index: int
    pcm: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Joined:
    """The session runs. `prompt_frames`: positions its prompt takes."""

    row: int
    prompt_frames: int
    started_ms: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The session cannot begin or go on; nothing comes after this."""

    error: EngineError


RowEvent = ModelAudio | Joined | Ended | TextPiece | Saying | Said | Renewed | Lagging | Fault
Command = Say | Interrupt | Listen | Persona | Heard


class Inbox:
    """The user's frames that wait for the model: filled by one thread, emptied by another, bounded.

    Attributes:
        received: frames ever put in.
        first_at: when the first came, by the caller's clock.
    """

    def __init__(self, limit: int) -> None:
        self._frames: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._limit = limit
        self._lock = threading.Lock()
        self.received = 0
        self.first_at = 0.0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def full(self) -> bool:
        """A further frame pushes out the oldest."""
        return len(self._frames) >= self._limit

    def put(self, pcm: NDArray[np.float32], now: float) -> int:
        """Add a frame; answers how many of the oldest had to go for it."""
        with self._lock:
            if not self.received:
                self.first_at = now
            self.received += 1
            self._frames.append((now, pcm))
            return self._trim(self._limit)

    def take(self) -> NDArray[np.float32] | None:
        """The oldest frame."""
        with self._lock:
            return self._frames.popleft()[1] if self._frames else None

    def age_s(self, now: float) -> float:
        """How long the oldest has been waiting."""
        with self._lock:
            return now - self._frames[0][0] if self._frames else 0.0

    def trim(self, keep: int) -> int:
        """Drop the oldest but `keep` frames; answers how many that were."""
        with self._lock:
            return self._trim(keep)

    def _trim(self, keep: int) -> int:
        count = max(0, len(self._frames) - keep)
        for _ in range(count):
            self._frames.popleft()
        return count


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """What a row asks of the model's tokenizer."""

    encode: Callable[[str], list[int]]
    piece: Callable[[int], str]
    count: Callable[[str], int]


class Row:
    """A session in the ticker's thread; only `inbox` is shared with another.

    Attributes:
        place: its row of the batch.
        live: whether the model moves in real time, with silence where nothing came, or by each frame that comes.
        prompt: what it runs from, without the dialogue.
        wanted: the persona that replaces it in the next pause.
        events: what happened since they were last taken.
        dropped: the user's frames given up.
        joined: the model has its prompt.
    """

    def __init__(
        self,
        place: int,
        prompt: Prompt,
        *,
        live: bool,
        listen_only: bool,
        window: Window,
        tokenizer: Tokenizer,
        inbox: Inbox,
    ) -> None:
        self.place = place
        self.live = live
        self.prompt = prompt
        self.wanted: Prompt | None = None
        self.inbox = inbox
        self.events: list[RowEvent] = []
        self.dropped = 0
        self.joined = False
        self._listen_only = listen_only
        self._window = window
        self._tokenizer = tokenizer
        self._speech = SpeechQueue()
        self._pauses = Pauses()
        self.dialogue = Dialogue()
        self._frame = 0
        self._position = 0
        self._hush = 0
        self._speaker = 0  # whose words the next frame's text is
        self._marks: deque[Saying | Said] = deque()  # told right before the frame they name
        self._heard: NDArray[np.float32] = _SILENCE

    @property
    def frame(self) -> int:
        """The number of the session's next frame."""
        return self._frame

    @property
    def need(self) -> Need:
        """Whether it must start again from a prompt."""
        current = self._speech.current
        return need(
            self._window,
            self._position,
            pause=self._pauses.pause,
            speaking=current is not None,
            wanted=self.wanted is not None,
        )

    def start(self, prompt_frames: int) -> None:
        """The model has read the prompt into this row, for the first time or again."""
        self._position = prompt_frames
        self.joined = True

    def input(self) -> RowInput:
        """What the model gets in this frame; silence if nothing came in time."""
        pcm = self.inbox.take()
        self._heard = _SILENCE if pcm is None else pcm
        # What was chosen before an interruption goes unheard in a frame of silence, before anything else is said.
        begun = self._speech.begin() if self._hush < HUSH_FRAMES else None
        if begun is not None:
            self._marks.append(Saying(utterance=begun.id, frame=self._frame + 1))
        current = self._speech.current
        if current is not None:
            return RowInput(self._heard, choose=current.choose)
        return RowInput(self._heard, silent=self._listen_only or self._hush > 0)

    def output(self, out: RowOutput) -> None:
        """What the model answered. What was chosen in this step is the text of the next frame."""
        if out.text not in (EPAD, PAD):
            piece = self._tokenizer.piece(out.text)
            self.dialogue.assistant(piece)
            self.events.append(TextPiece(frame=self._frame, id=out.text, piece=piece, utterance=self._speaker))
        self.events.append(ModelAudio(self._frame, out.pcm))
        self._frame += 1
        self._position += 1
        self._hush = max(0, self._hush - 1)
        self._pauses.see(self._heard, out.text, out.pcm)
        current = self._speech.current
        self._speaker = current.id if current is not None else 0
        done = self._speech.finish()
        if done is not None:
            self._marks.append(_said(done, self._frame + 1, interrupted=False))
        while self._marks and self._marks[0].frame <= self._frame:
            self.events.append(self._marks.popleft())

    def obey(self, command: Command) -> None:
        """Do what the client asks."""
        match command:
            case Say():
                self._say(command)
            case Interrupt():
                self._hush = HUSH_FRAMES
                self._speaker = 0
                self.events.extend(self._marks)
                self._marks.clear()
                for utterance in self._speech.interrupt():
                    utterance.take_back()
                    self.events.append(_said(utterance, self._frame, interrupted=True))
            case Listen():
                self._listen_only = command.only
            case Persona():
                self.wanted = Prompt(command.voice, command.prompt)
            case Heard():
                self.dialogue.user(command.text)

    def _say(self, command: Say) -> None:
        words = words_of(self._tokenizer.encode(command.text), self._tokenizer.piece)
        utterance = Utterance(command.utterance, deque(words))
        if not words:
            self.events.append(Fault(code="nothing_to_say", message="There is no word to be spoken in this text."))
            self.events.append(_said(utterance, self._frame, interrupted=False))
        elif not self._speech.add(utterance):
            self.events.append(Fault(code=EngineError.code, message="Too many sentences wait to be said."))
            self.events.append(_said(utterance, self._frame, interrupted=True))


def _said(utterance: Utterance, frame: int, *, interrupted: bool) -> Said:
    return Said(utterance=utterance.id, frame=frame, interrupted=interrupted, ids=tuple(utterance.forced))
