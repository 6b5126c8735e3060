import asyncio
import contextlib

import aiohttp
import numpy as np
import pytest

from hub.engine.personaplex import wire
from hub.engine.personaplex.embedded.client import WAITING_FRAMES, EngineClient
from hub.engine.personaplex.embedded.session import WAITING_UTTERANCES, EmbeddedSession
from hub.engine.personaplex.faults import EngineDownError, EngineRefusedError, EngineSilentError, EngineStoppedError
from hub.engine.personaplex.gate import HANG_FRAMES
from hub.engine.personaplex.port import ModelLostError, PromptError, VoiceError
from hub.engine.port import AudioOut, EngineBusyError, EngineError, Lagging, SessionLost, TextOut, UtteranceEnded
from tests.hub.engine.personaplex.extension_server import ExtensionServer

OPEN = wire.Open(voice="NATF2.pt", prompt="You are a voice.")
LOUD = 8000
PIECE = np.arange(480, dtype=np.int16)


@pytest.fixture
async def server():
    server = ExtensionServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as http:
        yield http


class Talk:
    """A session and what it told."""

    def __init__(self, server, http):
        self.server, self.http = server, http
        self.events = []
        self.over = 0
        self.session = EmbeddedSession(self.events.append, self._over)

    def _over(self, session):
        assert session is self.session
        self.over += 1

    async def until(self, count):
        async with asyncio.timeout(5):
            while len(self.events) < count:
                await asyncio.sleep(0.001)
        return self.events

    def brief(self):
        """Events without samples: (kind, utterance, frame or flag)."""
        return [
            ("audio", e.utterance, e.frame)
            if isinstance(e, AudioOut)
            else ("text", e.utterance, e.piece, e.frame)
            if isinstance(e, TextOut)
            else ("ended", e.utterance, e.interrupted)
            if isinstance(e, UtteranceEnded)
            else e
            for e in self.events
        ]

    async def settle(self):
        """Everything that was sent before has been handled: `Lagging` is answered by an event and changes nothing."""
        count = len(self.events)
        await self.server.send(wire.Lagging(late_ms=1.0, dropped_frames=7))
        async with asyncio.timeout(5):
            while not any(event == Lagging(1.0, 7) for event in self.events[count:]):
                await asyncio.sleep(0.001)
        self.events.remove(Lagging(1.0, 7))


@pytest.fixture
async def talk(server, http):
    talk = Talk(server, http)
    await talk.session.connect(http, server.url, OPEN)
    yield talk
    await talk.session.close()


async def test_the_users_audio_goes_out_in_order_with_its_index(talk, server):
    for number in range(30):
        talk.session.feed(np.full(480, number, np.int16), 480 * number)
    await server.until(lambda: len(server.audio) == 30)
    assert [index for index, _payload in server.audio] == list(range(30))
    assert np.frombuffer(server.audio[7][1], "<i2").tolist() == [7] * 480


async def test_a_sentence_comes_with_its_number_its_frames_and_its_ids(talk, server):
    utterance = talk.session.say("The garage is open.")
    await server.until(lambda: len(server.got) == 2)
    assert server.got[1] == wire.Say(utterance=utterance, text="The garage is open.")
    await server.frame(0)
    await server.send(wire.Saying(utterance=1, frame=1))
    await server.send(wire.TextPiece(frame=1, id=50, piece=" The", utterance=1))
    await server.frame(1)
    await server.frame(2)
    await server.send(wire.Said(utterance=1, frame=3, interrupted=False, ids=(50, 51)))
    await talk.settle()
    assert talk.brief() == [("text", 1, " The", 1), ("audio", 1, 1), ("audio", 1, 2), ("ended", 1, False)]
    assert talk.events[-1].ids == (50, 51)


async def test_a_sentence_told_as_said_ahead_of_its_last_frames_ends_after_them(talk, server):
    talk.session.say("One.")
    await server.send(wire.Saying(utterance=1, frame=0))
    await server.frame(0)
    await server.send(wire.Said(utterance=1, frame=2, interrupted=False, ids=()))
    await server.frame(1)
    await server.frame(2)
    await talk.settle()
    assert talk.brief() == [("audio", 1, 0), ("audio", 1, 1), ("ended", 1, False)]


async def test_two_sentences_follow_each_other_and_none_is_mixed_up(talk, server):
    talk.session.say("One.")
    talk.session.say("Two.")
    await server.send(wire.Saying(utterance=1, frame=0))
    await server.frame(0)
    await server.send(wire.Said(utterance=1, frame=1, interrupted=False, ids=(1,)))
    await server.send(wire.Saying(utterance=2, frame=1))
    await server.frame(1)
    await server.send(wire.Said(utterance=2, frame=2, interrupted=False, ids=(2,)))
    await talk.settle()
    assert talk.brief() == [("audio", 1, 0), ("ended", 1, False), ("audio", 2, 1), ("ended", 2, False)]


