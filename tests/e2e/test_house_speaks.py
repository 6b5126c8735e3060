"""The house speaks unasked: a hub, three satellites with echo, and the ears of whoever stands in the rooms."""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate

from tests.e2e.household import RATE_HZ, Household, level_db, room_response, so_far, track, wait_for, write_wav

pytestmark = [pytest.mark.speech, pytest.mark.timeout(480)]

ROOMS = ("kitchen", "living_room", "bedroom")


class House:
    """Three rooms that listen for as long as the tests take, on one time line."""

    def __init__(self, home: Household, root: Path) -> None:
        self.home = home
        rir = write_wav(root / "rir.wav", room_response())
        start_at = time.time() + 10.0  # until then all of them are up, on a slow machine too
        for area in ROOMS:
            home.satellite(area, track(300.0), f"echo={rir}", "delay_ms=60", f"start_at={start_at:.3f}", args=())
        wait_for(lambda: home.connected() >= set(ROOMS), 30, "the satellites")
        for area in ROOMS:
            wait_for(lambda area=area: self.speaker(area).size > RATE_HZ, 20, f"the sound of {area}")

    def speaker(self, area: str) -> np.ndarray:
        return so_far(self.home.report_dir / area / "speaker.wav")

    def mark(self) -> dict[str, int]:
        return {area: self.speaker(area).size for area in ROOMS}

    def time_passes(self, seconds: float) -> None:
        """So much more sound goes through all three rooms."""
        self.home.wait_recorded(*ROOMS, until_s=seconds + max(self.home.recorded_s(area) for area in ROOMS))

    def since(self, mark: dict[str, int]) -> dict[str, np.ndarray]:
        return {area: self.speaker(area)[mark[area] :] for area in ROOMS}

    def cli(self, *words: str) -> tuple[int, dict]:
        done = self.home.run("hub.cli", *words, "--state-dir", self.home.state_dir, "--json", timeout_s=90)
        return done.returncode, json.loads(done.stdout or done.stderr)

    def post(self, action: str, *, token: str | None = None, **body: object) -> tuple[int, dict]:
        if token is None:
            token = self.cli("token")[1]["token"]
        trust = ssl.create_default_context(cafile=str(self.home.state_dir / "identity.pem"))
        trust.check_hostname = False
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.home.http_port}/api/v1/{action}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}"},
        )
        try:
            with urllib.request.urlopen(request, context=trust, timeout=90) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def lit(self, area: str) -> bool:
        """Whether the light of its satellite is on."""
        log = self.home.log(area)
        return log.rfind("light on") > log.rfind("light off")

    def rooms(self) -> dict[str, dict]:
        told = self.home.ask("rooms")
        assert told is not None
        return {area["id"]: area for area in told["areas"]}


@pytest.fixture(scope="module")
def house(running_home: Household, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield House(running_home, tmp_path_factory.mktemp("ears"))
    running_home.send_satellites_away()


def begins_at(pcm: np.ndarray) -> float:
    """Seconds to the first sound."""
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 300)
    assert loud.size, "nothing sounds"
    return float(loud[0]) / RATE_HZ


def likeness(words: np.ndarray, heard: np.ndarray) -> tuple[float, float]:
    """How alike the words and their best place in what was heard are (1: the same), and where that is, in seconds."""
    x, y = words.astype(np.float64), heard.astype(np.float64)
    running = np.concatenate([[0.0], np.cumsum(y**2)])
    power = running[x.size :] - running[: -x.size]
    match = correlate(y, x, mode="valid", method="fft") / (np.linalg.norm(x) * np.sqrt(np.maximum(power, 1.0)))
    best = int(np.argmax(np.abs(match)))
    return float(abs(match[best])), best / RATE_HZ


def test_an_announcement_is_heard_in_every_room_at_once_and_quiet_rooms_are_left_alone(house, recogniser):
    mark = house.mark()
    code, told = house.cli("announce", "Dinner is ready in five minutes.")
    assert (code, told["played"]) == (0, True), told
    assert {area["area"] for area in told["areas"]} == set(ROOMS)
    house.time_passes(0.5)
    heard = house.since(mark)
    starts = {area: mark[area] / RATE_HZ + begins_at(pcm) for area, pcm in heard.items()}
    spread_ms = (max(starts.values()) - min(starts.values())) * 1000
    print(f"announcement: rooms begin within {spread_ms:.0f} ms")
    assert spread_ms < 120
    for area, pcm in heard.items():
        words = recogniser(pcm).lower()
        assert "dinner" in words, (area, words)
        assert "minutes" in words, (area, words)

    assert house.cli("quiet", "bedroom", "on")[1]["quiet"] is True
    mark = house.mark()
    code, told = house.cli("announce", "The washing is done.", "--area", "bedroom", "--area", "kitchen")
    assert code == 1
    assert {area["area"]: area.get("code", "played") for area in told["areas"]} == {
        "bedroom": "quiet_hours",
        "kitchen": "played",
    }
    heard = house.since(mark)
    assert level_db(heard["bedroom"]) < -90
    assert "washing" in recogniser(heard["kitchen"]).lower()
    assert house.rooms()["bedroom"]["quiet"]["quiet"] is True
    for refused in (
        ("ask", "Are you awake?", "--area", "bedroom"),
        ("intercom", "kitchen", "bedroom"),
    ):
        code, told = house.cli(*refused)
        assert (code, told["error"]["code"]) == (1, "quiet_hours")
    status, told = house.post("announce", text="There is smoke in the kitchen.", areas=["bedroom"], urgent=True)
    assert (status, told["played"]) == (200, True)
    assert "smoke" in recogniser(house.since(mark)["bedroom"]).lower()
    assert house.cli("quiet", "bedroom", "off")[1]["quiet"] is False


