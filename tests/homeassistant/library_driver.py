"""A `LibraryHome` in an environment that has the library: answers each line of JSON on its input with one."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from hub.home import assistant, library
from hub.understanding.house import Action


def look(home, entity_id):
    entity = home.house.entities.get(entity_id)
    return {
        "trouble": home.trouble and {"code": home.trouble.code, "spoken": home.trouble.spoken},
        "name": home.house.name,
        "time_zone": home.house.time_zone,
        "areas": {area.id: [area.name, *area.aliases] for area in home.house.areas},
        "floors": {floor.id: [floor.name, *floor.aliases] for floor in home.house.floors},
        "entity": entity and {**asdict(entity), "capabilities": sorted(entity.capabilities)},
    }


async def act(home, domain, service, entity_id, data):
    result = await home.act(Action(domain, service, (entity_id,), data), trace="test")
    return {"verified": result.verified, "state": result.state, "error": result.error, "sentence": result.sentence}


async def main(url, token_file):
    # A test does not wait half a minute for what the hub does that often.
    library.REGISTRY_S = assistant.LAST_RETRY_S = 1.0
    home = library.LibraryHome(url=url, token_file=Path(token_file))
    await home.start()
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        if "act" in asked:
            answer = await asyncio.gather(*(act(home, *call) for call in asked["act"]))
        else:
            answer = look(home, asked["look"])
        print(json.dumps(answer), flush=True)
    await home.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
