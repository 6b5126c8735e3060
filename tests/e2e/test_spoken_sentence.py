"""A sentence spoken in a room turns on a light, and that room alone answers."""

from __future__ import annotations

import time

import pytest

from tests.e2e.household import level_db, read_wav, room_response, track, wait_for, write_wav

pytestmark = [pytest.mark.speech, pytest.mark.timeout(240)]

# Near one satellite, faint at the others, every room with its own noise: all of them wake.
GAINS_DB = {"kitchen": 0.0, "living_room": -16.0, "bedroom": -20.0}


def start_together(home, words, gains_db):
    start_at = time.time() + 4.0
    for seed, (area, gain_db) in enumerate(gains_db.items()):
        mic = track(1.0, words, 20.0, gain_db=gain_db, seed=seed)
        home.satellite(area, mic, f"start_at={start_at:.3f}")


def test_the_light_goes_on_and_only_the_room_that_was_spoken_to_answers(home, person, recogniser):
    before = len(home.turns())
    start_together(home, person.say("Alexa, turn on the kitchen lights."), GAINS_DB)
    (turn,) = home.wait_turns(before + 1)[before:]
    assert turn["area"] == "kitchen"
    assert "kitchen" in turn["user"].lower()
    assert all(action["verified"] for action in turn["actions"])
    assert {action["service"] for action in turn["actions"]} == {"turn_on"}
    hops = turn["t_ms"]
    order = [
        "onset",
        "wake",
        "floor",
        "understood",
        "ha_call",
        "ha_state",
        "audio_out",
        "audio_played",
    ]
    times = [hops[hop] for hop in order]
    assert None not in times
    assert times == sorted(times)
    # What was understood at a pause may be done before the last word on it is read.
    assert hops["speech_end"] <= hops["transcript"] <= hops["audio_out"]
    for area in GAINS_DB:
        home.end_recording(area)
    for area in GAINS_DB:
        assert home.wait(area) == 0
    kitchen = read_wav(home.report_dir / "kitchen" / "speaker.wav")
    heard = recogniser(kitchen).lower()
    assert "kitchen" in heard
    assert "on" in heard.replace(".", " ").split()
    for area in ("living_room", "bedroom"):
        assert level_db(read_wav(home.report_dir / area / "speaker.wav")) < -90, area


def test_the_conversation_goes_on_without_a_wake_word_and_tells_the_truth(home, person):
    before = len(home.turns())
    said = (
        "Alexa, close the living room blinds.",
        "Is the garage door open?",
        "Turn on the swimming pool pump.",
    )
    words = [person.say(text) for text in said]  # before the conversation: nobody waits for them in it
    home.listen("living_room")
    for number, pcm in enumerate(words, 1):
        home.speak("living_room", pcm)
        home.wait_turns(before + number)
    turns = home.turns()[before:]
    assert [turn["turn"] for turn in turns] == [1, 2, 3]
    assert len({turn["session"] for turn in turns}) == 1
    assert len({turn["trace"] for turn in turns}) == 3
    assert turns[0]["actions"][0]["service"] == "close_cover"
    assert turns[1]["actions"] == turns[2]["actions"] == []
    assert "closed" in turns[1]["assistant"].lower()
    assert turns[2]["assistant"].lower().startswith("there is no"), turns[2]["assistant"]


def test_it_does_not_hear_itself(home, person, tmp_path):
    """With the loudspeaker's sound convolved back into the microphone, its own answer starts no turn and no session."""
    before = len(home.turns())
    rir = write_wav(tmp_path / "rir.wav", room_response())
    home.satellite(
        "kitchen",
        track(1.5, person.say("Alexa, turn on the kitchen lights."), 30.0),
        f"echo={rir}",
        "delay_ms=60",
    )
    home.wait_turns(before + 1)
    # The whole time in which it would listen on: it ends by silence.
    wait_for(lambda: home.ask("status")["conversations"] == 0, 20, "the end of the conversation")
    home.end_recording("kitchen")
    assert home.wait("kitchen") == 0
    assert [turn["user"] for turn in home.turns()[before:]] == ["Turn on the kitchen lights."]
