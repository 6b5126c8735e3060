"""The sentences that are spoken when something was done, or why nothing was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rapidfuzz import fuzz, process

from hub.understanding.clause import Failure
from hub.understanding.context import Context
from hub.understanding.house import Action, ActionResult, Entity, House
from hub.understanding.lexicon import singular
from hub.understanding.numbers import number_text
from hub.understanding.states import either, is_are, listed, sentence_case, the

_DONE = {
    "turn_on": "on", "turn_off": "off", "open_cover": "open", "close_cover": "closed", "lock": "locked",
    "unlock": "unlocked",
    "media_play": "playing", "media_pause": "paused", "start": "started", "start_mowing": "started", "pause": "paused",
    "return_to_base": "on the way home", "dock": "on the way home", "stop_cover": "stopped", "alarm_arm_away": "armed",
    "alarm_arm_home": "armed for home", "alarm_arm_night": "armed for the night", "open_valve": "open",
    "close_valve": "closed",
    "alarm_arm_vacation": "armed for vacation",
}  # fmt: skip
_PASSING = {"opening", "closing", "locking", "unlocking", "arming"}


def why_not(failure: Failure, context: Context) -> str:
    """One sentence: what was not understood or cannot be done, and what to do about it."""
    if failure.sentence:
        return failure.sentence
    miss = failure.miss
    if miss is None or failure.reason == "not_understood":
        return "Sorry, I did not understand that."
    if failure.reason == "not_exposed":
        name = miss.names[0] if miss.names else miss.phrase
        return (
            f"I am not allowed to use {name}; expose it to Assist in Home Assistant under "
            "Settings > Voice assistants > Expose."
        )
    if failure.reason == "ambiguous":
        return f"Which one do you mean: {either(list(miss.names))}?" if miss.names else "Which device do you mean?"
    if failure.reason == "no_such_area":
        return no_such_area(miss.phrase, context)
    place = miss.names[0] if miss.names and miss.names[0] else ""
    thing = " ".join(w for w in miss.phrase.split() if w not in ("the", "my", "a", "an", "our")) or "such device"
    verb = "are" if thing != singular(thing) else "is"
    return f"There {verb} no {thing}{f' in the {place.lower()}' if place else ' in this home'}."


def no_such_area(phrase: str, context: Context) -> str:
    """Says which area is nearest to one that does not exist."""
    names = [area.name for area in context.house.areas]
    best = process.extractOne(phrase, names, scorer=fuzz.ratio, processor=str.lower, score_cutoff=50)
    hint = f" Did you mean the {best[0].lower()}?" if best else ""
    return f"There is no area called {phrase}.{hint}"


def dangerous(calls: Sequence[tuple[str, Entity]]) -> str:
    """Why a dangerous action was not done and where it can be done."""
    names = listed(list(dict.fromkeys(the(entity) for _service, entity in calls)))
    verb = {"unlock": "Unlocking", "open": "Unlocking", "alarm_disarm": "Disarming"}.get(
        calls[0][0].split(".")[1], "Opening"
    )
    return f"{verb} {names} needs a spoken yes, which I cannot take yet; please do it in the Home Assistant app."


def done(actions: Sequence[Action], results: Sequence[ActionResult], house: House) -> str:
    """What truly happened, after the states were read back."""
    told = [_told(action, result, house) for action, result in zip(actions, results, strict=False)]
    merged = dict.fromkeys(
        sentence for sentence in (*(good for good, _ in told), *(bad for _, bad in told)) if sentence
    )
    return " ".join(merged) if merged else "Nothing has changed."


def troubles(actions: Sequence[Action], results: Sequence[ActionResult], house: House) -> str:
    """Only what did not come about; empty when all did."""
    told = [_told(action, result, house)[1] for action, result in zip(actions, results, strict=False)]
    return " ".join(dict.fromkeys(filter(None, told)))


def _told(action: Action, result: ActionResult, house: House) -> tuple[str, str]:
    """Of one action: what came about and what did not."""
    # What the house itself says of a call that is not over, as of a cover on its way, is no failure.
    under_way = result.error is None and (result.state in _PASSING or bool(result.sentence))
    failed = set(result.failed) or (set() if result.verified or under_way else set(action.entity_ids))
    good = [house.entities[i] for i in action.entity_ids if i not in failed and i in house.entities]
    bad = [house.entities[i] for i in action.entity_ids if i in failed and i in house.entities]
    if not failed and result.error is None and result.sentence:
        return result.sentence, ""
    trouble = _trouble(bad, result) if bad or failed or result.error else ""
    return _success(action, good, result, house) if good else "", trouble


def _trouble(bad: list[Entity], result: ActionResult) -> str:
    names = sentence_case(listed([the(e) for e in bad[:4]])) or "The device"
    more = f" and {len(bad) - 4} more" if len(bad) > 4 else ""
    if result.error and result.sentence and (len(bad) <= 1 or result.error.startswith("home_")):
        return result.sentence
    silent = all(e.state in ("unavailable", "unknown") for e in bad) and bad
    return f"{names}{more} did not {'answer' if silent or result.error else 'change as asked'}."


def _success(action: Action, entities: list[Entity], result: ActionResult, house: House) -> str:
    names, verb = _subject(entities, len(action.entity_ids), _scope(action, house))
    data: dict[str, Any] = dict(action.data)
    if action.domain == "scene":
        return f"{names} {verb} on."
    if action.domain in ("script", "button", "input_button"):
        return f"I have started {listed([the(e) for e in entities])}."
    if action.domain == "todo":
        word = "added" if action.service == "add_item" else "removed"
        return f"I have {word} {data.get('item')} {'to' if word == 'added' else 'from'} {the(entities[0])}."
    value = _value(action.service, data, entities, verb, names)
    if value:
        return value
    now = result.state if result.state in _PASSING else _DONE.get(action.service)
    return f"{names} {verb} {now}." if now else f"{names}: done."


def _value(service: str, data: dict[str, Any], entities: list[Entity], verb: str, names: str) -> str | None:
    texts: dict[str, str] = {
        "brightness_pct": f"at {data.get('brightness_pct')} percent", "color_name": f"{data.get('color_name')} now",
        "position": f"at {data.get('position')} percent", "percentage": f"at {data.get('percentage')} percent",
        "humidity": f"set to {data.get('humidity')} percent", "hvac_mode": f"set to "
            f"{str(data.get('hvac_mode')).replace('_', ' ')}",
        "fan_mode": f"set to {data.get('fan_mode')}", "source": f"on {data.get('source')}",
    }  # fmt: skip
    for key, text in texts.items():
        if key in data:
            return f"{names} {verb} {text}."
    if "temperature" in data:
        return f"{names} {verb} set to {number_text(float(data['temperature']))} degrees."
    if "brightness_step_pct" in data:
        return f"{names} {verb} {'brighter' if data['brightness_step_pct'] > 0 else 'dimmer'} now."
    if "color_temp_kelvin" in data:
        return f"{names} {verb} {'warm' if data['color_temp_kelvin'] < 3700 else 'cool'} white now."
    if "volume_level" in data:
        return f"The volume of {listed([the(e) for e in entities])} is {round(data['volume_level'] * 100)} percent."
    plain = {
        "volume_up": "louder now", "volume_down": "quieter now", "media_next_track": "on the next track",
        "toggle": "switched",
        "media_previous_track": "on the previous track", "increase_speed": "faster now", "decrease_speed": "slower now",
        "volume_mute": "muted" if data.get("is_volume_muted") else "no longer muted",
        "oscillate": "oscillating" if data.get("oscillating") else "no longer oscillating",
    }.get(service)  # fmt: skip
    return f"{names} {verb} {plain}." if plain else None


def _subject(entities: list[Entity], asked: int, scope: str | None) -> tuple[str, str]:
    if len(entities) > 4:
        kinds = {"light": "lights", "cover": "covers", "lock": "locks", "switch": "switches", "fan": "fans"}
        kind = kinds.get(entities[0].domain, "devices")
        if scope is None:
            return f"{len(entities)} {kind}", "are"
        many = f"All {asked}" if len(entities) == asked else f"{len(entities)} of the {asked}"
        return f"{many} {kind}{scope}", "are"
    names = sentence_case(listed([the(e) for e in entities]))
    return names, is_are(entities[0]) if len(entities) == 1 else "are"


def _scope(action: Action, house: House) -> str | None:
    """The place whose devices of a kind were all asked for, "" for the whole house; None when there is none."""
    asked = set(action.entity_ids)
    same = [e for e in house.entities.values() if e.exposed and e.domain == action.domain]
    if asked == {e.entity_id for e in same}:
        return ""
    for area in house.areas:
        if asked == {e.entity_id for e in same if e.area_id == area.id}:
            return f" in the {area.name.lower()}"
    for floor in house.floors:
        areas = {area.id for area in house.areas if area.floor_id == floor.id}
        if asked == {e.entity_id for e in same if e.area_id in areas}:
            name = floor.name.lower()
            return f" on the {name}" if name.endswith(("floor", "level", "storey")) else f" {name}"
    return None
