import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.history import with_history
from hub.engine.personaplex.port import PromptError
from hub.engine.personaplex.remote.request import (
    MAX_REMOTE_PROMPT_CHARS,
    RemoteAddressError,
    RemoteOptions,
    chat_url,
    health_url,
    trust,
)
from hub.engine.personaplex.remote.text import Pieces
from hub.engine.port import EngineError, Exchange, Persona

PERSONA = Persona("home", "NATF2", "You are kind.\nYou are brief.")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("wss://gpu.local:8998", "wss://gpu.local:8998/api/chat"),
        ("wss://gpu.local:8998/", "wss://gpu.local:8998/api/chat"),
        ("wss://gpu.local/api/chat", "wss://gpu.local/api/chat"),
        ("wss://gpu.local/voice/", "wss://gpu.local/voice/api/chat"),
        ("ws://[::1]:8998", "ws://[::1]:8998/api/chat"),
    ],
)
def test_an_address_gets_the_servers_route_and_its_two_parameters(url, place):
    asked = chat_url(url, PERSONA)
    assert str(asked.with_query(None)) == place
    assert dict(asked.query) == {"voice_prompt": "NATF2.pt", "text_prompt": "You are kind. You are brief."}


@pytest.mark.parametrize(
    "url", ["", "gpu.local", "https://gpu.local", "wss://", "wss://h?seed=1", "wss://h/#x", "wss://[", "wss://h:x"]
)
def test_what_is_no_address_is_a_typed_error(url):
    with pytest.raises(RemoteAddressError):
        chat_url(url, PERSONA)


@given(st.text(max_size=1200), st.text(max_size=60))
def test_whatever_stands_in_a_persona_comes_out_as_it_is_or_is_refused(prompt, voice):
    try:
        asked = chat_url("wss://h", Persona("p", voice, prompt))
    except EngineError:
        return
    assert set(asked.query) == {"voice_prompt", "text_prompt"}
    assert asked.query["text_prompt"] == " ".join(prompt.split())
    assert asked.query["voice_prompt"].endswith((".pt", ".wav"))
    assert not {"/", "\\"} & set(asked.query["voice_prompt"])
    assert len(str(asked)) < 8190


def test_a_prompt_in_letters_that_the_address_cannot_hold_is_refused():
    with pytest.raises(PromptError, match="plain letters"):
        chat_url("wss://h", Persona("p", "NATF2", "語" * MAX_REMOTE_PROMPT_CHARS))


def test_a_look_at_the_door_goes_to_the_same_host():
    assert str(health_url("wss://gpu.local:8998/voice")) == "https://gpu.local:8998/"
    assert str(health_url("ws://gpu.local:8998")) == "http://gpu.local:8998/"


def test_trust_is_an_authority_one_certificate_or_nobody():
    assert trust(RemoteOptions("wss://h", PERSONA)) is True
    assert trust(RemoteOptions("wss://h", PERSONA, verify_tls=False)) is False
    pinned = trust(RemoteOptions("wss://h", PERSONA, verify_tls=False, fingerprint="AB:" * 31 + "ab"))
    assert isinstance(pinned, aiohttp.Fingerprint)
    assert pinned.fingerprint == b"\xab" * 32
    for wrong in ("ab", "zz" * 32, "ab" * 20):
        with pytest.raises(RemoteAddressError):
            trust(RemoteOptions("wss://h", PERSONA, fingerprint=wrong))


# --- turns in a prompt ------------------------------------------------------------------------------------------------

EXCHANGES = st.builds(Exchange, st.text("ab \n", max_size=40), st.text("cd \n", max_size=40))


def test_turns_follow_the_persona_oldest_first():
    turns = (Exchange("Is it\n warm?", "Rather."), Exchange("", "Anything else?"))
    told = with_history("You are kind.", turns, 1000)
    assert told == "You are kind.\nThe conversation so far:\nUser: Is it warm?\nYou: Rather.\nYou: Anything else?"
    assert with_history("You are kind.", (), 1000) == "You are kind."


@given(st.text("p", max_size=50), st.lists(EXCHANGES, max_size=8), st.integers(0, 300))
def test_the_newest_turns_that_fit_are_told_whole_and_the_limit_holds(prompt, turns, limit):
    told = with_history(prompt, turns, limit)
    assert told.startswith(prompt)
    assert len(told) <= max(limit, len(prompt))
    kept = told.count("\n") - 1 if told != prompt else 0
    lines = [line for turn in turns for line in _lines(turn)]
    assert told == prompt or told.split("\n")[-kept:] == lines[-kept:]


def _lines(turn):
    said = []
    if turn.user:
        said.append("User: " + " ".join(turn.user.split()))
    if turn.assistant:
        said.append("You: " + " ".join(turn.assistant.split()))
    return said


# --- pieces -----------------------------------------------------------------------------------------------------------


def test_bytes_of_a_character_are_joined_and_marks_left_out():
    pieces = Pieces()
    sent = [" caf", "<0xC3>", "<0xA9>", "</s>", "<s>", "<unk>", " on", "<0x21>"]
    assert "".join(pieces.read(piece.encode()) for piece in sent) == " café on!"


def test_a_character_that_is_never_finished_takes_nothing_else_along():
    pieces = Pieces()
    assert [pieces.read(piece.encode()) for piece in ("<0xC3>", " yes", "<0xA9>", "<0xFF>", " no")] == [
        "",
        " yes",
        "",
        "",
        " no",
    ]


@given(st.text())
def test_a_text_in_bytes_is_the_text(text):
    pieces = Pieces()
    assert "".join(pieces.read(f"<0x{byte:02X}>".encode()) for byte in text.encode()) == text


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_are_read_as_something_bounded(payloads):
    pieces = Pieces()
    for payload in payloads:
        assert len(pieces.read(payload)) <= 256
