"""Records when the hub's own recogniser tells what it hears: `python tests/vectors/hearing/record.py [talk]`.

Each sentence is spoken by a synthetic person and fed in real time; `delays.json` holds, for each question about a home,
and `talk_delays.json` for each sentence of small talk, every text with its time in milliseconds after the last sound of
the sentence. The dialog's tests replay them in virtual time, so that the
rule that holds the voice back is proved against delays that really occur. Machine and load are noted in the file.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from hub.hearing.local import LocalHearing
from hub.hearing.port import Final, HearingHints, Partial
from hub.home.demo import DemoHome
from hub.understanding.parser import Parser
from hub.understanding.vocabulary import vocabulary
from tests.e2e.household import RATE_HZ, Person, track

STEP = 480
TAIL_S = 4.0
QUESTIONS = (
    "Is the garage door open?", "Which lights are on?", "Is the front door locked?", "Are any windows open?",
    "What is the temperature in the bedroom?", "Is the kitchen light on?", "How warm is it in the living room?",
    "Is the television playing?", "Are the blinds in the living room closed?", "What is the thermostat set to?",
    "Did I leave the hallway light on?", "Is there a light on upstairs?", "How bright is the desk lamp?",
    "Is the back door locked?", "Is the fan in the bedroom running?", "Are all the doors locked?",
    "What is the humidity in the bathroom?", "Is the alarm armed?", "Is anything playing in the kitchen?",
    "Where is the vacuum?", "Is the heating on?", "Is the bedroom window open?", "Are the curtains open?",
    "How many lights are on?", "What is the battery of the vacuum?", "Is the oven on?", "Is it cold in the office?",
    "Can you tell me if the garage is closed?", "Do you know whether the front door is locked?",
    "Are the lights off in the kids room?",
)  # fmt: skip
TALK = (
    "I slept so well last night.", "What do you think about jazz?", "My sister is coming to visit on Sunday.",
    "Tell me a joke.", "How are you today?", "I had a terrible day at work.", "What is the capital of France?",
    "Do you like dogs?", "We watched a film about whales yesterday.", "It is so cold outside.",
    "Did you know that octopuses have three hearts?", "I cannot decide what to cook tonight.",
    "Is it true that bees can dance?", "That is really kind of you.", "My neighbour has painted his door green.",
    "Who wrote the Odyssey?", "I think I am getting a cold.", "The children were so loud this morning.",
    "Where do penguins live?", "I would love to see the northern lights.",
)  # fmt: skip


async def record(sentences: tuple[str, ...]) -> list[dict[str, object]]:
    """Speak and listen, one question after the other."""
    person, home, parser = Person(), DemoHome(), Parser()
    await home.start()
    hearing = LocalHearing(cache_dir=Path("/tmp/roomtone-record"), now_ms=lambda: time.monotonic() * 1000)
    await hearing.start()
    taken: list[dict[str, object]] = []
    for question in sentences:
        pcm = person.say(question)
        loud = np.flatnonzero(np.abs(pcm) > 500)
        sound = track(0.6, pcm[loud[0] : loud[-1] + 1], TAIL_S)
        end_s = 0.6 + (loud[-1] + 1 - loud[0]) / RATE_HZ
        told: list[tuple[float, str, str]] = []
        began_s = time.monotonic()

        def heard(event: object, began_s: float = began_s, end_s: float = end_s, told: list = told) -> None:
            after_ms = (time.monotonic() - began_s - end_s) * 1000
            if isinstance(event, Partial | Final):
                told.append((round(after_ms, 1), type(event).__name__.lower(), event.text))

        hints = HearingHints(
            vocabulary=vocabulary(home.house),
            is_complete=lambda text: parser.is_complete(text, home.house, "kitchen"),
        )
        stream = hearing.open(hints, heard)
        for position in range(0, len(sound) - STEP + 1, STEP):
            await asyncio.sleep(max(0.0, began_s + (position + STEP) / RATE_HZ - time.monotonic()))
            stream.feed(sound[position : position + STEP], position)
        await stream.close()
        taken.append({"question": question, "speech_s": round(end_s - 0.6, 3), "told": told})
        print(question, told[-1] if told else None, flush=True)
    await hearing.close()
    await home.close()
    return taken


def main() -> None:
    """Write the file."""
    name, sentences = ("talk_delays.json", TALK) if sys.argv[1:] == ["talk"] else ("delays.json", QUESTIONS)
    taken = asyncio.run(record(sentences))
    about = {"cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 2), "questions": taken}
    Path(__file__).with_name(name).write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