async def test_unasked_speech_is_told_from_its_first_frame_to_its_end_and_silence_is_not(talk, server):
    for frame in range(5):
        await server.frame(frame)
    await server.send(wire.TextPiece(frame=5, id=9, piece=" Hello"))
    await server.frame(5)
    for frame in range(6, 8):
        await server.frame(frame, LOUD)
    for frame in range(8, 40):
        await server.frame(frame)
    await talk.settle()
    heard = [("audio", 0, frame) for frame in range(4, 7 + HANG_FRAMES)]
    assert talk.brief() == [("text", 0, " Hello", 5), *heard, ("ended", 0, False)]


async def test_a_sentence_ends_unasked_speech_before_it(talk, server):
    talk.session.say("One.")
    await server.frame(0, LOUD)
    await server.send(wire.Saying(utterance=1, frame=1))
    await server.frame(1, LOUD)
    await talk.settle()
    assert talk.brief() == [("audio", 0, 0), ("ended", 0, False), ("audio", 1, 1)]


async def test_an_interruption_is_silence_at_once_whatever_is_still_on_its_way(talk, server):
    talk.session.say("One.")
    talk.session.say("Two.")
    await server.send(wire.Saying(utterance=1, frame=0), wire.TextPiece(frame=0, id=77, piece=" One", utterance=1))
    await server.frame(0, LOUD)
    await talk.until(2)
    talk.events.clear()
    talk.session.interrupt()
    assert talk.brief() == [("ended", 1, True), ("ended", 2, True)]
    assert talk.events[0].ids == (77,)
    await server.until(lambda: wire.Interrupt() in server.got)
    await server.frame(1, LOUD)
    await server.send(wire.TextPiece(frame=2, id=78, piece=" two", utterance=1))
    await server.send(wire.Said(utterance=1, frame=2, interrupted=True, ids=(77,)))
    await server.send(wire.TextPiece(frame=2, id=78, piece=" trailing"))
    await server.frame(2, LOUD)  # the last of it, no longer anybody's
    await talk.settle()
    assert len(talk.events) == 2


async def test_listen_only_ends_what_was_being_said_unasked_and_a_sentence_is_spoken_all_the_same(talk, server):
    await server.frame(0, LOUD)
    await talk.until(1)
    talk.session.listen_only(on=True)
    assert talk.brief() == [("audio", 0, 0), ("ended", 0, True)]
    await server.until(lambda: wire.Listen(only=True) in server.got)
    await server.send(wire.TextPiece(frame=1, id=9, piece=" unheard"))
    await server.frame(1, LOUD)
    talk.session.say("One.")
    await server.send(wire.Saying(utterance=1, frame=2))
    await server.frame(2, LOUD)
    await talk.settle()
    assert talk.brief()[2:] == [("audio", 1, 2)]


async def test_the_users_words_and_lag_are_passed_on(talk, server):
    talk.session.user_said("x" * 5000)
    await server.until(lambda: len(server.got) == 2)
    assert server.got[1] == wire.Heard(text="x" * wire.MAX_TEXT_CHARS)
    await server.send(wire.Lagging(late_ms=412.0, dropped_frames=3))
    assert (await talk.until(1)) == [Lagging(412.0, 3)]


async def test_too_many_and_impossible_sentences_are_refused(talk):
    with pytest.raises(EngineError, match="characters"):
        talk.session.say("")
    with pytest.raises(EngineError, match="characters"):
        talk.session.say("x" * (wire.MAX_TEXT_CHARS + 1))
    for _ in range(WAITING_UTTERANCES):
        talk.session.say("Again.")
    with pytest.raises(EngineError, match="already wait"):
        talk.session.say("Again.")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (wire.CloseCode.ENGINE_LOST, ModelLostError),
        (wire.CloseCode.STOPPING, EngineDownError),
        (wire.CloseCode.MAX_DURATION, EngineStoppedError),
        (wire.CloseCode.PROTOCOL, wire.EngineWireError),
        (1000, EngineStoppedError),
        (None, EngineDownError),
    ],
)
async def test_a_loss_ends_every_sentence_and_then_the_session_once(talk, server, code, error):
    talk.session.say("One.")
    await server.frame(0, LOUD)
    await talk.until(1)
    if code is None:
        server.abort()
    else:
        await server.close(code)
    ended, unasked, lost = (await talk.until(4))[1:]
    assert type(lost.error) is error
    assert (ended.utterance, ended.error) == (1, lost.error)
    assert (unasked.utterance, unasked.error) == (0, lost.error)
    assert isinstance(lost, SessionLost)
    assert talk.over == 1
    with pytest.raises(EngineError):
        talk.session.say("Two.")
    talk.session.interrupt()
    talk.session.feed(PIECE, 0)
    await talk.session.close()
    assert (len(talk.events), talk.over) == (4, 1)


