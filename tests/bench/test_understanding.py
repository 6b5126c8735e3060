"""The time of one utterance in the home with more than 300 devices, beside hassil, which Home Assistant matches by.

Exactness stands in `make evals`; here both get the same sentences, and hassil is asked only whether it matches.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

import pytest

EVALS = Path(__file__).resolve().parents[1] / "evals"
sys.path.insert(0, str(EVALS))

import measuring  # noqa: E402 - it stands beside the corpora
from report import quantile  # noqa: E402

pytestmark = pytest.mark.bench
HOME = "large"


def hassil_matcher(home):
    """(text, room) to whether hassil, with Home Assistant's own sentences, matches it in this home."""
    from hassil import Intents, TextSlotList, recognize_best
    from home_assistant_intents import get_intents

    intents = Intents.from_dict(get_intents("en"))
    names = [
        (name, e["entity_id"], {"domain": e["entity_id"].partition(".")[0]})
        for e in home["entities"]
        for name in (e["name"], *e["aliases"])
    ]
    lists = {
        "name": TextSlotList.from_tuples(names, allow_template=False),
        **{
            kind: TextSlotList.from_tuples(
                [(name, one["id"]) for one in home[f"{kind}s"] for name in (one["name"], *one["aliases"])],
                allow_template=False,
            )
            for kind in ("area", "floor")
        },
    }

    def matches(text, room):
        found = recognize_best(
            text, intents, slot_lists=lists, intent_context={"area": room}, best_slot_name="name", language="en"
        )
        return found is not None

    return matches


def test_an_utterance_beside_hassil(machine):
    home = json.loads((EVALS / "homes" / f"{HOME}.json").read_text(encoding="utf-8"))
    matches = hassil_matcher(home)
    gc.collect()
    gc.freeze()  # as the hub does once it is ready
    print(f"\n{machine}\n{len(home['entities'])} devices, CPU time, first call included")
    print("| | n | understood or matched | first ms | p50 | p95 | max |")
    for task in ("user", "negatives"):
        ours = measuring.measure("dev", HOME, task)
        items = measuring.cases_of("dev", HOME, EVALS / "dev" / HOME, task)
        theirs_s, hits = [], 0
        for item in items:
            begin = time.process_time()
            hits += matches(item["text"], item.get("room") or home["areas"][0]["id"])
            theirs_s.append(time.process_time() - begin)
        row(f"roomtone, {task}", ours.item_s, ours.exact)
        row(f"hassil, {task}", theirs_s, hits)
        # All that a sentence may have been misheard for is tried, and it takes hardly longer than matching it once.
        assert quantile(ours.item_s, 0.95) <= 1.5 * quantile(theirs_s, 0.95)
    for task in ("asst", "dialogue"):
        frames_s = measuring.measure("dev", HOME, task).frame_s
        row(f"roomtone, a frame of {task}", frames_s, "")
        assert quantile(frames_s, 0.95) <= quantile(ours.item_s, 0.5)


def row(name, spent_s, right):
    ms = [1000 * s for s in spent_s]
    times = f"{ms[0]:.1f} | {quantile(ms, 0.5):.2f} | {quantile(ms, 0.95):.2f} | {max(ms):.1f}"
    print(f"| {name} | {len(ms)} | {right} | {times} |")
