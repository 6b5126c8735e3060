from hub.engine.port import AudioOut, EngineError, Lagging, TextOut, UtteranceEnded
from hub.engine.share import VoiceShare


class Eager:
    """Speaks, and ends, before `say` has told its number."""

    def __init__(self, share, number=7):
        self.share, self.number, self.error = share, number, None

    def say(self, text):
        self.share.on_event(TextOut(text, self.number))
        self.share.on_event(UtteranceEnded(self.number, ids=(1, 2)))
        if self.error is not None:
            raise self.error
        return self.number


def test_events_get_the_number_of_the_conversation_even_those_before_the_voice_told_its_own():
    told = []
    share = VoiceShare(told.append)
    share.begin(Eager(share))
    share.say(3, "hello")
    assert told == [TextOut("hello", 3), UtteranceEnded(3, ids=(1, 2))]
    assert share.utterances == {}


def test_what_came_before_the_session_was_there_is_given_on_in_order():
    told = []
    share = VoiceShare(told.append)
    share.on_event(TextOut("a"))
    share.on_event(Lagging(300.0))
    assert told == []
    share.begin(Eager(share))
    assert told == [TextOut("a"), Lagging(300.0)]


def test_unasked_speech_keeps_its_number_and_strangers_are_not_told():
    told = []
    share = VoiceShare(told.append)
    share.begin(Eager(share))
    share.on_event(UtteranceEnded(0))
    share.on_event(UtteranceEnded(9))
    assert told == [UtteranceEnded(0)]


def test_a_voice_that_refuses_after_all_leaves_nothing_waiting():
    told = []
    share = VoiceShare(told.append)
    eager = Eager(share)
    share.begin(eager)
    eager.error = EngineError("no")
    try:
        share.say(1, "x")
    except EngineError:
        pass
    else:
        raise AssertionError("the refusal was not told")
    share.on_event(AudioOut(None))
    assert told == [AudioOut(None)]
