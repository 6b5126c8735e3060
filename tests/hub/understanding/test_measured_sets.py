"""Runs the listener on sets in the measuring format, where a folder of them is given; skipped otherwise.

`UNDERSTANDING_SETS=folder pytest tests/hub/understanding/test_measured_sets.py` prints nothing and asserts the bars; a
scorer can import `handle` from here as its callable.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.understanding.house import Action, Area, Entity, Floor, House
from hub.understanding.parser import Parser

FOLDER = os.environ.get("UNDERSTANDING_SETS", "")
NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
_PARSER = Parser()


def house_of(raw: dict[str, Any]) -> House:
    """A `home.json` as a house."""
    return House(
        raw["name"],
        tuple(Floor(f["id"], f["name"], tuple(f["aliases"])) for f in raw["floors"]),
        tuple(Area(a["id"], a["name"], a["floor"], tuple(a["aliases"])) for a in raw["areas"]),
        {
            e["entity_id"]: Entity(
                e["entity_id"], e["name"], e["area"], tuple(e["aliases"]), str(e["state"]), e.get("attributes") or {},
                frozenset(e.get("capabilities") or ()),
            )
            for e in raw["entities"]
        },
    )  # fmt: skip


def _json(action: Action) -> dict[str, Any]:
    return {
        "domain": action.domain,
        "service": action.service,
        "entity_id": [*action.entity_ids],
        "data": {**action.data},
    }


def handle(item: dict[str, Any], home: dict[str, Any]) -> dict[str, Any]:
    """One item of a set to the actions in the format of its gold."""
    heard = _PARSER.understand(item["text"], house_of(home), item["room"], NOW)
    actions = [_json(action) for action in heard.actions]
    actions += [{**_json(action), "confirm": True} for action in heard.pending]
    if heard.asked:
        actions.append({"domain": "query", "service": "get_state", "entity_id": [*heard.asked], "data": {}})
    return {"id": item["id"], "actions": actions}


@pytest.mark.skipif(not FOLDER, reason="UNDERSTANDING_SETS names no folder with home.json and negatives.jsonl")
def test_negatives_never_act():
    home = json.loads(Path(FOLDER, "home.json").read_text(encoding="utf-8"))
    lines = Path(FOLDER, "negatives.jsonl").read_text(encoding="utf-8").splitlines()
    acting = [
        item["text"]
        for item in map(json.loads, lines)
        if any(action["domain"] != "query" for action in handle(item, home)["actions"])
    ]
    assert acting == []
