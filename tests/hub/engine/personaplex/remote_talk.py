"""What the tests of the remote engine share: who is asked for, how long is waited, and one conversation."""

import asyncio

import numpy as np

from hub.engine.port import Persona, SessionRequest

PERSONA = Persona("home", "NATF2", "You are a kind voice.")
QUICK = {"connect_s": 2.0, "busy_s": 1.0, "handshake_s": 5.0, "silent_s": 2.0, "reconnects": 0}
TONE = (8000 * np.sin(np.arange(480) * 0.1)).astype(np.int16)


def loop_ms():
    return asyncio.get_running_loop().time() * 1000


def request(persona=None, history=()):
    return SessionRequest("s1", "kitchen", "t1", persona, history)


async def until(fact, limit_s=10.0):
    async with asyncio.timeout(limit_s):
        while not fact():
            await asyncio.sleep(0.02)


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


async def opened(engine, *, persona=None, history=()):
    """A conversation of a started engine, and what it tells."""
    await engine.start()
    events = []
    return await engine.open(request(persona, history), events.append), events