def test_a_question_is_answered_without_a_wake_word(house, person, recogniser):
    yes, turns = person.say("Yes please."), len(house.home.turns())
    mark = house.mark()
    came: list[tuple[int, dict]] = []
    asking = threading.Thread(
        target=lambda: came.append(
            house.post("ask", text="Shall I close the blinds?", area="living_room", choices=["yes", "no"])
        )
    )
    asking.start()
    wait_for(lambda: house.rooms()["living_room"]["satellites"][0]["in_session"], 20, "the question")
    wait_for(lambda: house.lit("living_room"), 20, "the light")
    house.home.speak("living_room", yes)
    asking.join(60)
    ((status, answer),) = came
    assert status == 200, answer
    assert answer["choice"] == "yes"
    assert "yes" in answer["answer"].lower()
    assert "blinds" in recogniser(house.since(mark)["living_room"]).lower()
    wait_for(lambda: not house.lit("living_room"), 10, "the light to go off")
    assert not house.home.ask("status")["conversations"]
    assert len(house.home.turns()) == turns  # no assistant has heard it

    code, told = house.cli("ask", "Is anybody there?", "--area", "kitchen", "--timeout", "2")
    assert (code, told["error"]["code"]) == (1, "silence")
    assert house.post("ask", token="wrong", text="Hello?", area="kitchen")[0] == 401


def test_two_rooms_talk_to_each_other_until_one_hangs_up(house, person):
    kitchen_words = person.say("The soup needs ten more minutes, I think.")
    garage_words = person.say("I will be there.")
    turns = len(house.home.turns())
    code, told = house.cli("intercom", "kitchen", "living_room")
    assert code == 0, told
    rooms = house.rooms()
    assert rooms["kitchen"]["intercom"] == "living_room"
    assert rooms["living_room"]["intercom"] == "kitchen"
    house.time_passes(1.0)
    mark = house.mark()
    ends = {"kitchen": house.home.speak("kitchen", kitchen_words)}
    house.home.wait_recorded(*ROOMS, until_s=ends["kitchen"] + 1.0)
    ends["living_room"] = house.home.speak("living_room", garage_words)
    house.home.wait_recorded(*ROOMS, until_s=ends["living_room"] + 1.5)
    heard = house.since(mark)
    for words, speaker, listener in (
        (kitchen_words, "kitchen", "living_room"),
        (garage_words, "living_room", "kitchen"),
    ):
        alike, at_s = likeness(words, heard[listener])
        late_ms = (mark[listener] / RATE_HZ + at_s - (ends[speaker] - words.size / RATE_HZ)) * 1000
        own, _ = likeness(words, heard[speaker])
        print(f"{speaker} to {listener}: likeness {alike:.2f}, {late_ms:.0f} ms later; back in its own room {own:.2f}")
        assert alike > 0.6
        assert 0 < late_ms < 700
        assert own < alike / 2
    assert level_db(heard["bedroom"]) < -90
    code, told = house.cli("intercom", "--end", "kitchen")
    assert (code, told["ended"]) == (0, [["kitchen", "living_room"]])
    mark = house.mark()
    house.home.wait_recorded(*ROOMS, until_s=house.home.speak("kitchen", kitchen_words) + 1.0)
    assert level_db(house.since(mark)["living_room"]) < -90
    assert len(house.home.turns()) == turns


def test_by_voice_everyone_is_told_and_another_room_is_called(house, person, recogniser):
    mark, before = house.mark(), len(house.home.turns())
    house.home.speak("kitchen", person.say("Alexa, tell everyone dinner is ready."))
    (turn,) = house.home.wait_turns(before + 1)[before:]
    assert turn["area"] == "kitchen"
    assert turn["actions"] == []
    heard = house.since(mark)
    for area in ("living_room", "bedroom"):
        assert "dinner is ready" in recogniser(heard[area]).lower(), area
    assert "dinner" not in recogniser(heard["kitchen"]).lower()
    wait_for(lambda: not house.home.ask("status")["conversations"], 20, "the end of the conversation")

    house.home.speak("kitchen", person.say("Alexa, call the bedroom."))
    wait_for(lambda: house.rooms()["bedroom"]["intercom"] == "kitchen", 30, "the call")
    wait_for(lambda: house.lit("bedroom"), 30, "the light in the bedroom")
    house.time_passes(2.0)
    mark, words = house.mark(), person.say("Are you coming down for dinner?")
    house.home.wait_recorded(*ROOMS, until_s=house.home.speak("kitchen", words) + 1.0)
    alike, _ = likeness(words, house.since(mark)["bedroom"])
    assert alike > 0.6
    house.home.speak("bedroom", person.say("Alexa, hang up."))
    wait_for(lambda: not house.home.ask("status")["intercoms"], 20, "the end of the call")
    last = house.home.wait_turns(before + 3)[-1]
    assert (last["area"], last["assistant"]) == ("bedroom", "The call is over.")
