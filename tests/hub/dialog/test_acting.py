from __future__ import annotations

import time

from hub.dialog.acting import Actor
from hub.home.none import NoHome
from hub.home.port import HomeUnreachableError
from hub.understanding.parser import Parser


def actor(home):
    return Actor(home, Parser(), now_ms=lambda: time.monotonic() * 1000)


async def test_a_hub_without_a_home_says_so_and_still_talks():
    home = NoHome()
    await home.start()
    refused = await actor(home).handle("Turn on the kitchen lights.", "kitchen", trace="t")
    assert not any(result.verified or result.called_ms for result in refused.results)
    assert refused.sentence.startswith("No home is connected")
    hello = await actor(home).handle("Thank you.", "kitchen", trace="t")
    assert "home is connected" not in hello.sentence


async def test_trouble_is_said_without_addresses(cast):
    class Unreachable(type(cast.home)):
        @property
        def trouble(self):
            return HomeUnreachableError("Cannot connect to http://192.0.2.7:8123 [refused].")

    home = Unreachable()
    outcome = await actor(home).handle("Turn on the kitchen lights.", "kitchen", trace="t")
    assert not any(result.verified or result.called_ms for result in outcome.results)
    assert "192" not in outcome.sentence
    assert "nothing was changed" in outcome.sentence


async def test_the_answer_is_what_the_house_says_afterwards(cast):
    outcome = await cast.voices.actor.handle("Turn on the garage light.", "kitchen", trace="t")
    # The demo's garage light is unavailable, and that is what must be said.
    assert not any(result.verified for result in outcome.results)
    assert cast.home.house.entities["light.garage_light"].state == "unavailable"
    assert "on." not in outcome.sentence.lower().split()
