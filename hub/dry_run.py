"""What a sentence would lead to in a house, while no hub runs."""

from __future__ import annotations

import time
from pathlib import Path

from hub.config import load_settings
from hub.dialog.acting import Actor
from hub.home.areas import find_area
from hub.house_policy import policy_of
from hub.parts import make_home
from hub.understanding.parser import Parser


async def explain_offline(config: Path | None, area: str, text: str) -> str:
    """Look at the house of the settings once, and explain what the sentence would do there.

    Raises:
        ConfigError: the settings cannot be used.
        HomeError: the house cannot be reached.
        RoomtoneError: it has no such area.
    """
    settings = load_settings(config)
    policy = policy_of(settings.policy)
    home = make_home(settings)
    try:
        await home.start()
        if home.trouble is not None:
            raise home.trouble
        actor = Actor(home, Parser(policy=policy), now_ms=lambda: time.monotonic() * 1000.0, policy=policy)
        return actor.explain(text, find_area(home.house, area).id)
    finally:
        await home.close()
