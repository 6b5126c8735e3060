"""A conversation's ear: what the user says, and what his words do to those of the assistant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.backchannel import is_backchannel, is_nod, is_stop, may_be_hum, says_little
from hub.dialog.doing import Doing
from hub.dialog.going_along import Agreement, is_agreement
from hub.dialog.hold import Hold, Words
from hub.dialog.mouth import Mouth
from hub.dialog.track import Track
from hub.dialog.turns import Sentence, Turns
from hub.dialog.voices import Opening, Voices
from hub.dialog.whose import Whose
from hub.events import HeardPartial, Trouble
from hub.hearing.port import Final as FinalText
from hub.hearing.port import HearingError, HearingEvent, HearingHints, HearingStream, Partial, SpeechStarted
from hub.hearing.wake_phrase import strip_wake_phrase

# A hum of agreement is shorter; who goes on talking has words, whatever they were read as.
_HUM_MS: Final = 600.0
# The satellite hears nothing for so long: nobody talks over the assistant any more.
_QUIET_FRAMES: Final = 8
# A satellite that has just turned itself down was quicker than we are, and knows better when to stop.
_DUCKED_FRAMES: Final = 100
# So short a sound over the assistant, for which its satellite did not turn itself down, may be a rest of the assistant.
_BLIP_MS: Final = 400.0
_LONGEST_MS: Final = 2000.0


class Ear:
    """Hears one conversation's user.

    Args:
        track: where his sound comes from.
        on_user: told when he begins and ends to speak.
        owns: whether what is heard between two times is said to this conversation, not to one in another room.

    Attributes:
        user_speaking: whether the recogniser is in the middle of a turn.
        called: whether the next turn was opened by a wake word or a button.
        said_ms: the last sound of the user's newest whole turn.
    """

    def __init__(
        self,
        opening: Opening,
        track: Track,
        voices: Voices,
        *,
        hold: Hold,
        mouth: Mouth,
        doing: Doing,
        whose: Whose,
        turns: Turns,
        on_user: Callable[[], None],
        owns: Callable[[float, float], bool],
    ) -> None:
        self.user_speaking = False
        self.called = True
        self.said_ms = 0.0
        self._session, self._word = opening.session, opening.word
        self._track, self._voices, self._hold, self._mouth = track, voices, hold, mouth
        self._doing, self._whose, self._turns, self._on_user, self._owns = doing, whose, turns, on_user, owns
        self._stream: HearingStream | None = None
        self._finals = 0
        self._over = False  # the user's turn is said over the assistant
        self._agreement = Agreement()
        self._torn = False  # the turn may begin in the middle of a word: its beginning was said in another room
        self._unducked_frames = _DUCKED_FRAMES
        self._may_echo = False  # the turn began over the assistant, and its satellite has not turned itself down since
        self._quiet_frames = 0
        self._deaf = False
        self._is_complete: Callable[[str], bool] = lambda _text: False

    def open(self) -> None:
        """Begin to hear words; a voice that talks by itself goes on without, and little is done on its word alone.

        Raises:
            HearingError: there is no recogniser, and the voice needs one.
        """
        voices = self._voices
        self.moved()
        hints = HearingHints(
            vocabulary=voices.vocabulary(),
            wake_word=self._word,
            # A yes must be read by both recognisers; a text that is not whole is.
            is_complete=lambda text: not self._doing.asking and self._is_complete(text),
            is_over=lambda: self._mouth.speaking,
        )
        try:
            self._stream = voices.hearing.open(hints, self._on_hearing)
        except HearingError as error:
            if not self._mouth.autonomous:
                raise
            voices.bus.publish(Trouble(error.code, error.sentence))

    def moved(self) -> None:
        """Judge from now on by the room that the user is in whether a text is whole."""
        self._is_complete = self._voices.actor.completeness(self._track.area_id)  # called on the recogniser's thread

    def shut(self) -> None:
        """Hear nothing from now on."""
        self._deaf = True

    async def close(self) -> None:
        """Give the recogniser back."""
        self.shut()
        if self._stream is not None:
            await self._stream.close()
        self.user_speaking = False

    def audio(self, pcm: NDArray[np.int16], position: int, *, speech: bool, packet: bytes | None) -> None:
        """20 ms of the user."""
        now_ms = self._voices.now_ms()
        if not self.user_speaking:  # what the voice said is not judged by words that are still being read
            unheard = speech and self._stream is None
            self._doing.tick(now_ms / 1000.0, self._mouth.frame_at(), unheard=unheard)
        self._mouth.feed(pcm, position, packet)
        if self._stream is not None:
            self._stream.feed(pcm, position)

    def noted(self, *, speech: bool, ducked: bool) -> None:
        """A frame of the user came, heard or not: time passes for the words that are held back.

        `ducked`: the satellite has turned the assistant down by itself.
        """
        now_ms = self._voices.now_ms()
        self._unducked_frames = 0 if ducked else self._unducked_frames + 1
        self._may_echo = self._may_echo and not ducked
        self._quiet_frames = 0 if speech or ducked else self._quiet_frames + 1
        if self._quiet_frames == _QUIET_FRAMES:
            self._mouth.restore()
        if speech:
            self._hold.spoke(now_ms)
        elif self._hold.is_over(now_ms):
            self.let(Words.FREE)

    def called_again(self, opening: Opening) -> None:
        """A call in a running conversation cuts the assistant short; the words after it belong to that call."""
        self._doing.call(opening)
        self._word = opening.word
        self.called = True
        self._interrupt()
        self._hold_words()
        self._on_user()

    # --- the recogniser -----------------------------------------------------------------------------------------------

    def _on_hearing(self, event: HearingEvent) -> None:
        if self._deaf:
            return
        match event:
            case SpeechStarted(samples=samples):
                self.user_speaking = True
                self._torn = self._track.is_torn(samples)
                self._agreement = Agreement()
                self._over = self._over or self._mouth.speaking or self._turns.thinking
                self._on_user()
                self._hold.spoke(self._voices.now_ms())
                self._may_echo = self._mouth.speaking and self._unducked_frames >= _DUCKED_FRAMES
                if self._mouth.speaking:
                    if self._may_echo:
                        self._quiet_frames = 0
                        self._mouth.duck()
                else:
                    self._hold_words()
            case Partial(text=text, said_ms=said_ms, paused=paused):
                frame = self._mouth.frame_at()
                area_id = self._track.area_id
                self._voices.bus.publish(HeardPartial(self._doing.trace, self._session, area_id, text, frame))
                nothing = is_backchannel(text) or self._is_echo(text, said_ms) or self._is_doubtful(event)
                if not nothing and self._is_ours(said_ms):
                    self._words_so_far(text, frame, settled=paused and event.steady)
            case FinalText():
                self.user_speaking = False
                self._on_user()
                self._heard_final(event)

    def _is_echo(self, text: str, said_ms: float) -> bool:
        """Whether a short sound is rather a rest of the assistant than a word; who was asked may answer in one."""
        return self._may_echo and said_ms < _BLIP_MS and not self._asked and not is_stop(text)

    def _is_ours(self, said_ms: float) -> bool:
        """Whether what was said until now is not heard better in another room that has a conversation of its own."""
        now_ms = self._voices.now_ms()
        return self._owns(now_ms - min(said_ms, _LONGEST_MS), now_ms)

    @property
    def _asked(self) -> bool:
        return self._whose.asking or self._turns.asks

    def _is_doubtful(self, partial: Partial) -> bool:
        """Whether these first words, said over the assistant, may yet be no interruption."""
        text, short = partial.text, partial.said_ms < _HUM_MS
        if not self._mouth.speaking or is_stop(text):
            return False
        if (short and self._torn) or ((short or partial.paused) and may_be_hum(text)):
            return True
        if self._asked:
            return False
        return self._agreement.may_be(text) or says_little(text, said_ms=partial.said_ms)

    def _words_so_far(self, text: str, frame: int, *, settled: bool) -> None:
        answers = self._answers_already()
        if not answers:
            self._take_floor()
        stops = self._over and self._whose.only_stops(text)
        if self._mouth.autonomous:
            if not answers:
                self._hold_words()
            words = self._hold.guess("house" if stops else self._whose.guess(text))
            # What the house answers, the voice is not even to think of.
            if words is Words.HOUSE or not answers:
                self.let(words)
        if not stops:
            early = settled and not self._over and self._whose.may_be_early(text)
            self._doing.partial(text, frame, settled=early)

    def _answers_already(self) -> bool:
        """Whether the voice began to talk by itself after the user's last sound: late words are no interruption."""
        return self._mouth.autonomous and self._mouth.unasked.begun_after(self._hold.spoke_ms)

    def _heard_final(self, final: FinalText) -> None:
        if self._word and self._finals:
            # A wake word in a running conversation: the recogniser takes it off the first turn only.
            text, taken = strip_wake_phrase(final.text, self._word)
            final = replace(final, text=text)
            if taken and text:
                self._word = ""
        over = self._mouth.speaking or self._turns.thinking
        said_ms = (final.end_samples - final.start_samples) / 24.0
        nod = over and is_nod(final.text, confidence=final.confidence, said_ms=said_ms)
        # What was said over the assistant may be read when it has ended. Who was asked has then answered.
        nod = nod or ((over or self._over) and not self._asked and is_agreement(final.text))
        ended_ms = self._track.ms_of(final.end_samples) or self._voices.now_ms()
        ours = self._owns(ended_ms - said_ms, ended_ms)
        if not final.text or nod or not ours or self._is_echo(final.text, said_ms):
            self._over = False
            self._doing.noise()
            self._mouth.restore()
            self._hold.decided()
            if not self._turns.in_turn:
                self.let(Words.FREE)
            self._on_user()  # a noise is no reason to keep the room open for long
            return
        self._finals += 1
        autonomous = self._mouth.autonomous
        if not self._answers_already():
            self._take_floor()
        self.said_ms = self._hold.spoke_ms
        final = self._whose.best_reading(final)
        led, by = self._whose.decide(final, self._mouth.frame_at(final.end_samples), over=self._over)
        self._over = False
        for_house = not autonomous or by != "voice"
        self._mouth.user_said(final.text)
        self._hold.decided()
        self.let(Words.HOUSE if for_house and autonomous else Words.FREE)
        self._turns.put(Sentence(final, self.called, for_house, led, by, self.said_ms))
        self.called = False

    # --- the words of the assistant -----------------------------------------------------------------------------------

    def hold(self) -> None:
        """Somebody called, and is about to say what for."""
        self._hold.spoke(self._voices.now_ms())
        self._hold.hold(self._voices.now_ms())

    def _hold_words(self) -> None:
        """Until the user's turn is understood, nothing that the voice says by itself goes out."""
        if self._mouth.autonomous:
            self._hold.hold(self._voices.now_ms())

    def _take_floor(self) -> None:
        """The user's words end what the assistant says, and what it thinks about."""
        if self._mouth.speaking or self._turns.thinking:
            self._interrupt()

    def _interrupt(self) -> None:
        self._over = self._over or self._mouth.speaking or self._turns.thinking
        self._mouth.interrupt()
        self._turns.interrupt()
        if self._mouth.autonomous:
            self._doing.voice_stopped()

    def house_has_word(self) -> None:
        """The house must speak about a turn that was the voice's to answer."""
        if self._mouth.autonomous:
            self.let(Words.HOUSE)
            self._mouth.unasked.enough()

    def let(self, words: Words) -> None:
        """Hold, free or refuse the voice's own words."""
        if self._hold.state is not words:
            self._hold.transition(words)
            self._voices.holds.leaked_words += self._mouth.obey(self._hold.spoke_ms)