async def test_nothing_is_told_after_close(talk, server):
    talk.session.say("One.")
    await server.frame(0, LOUD)
    await talk.until(1)
    await talk.session.close()
    assert talk.over == 1
    talk.session.lose(EngineError("late"))
    assert len(talk.events) == 1


async def test_a_listener_may_close_the_session_from_its_last_event(server, http):
    closing = []

    def on_event(event):
        events.append(event)
        if isinstance(event, SessionLost):
            closing.append(asyncio.ensure_future(session.close()))

    events, over = [], []
    session = EmbeddedSession(on_event, over.append)
    await session.connect(http, server.url, OPEN)
    server.abort()
    async with asyncio.timeout(5):
        while not closing:
            await asyncio.sleep(0.001)
    await asyncio.gather(*closing)
    assert over == [session]


# --- opening ----------------------------------------------------------------------------------------------------------


async def dial(server, http, *, url=None, **deadlines):
    lost = []
    client = await EngineClient.open(
        http,
        url or server.url,
        OPEN,
        on_message=lambda _message: None,
        on_audio=lambda _frame, _pcm: None,
        on_lost=lost.append,
        **deadlines,
    )
    return client, lost


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("engine_busy", EngineBusyError),
        ("engine_voice", VoiceError),
        ("engine_prompt", PromptError),
        ("engine_lost", ModelLostError),
        ("internal", EngineRefusedError),
        ("something_new", EngineRefusedError),
    ],
)
async def test_a_refusal_is_a_typed_error_with_the_engines_sentence(server, http, code, error):
    server.answer = wire.Refused(code=code, message="The engine's own words.")
    with pytest.raises(error, match=r"The engine's own words\.") as raised:
        await dial(server, http)
    assert type(raised.value) is error


async def test_an_engine_that_does_not_answer_is_given_up(server, http):
    server.answer = None
    with pytest.raises(EngineSilentError):
        await dial(server, http, open_s=0.1)


async def test_nobody_there_and_somebody_elses_server_are_typed_errors(server, http):
    with pytest.raises(EngineDownError):
        await dial(server, http, url="ws://127.0.0.1:9/api/chat")
    server.protocols = ()
    with pytest.raises(wire.EngineWireError, match="does not speak"):
        await dial(server, http)


async def test_an_engine_that_falls_silent_is_lost(server, http):
    client, lost = await dial(server, http, silent_s=0.1)
    await asyncio.sleep(0.3)
    assert [type(error) for error in lost] == [EngineSilentError]
    await client.close()


@pytest.mark.parametrize("nonsense", ["{}", '{"type":"said"}', "no json", bytes(3), b"\x02text", bytes(4000)])
async def test_nonsense_of_the_engine_ends_the_session_with_a_typed_error(server, http, nonsense):
    client, lost = await dial(server, http)
    send = server.ws.send_str if isinstance(nonsense, str) else server.ws.send_bytes
    await send(nonsense)
    async with asyncio.timeout(5):
        while not lost:
            await asyncio.sleep(0.001)
    assert [type(error) for error in lost] == [wire.EngineWireError]
    await client.close()


async def test_an_engine_that_takes_nothing_costs_the_oldest_audio_and_no_waiting(server, http):
    client, _lost = await dial(server, http)
    count = WAITING_FRAMES + 25
    for _ in range(count):
        client.feed(PIECE)  # no await: the writer has had no turn
    assert client.dropped_frames == 25
    await server.until(lambda: len(server.audio) == WAITING_FRAMES)
    assert [index for index, _payload in server.audio] == list(range(25, count))
    await client.close()


async def test_a_message_that_the_listener_cannot_handle_ends_the_session(server, http, caplog):
    lost = []

    def breaks(_message):
        raise ZeroDivisionError

    client = await EngineClient.open(
        http, server.url, OPEN, on_message=breaks, on_audio=lambda _frame, _pcm: None, on_lost=lost.append
    )
    await server.send(wire.Lagging(late_ms=1.0, dropped_frames=0))
    async with asyncio.timeout(5):
        while not lost:
            await asyncio.sleep(0.001)
    assert "defect" in lost[0].sentence
    with contextlib.suppress(EngineError):
        client.send(wire.Interrupt())
    await client.close()
