"""The written cases hold together: every gold fits its home, and the gold itself scores full marks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

EVALS = Path(__file__).resolve().parent
sys.path.insert(0, str(EVALS))

import writing  # noqa: E402 - the corpora's own tools stand beside them
from homes import large  # noqa: E402
from writing import score  # noqa: E402

NEEDS = {
    "brightness_pct": "brightness", "brightness_step_pct": "brightness", "color_name": "color",
    "color_temp": "color_temp", "percentage": "percentage", "percentage_step": "percentage",
    "oscillating": "oscillate", "position": "position",
}  # fmt: skip
LISTED = {"fan_mode": "fan_mode:", "mode": "mode:", "operation_mode": "mode:", "source": "source:"}
SERVICES = {
    "light": {"turn_on", "turn_off"}, "switch": {"turn_on", "turn_off"}, "scene": {"turn_on"}, "script": {"turn_on"},
    "climate": {"turn_on", "turn_off", "set_temperature", "set_hvac_mode", "set_fan_mode"},
    "cover": {"open_cover", "close_cover", "stop_cover", "set_cover_position"}, "lock": {"lock", "unlock"},
    "fan": {"turn_on", "turn_off", "set_percentage", "oscillate"},
    "media_player": {"turn_on", "turn_off", "media_play", "media_pause", "media_next_track", "media_previous_track",
                     "volume_set", "volume_up", "volume_down", "volume_mute", "play_media", "select_source"},
    "vacuum": {"start", "pause", "return_to_base", "clean_area"},
    "humidifier": {"turn_on", "turn_off", "set_humidity", "set_mode"},
    "water_heater": {"turn_on", "turn_off", "set_temperature", "set_operation_mode"},
    "valve": {"open_valve", "close_valve", "stop_valve", "set_valve_position"},
    "alarm_control_panel": {"alarm_arm_home", "alarm_arm_away", "alarm_arm_night", "alarm_disarm"},
    "todo": {"add_item", "remove_item"},
    "timer": {"start", "cancel", "cancel_all", "pause", "resume", "add"},
    "query": {"get_state"},
}  # fmt: skip


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def golds(case):
    return [one for turn in case.get("turns", [case]) for one in turn["gold"]]


def wrong_with(one, home, *, confirmed=False):
    """What does not fit between an action and its home, in words."""
    domain, service = one["domain"], one["service"]
    if service not in SERVICES.get(domain, ()):
        return [f"no service {domain}.{service}"]
    wrong = [f"no entity {i}" for i in one["entity_id"] if i not in home.e and i != "timer"]
    for entity_id in set(one["entity_id"]) & set(home.e):
        wrong += cannot(home.e[entity_id], domain, service, one.get("data", {}))
    dangerous = not wrong and any(score.is_danger(atom, home) for atom in score.atoms([one], home))
    if dangerous and not confirmed and not one.get("confirm"):
        wrong.append("dangerous and not confirmed")
    if one.get("confirm") and not dangerous:
        wrong.append("confirmed and not dangerous")
    return wrong


def cannot(entity, domain, service, data):
    """What of a call this device is not made for."""
    able, wrong = entity["capabilities"], []
    for key, value in data.items():
        if key in NEEDS and NEEDS[key] not in able and domain != "valve":
            wrong.append(f"{entity['entity_id']} lacks {NEEDS[key]}")
        if key == "hvac_mode" and value not in able:
            wrong.append(f"{entity['entity_id']} lacks {value}")
        if key in LISTED:
            choices = next((c.partition(":")[2].split(",") for c in able if c.startswith(LISTED[key])), ())
            wrong += [] if value in choices else [f"{entity['entity_id']} has no {key} {value}"]
    if service.startswith("alarm_arm") and service.removeprefix("alarm_") not in able:
        wrong.append(f"{entity['entity_id']} cannot {service}")
    return wrong


def case_files():
    return sorted(
        path
        for part, homes in writing.HOMES.items()
        for home in homes
        for path in (writing.EVALS / part / home).glob("*.jsonl")
    )  # fmt: skip


@pytest.fixture(scope="module")
def homes():
    return {name: writing.home_of(name) for homes in writing.HOMES.values() for name in homes}


@pytest.mark.parametrize("path", case_files(), ids=lambda p: "/".join(p.parts[-3:]))
def test_every_gold_fits_its_home(path, homes):
    home = homes[path.parent.name]
    for case in rows(path):
        asked = False
        for one in golds(case):
            # In a dialogue a dangerous action may follow its own question and nothing else.
            assert not (wrong := wrong_with(one, home, confirmed=asked)), f"{case['id']}: {one}: {wrong}"
            asked = asked or bool(one.get("confirm"))
        room = {case.get("room"), *(turn.get("room") for turn in case.get("turns", ()))} - {None}
        assert room <= set(home.floor)


@pytest.mark.parametrize("path", case_files(), ids=lambda p: "/".join(p.parts[-3:]))
def test_the_gold_as_prediction_scores_full_marks(path, homes):
    home = homes[path.parent.name]
    for case in rows(path):
        gold = golds(case)
        made = score.compare(gold, [{**one, "frame": one.get("commit_frame")} for one in gold], home)
        assert made["ok"], case["id"]
        assert made["false"] == made["unsafe"] == 0, case["id"]
        assert all(late == 0 for late in made["lat"])
        if "final_state" in case:
            assert score.final_state(home.h, gold) == case["final_state"]


def test_the_pieces_spell_their_text_on_rising_frames():
    for path in case_files():
        if path.name == "user_commands.jsonl":
            continue
        for case in rows(path):
            for turn in case.get("turns", [case]):
                pieces = turn.get("pieces", [])
                frames = [frame for frame, _ in pieces]
                assert frames == sorted(set(frames))
                assert "".join(p for _, p in pieces).replace("▁", " ").strip() == (turn["text"] if pieces else "")
                assert frames[-1] <= case["end_frame"] if "end_frame" in case else True


def test_the_two_parts_share_no_sentence():
    dev, held_out = (
        {
            row["text"]
            for path in (writing.EVALS / part).rglob("*.jsonl")
            for row in rows(path)
            if row.get("text", "").count(" ") > 1  # "Certainly." is nobody's own
        }
        for part in writing.PARTS
    )
    assert dev & held_out == set()


def test_the_json_lines_are_what_was_written():
    for target, text in writing.written():
        assert target.read_text(encoding="utf-8") == text, f"run python tests/evals/writing.py ({target.name})"


def test_the_large_home_comes_from_its_seed():
    assert json.loads((EVALS / "homes" / "large.json").read_text(encoding="utf-8")) == large.home()
