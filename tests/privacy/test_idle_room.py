"""Half a minute of talk in a room that nobody called: what a real satellite tells a hub that would like to listen."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from tests.e2e.household import Person, write_wav
from tests.privacy.conftest import Home
from tests.privacy.idle_hour import scene
from tests.privacy.rule import assert_only_scalars
from tests.privacy.sentences import sentences
from tests.privacy.spec_hub import LEVEL, MUTED, SPEECH, levels
from tests.privacy.spec_spake2 import HubSide

pytestmark = pytest.mark.speech
_BRIBES = (
    {"type": "floor", "state": "granted", "session": "s"},
    {"type": "floor", "state": "released", "session": "s"},
    {"type": "floor", "state": "granted", "session": "s", "chime": False},
    {"type": "play", "generation": 1},
    {"type": "flush", "generation": 1},
    {"type": "duck", "gain_db": -20},
    {"type": "set_volume", "volume": 0.5},
    {"type": "mute", "muted": False},
    {"type": "open_microphone"},
)


def test_the_stranger_computes_the_vector() -> None:
    vector = json.loads(Path("protocol/vectors/v1/pairing.json").read_text())
    scalar = int.from_bytes(bytes.fromhex(vector["hub_scalar"]), "little")
    side = HubSide(vector["code"], vector["device_id"], bytes.fromhex(vector["certificate_hash"]), scalar)
    assert side.element.hex() == vector["hub_element"]
    names = ("confirm_satellite", "confirm_hub", "device_key")
    assert [part.hex() for part in side.finish(bytes.fromhex(vector["satellite_element"]))] == [
        vector[n] for n in names
    ]


async def test_talk_stays_in_the_room_whatever_the_hub_says(home: Home, person: Person, tmp_path: Path) -> None:
    mic = write_wav(tmp_path / "mic.wav", scene(person, 33.0, sentences(12, 1), seed=2).pcm)
    audio = f"file:{mic},{tmp_path / 'speaker.wav'}"
    process = await home.satellite("run", "--audio", audio, "--hub", f"127.0.0.1:{home.port}")
    hub = home.hub
    try:
        await hub.until(lambda: hub.of(LEVEL), 20)
        await asyncio.sleep(12)
        for bribe in _BRIBES:
            hub.send(**bribe)
        await hub.until(lambda: len(hub.messages("error")) >= 3)
        await asyncio.sleep(10)
        refused = [message["code"] for message in hub.messages("error")]
        assert refused.count("not_woken") == 2
        assert refused.count("unknown_message") == 1
        assert_only_scalars(hub, frozenset({"error", "playback"}))
        records = hub.records()
        talking = [record for record in records if record.flags & SPEECH]
        assert len(talking) > 300  # the room was not silent
        assert max(record.samples for record in records) > 20 * 24_000

        # The person switches the microphone off while somebody speaks.
        assert (await home.command("mute", "on"))[0] == 0
        told = await hub.until(lambda: [f for f in hub.frames if f.payload == b'{"type":"mute","muted":true}'])
        hub.send(**_BRIBES[0])
        await asyncio.sleep(4)
        late = [f for f in hub.frames if f.arrived_s > told[-1].arrived_s + 0.1]
        after = [record for f in late if f.type == LEVEL for record in levels(f)]
        assert len(after) > 20
        assert all(record.flags & MUTED and not record.flags & SPEECH for record in after)
        assert {(record.level_db, record.vad) for record in after} == {(-127.5, 0.0)}
        # A record looks 0.4 s back; from then on there is nothing that it could tell.
        assert len({record[2:8] for record in after[25:]}) == 1
        assert_only_scalars(hub, frozenset({"error", "playback"}))
        assert [message["code"] for message in hub.messages("error")].count("not_woken") == 3
    finally:
        with contextlib.suppress(ProcessLookupError):  # it may have ended by itself, which the tests above would show
            process.terminate()
        await process.communicate()
    assert process.returncode == 0
