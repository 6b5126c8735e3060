"""One clause against the house: the calls it means, or the best reason why it means none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hub.understanding.aiming import lights_of_area, target_of
from hub.understanding.context import Context
from hub.understanding.cutting import is_cut_elsewhere
from hub.understanding.frames import Heard, readings
from hub.understanding.house import Entity
from hub.understanding.lexicon import LEVELS, STOP, Value, domains_of, singular, value_of
from hub.understanding.lists import read_list
from hub.understanding.naming import device_named
from hub.understanding.playing import lasting, read_play
from hub.understanding.reversal import reversal
from hub.understanding.schedule import MAX_DELAY_S, Schedule, schedules
from hub.understanding.services import DOMAINS, Call, build, narrowed
from hub.understanding.settings import Refusal
from hub.understanding.tagger import canonical
from hub.understanding.target import Miss, Target
from hub.understanding.targets import resolve
from hub.understanding.timers import read_timer


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one or several clauses come to. `kept`: devices named as to be left alone."""

    calls: tuple[Call, ...]
    heard: tuple[Heard, ...]
    kept: frozenset[str] = frozenset()
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Nothing to be done, and why. Higher strength: closer to a meaning."""

    reason: str
    sentence: str = ""
    miss: Miss | None = None
    strength: int = 0
    heard: Heard | None = None


NOT_UNDERSTOOD = Failure("not_understood")
# A device that was named and cannot do it is worth a true sentence, however shortly it was asked.
_IMPOSSIBLE = frozenset({"cannot_do", "bad_value"})
_ALARM = re.compile(r"\b(?:alarms?|security)\b|^(?:the |my )?(?:house|home)$|^(?:it|that|this)$")
_FAN = frozenset({"fan"})
_LIGHT = frozenset({"light"})
_COVER = frozenset({"cover", "valve"})
_FLOORS = re.compile(r" (?:floors?|carpets?|rugs?|tiles|floorboards|lino)$")
_CHANNEL = re.compile(r"\b(?:radio|channel|station) on\b|^(?:bbc )?radio$|\b(?:channel|station)$")
# "Turn on the lamp at 7" names an hour, "set the lamp at 7" a brightness.
_HOUR = re.compile(r"(?!set|put|dim|make|brighten|keep|bring|turn (?:up|down)|lower|raise|i want).* at \d{1,2}")


def read_clause(text: str, context: Context) -> Meaning | Failure:
    """What a clause means, read once an utterance."""
    known = context.memo.get(text)
    if isinstance(known, (Meaning, Failure)):
        return known
    read = context.memo[text] = _read_clause(text, context)
    return read


def _read_clause(text: str, context: Context) -> Meaning | Failure:
    timer = read_timer(text, context)
    if isinstance(timer, Refusal):
        return Failure(timer.reason, timer.sentence, strength=9, heard=Heard("timer", text))
    if timer is not None:
        return Meaning((Call(timer[0], None, timer[1]),), (Heard("timer", text),))
    timed = _scheduled(text, context)
    if isinstance(timed, Meaning) and _HOUR.fullmatch(text):
        return timed
    plain = _best_reading(text, context)
    if isinstance(plain, Meaning) or timed is None:
        return plain
    return timed if isinstance(timed, Meaning) or timed.strength >= plain.strength else plain


def _scheduled(text: str, context: Context) -> Meaning | Failure | None:
    best: Failure | None = None
    for schedule in schedules(text, context.now):
        read = read_clause(schedule.rest, context) if schedule.rest else NOT_UNDERSTOOD
        done = _timed(read, schedule) if isinstance(read, Meaning) else read
        if isinstance(done, Meaning):
            return done
        best = done if best is None or done.strength > best.strength else best
    return best


def _timed(read: Meaning, schedule: Schedule) -> Meaning | Failure:
    """The calls, put off, or taken back when their time is over."""
    if max(schedule.delay_s, schedule.span_s) > MAX_DELAY_S:
        return Failure("bad_value", "I can wait for seven days at most.", strength=9)
    if any(call.entity is None or not read.heard for call in read.calls) or not read.calls:
        return NOT_UNDERSTOOD
    calls: list[Call] = []
    for service, entity, data, back in read.calls:
        if schedule.delay_s:
            calls.append(Call(service, entity, {**data, "delay": data.get("delay", 0) + schedule.delay_s}, back))
            continue
        opposite = reversal(service, entity, data) if entity is not None else None
        if opposite is None:
            name = entity.name if entity is not None else "that"
            return Failure(
                "cannot_do", f"I cannot take that back by myself for {name}, so nothing has changed.", strength=9
            )
        calls += [
            Call(service, entity, data, back),
            Call(opposite[0], entity, {**opposite[1], "delay": schedule.span_s}, taken_back=True),
        ]
    return Meaning(tuple(calls), read.heard, read.kept, read.cost)


def _best_reading(text: str, context: Context) -> Meaning | Failure:
    best = NOT_UNDERSTOOD
    found: Meaning | None = None
    for heard in readings(text):
        read = _read(heard, context)
        if isinstance(read, Meaning):
            if read.cost == 0:
                return read
            found = read if found is None or read.cost < found.cost else found
        elif read.strength > best.strength and (heard.verbal or read.reason in _IMPOSSIBLE):
            best = read
    return found or best


def _read(heard: Heard, context: Context) -> Meaning | Failure:  # noqa: PLR0911 - one line a frame of its own
    """One reading against the house: its calls, or why not."""
    if heard.frame == "play_media":
        return _play_media(heard, context)
    if heard.frame == "clean_area":
        return _clean_area(heard, context)
    if heard.frame == "remember":
        return _remember(heard, context)
    if heard.frame in ("list_add", "list_remove"):
        written = read_list(heard, context)
        return _failed(written, heard, context) if isinstance(written, Miss) else _written(written, heard)
    if is_cut_elsewhere(heard, context):
        return NOT_UNDERSTOOD
    value = value_of(heard.value) if heard.frame == "set" else None
    if value is not None and value.kind == "number" and _CHANNEL.search(heard.target):
        return NOT_UNDERSTOOD
    if heard.target.startswith("up ") and canonical(heard.target) not in context.index.names:
        heard = replace(heard, target=heard.target[3:])
    if heard.frame == "set" and value is None:
        return NOT_UNDERSTOOD
    domains = _COVER if heard.direction == "cover" else _takers(value) if value else _meant(heard, context)
    if not domains:
        return NOT_UNDERSTOOD
    target = target_of(heard, domains, context)
    return _failed(target, heard, context) if isinstance(target, Miss) else _act(heard, value, target, context)


def _meant(heard: Heard, context: Context) -> frozenset[str]:
    """The domains that a frame takes, fewer where its own words tell."""
    if heard.direction == "out" and heard.frame == "off":
        return _LIGHT  # nothing else goes out: "time out", "chill out"
    if heard.frame in ("arm", "disarm") and not _is_alarm(heard.target, context):
        return frozenset()
    if heard.direction == "lit":
        # "I need the desk lamp" wants it on; what "I need the blinds" wants nobody knows.
        bare = re.sub(r"^(?:the|my|our) ", "", heard.target)
        vague = heard.target.startswith(("a ", "some ")) or " " not in bare or context.index.place_in(bare) is not None
        return frozenset() if vague or bare.endswith((" on", " off", " up", " down")) else _LIGHT
    if heard.frame == "fan_mode" and isinstance(resolve(f"{heard.target} fan", _FAN, context), Target):
        return frozenset()  # a fan of its own, not the one in an air conditioner
    return DOMAINS[heard.frame]


def _written(calls: tuple[Call, ...], heard: Heard) -> Meaning | Failure:
    return Meaning(calls, (heard,)) if calls else NOT_UNDERSTOOD


def _clean_area(heard: Heard, context: Context) -> Meaning | Failure:
    said = re.sub(r"^(?:up )?(?:in )?(?:the|my|our) ", "", heard.value)
    # "Hoover the kitchen floor": a floor of one room, not a storey.
    place = context.index.place_in(said) or context.index.place_in(_FLOORS.sub("", said))
    if place is None and re.fullmatch(r"(?:up )?(?:in )?(?:here|this room|the room|this area)", heard.value):
        place = ("area", context.area_id) if context.area_id else None
    vacuum = target_of(heard, DOMAINS["clean_area"], context)
    if place is None or isinstance(vacuum, Miss) or len(vacuum.entities) != 1:
        return NOT_UNDERSTOOD
    robot = vacuum.entities[0]
    if "clean_area" not in robot.capabilities:
        return Failure("cannot_do", f"{robot.name} cannot be sent to one room.", strength=7, heard=heard)
    areas = [place[1]] if place[0] == "area" else [a for a, f in context.index.area_floor.items() if f == place[1]]
    return Meaning(tuple(Call("vacuum.clean_area", robot, {"area": area}) for area in areas), (heard,))


def _remember(heard: Heard, context: Context) -> Meaning | Failure:
    """A scene made by talking: what the lights, covers and players of the room are now."""
    words = re.sub(r"^(?:the |a |my |our )+|(?: (?:scene|mode|lights?|setting))+$", "", heard.value).split()
    if not words or len(words) > 4:
        return NOT_UNDERSTOOD
    if context.area_id is None:
        return Failure("ambiguous", "Which room shall I remember? Say it in that room.", strength=9, heard=heard)
    every = frozenset(context.index.by_domain)
    devices = lasting(context.of_domains(every, frozenset({context.area_id})))
    if not devices:
        return Failure("cannot_do", "This room has nothing that a scene could remember.", strength=9, heard=heard)
    data = {"scene_id": "_".join(words), "name": " ".join(words).capitalize(), "snapshot_entities": devices}
    return Meaning((Call("scene.create", None, data),), (heard,))


def _is_alarm(phrase: str, context: Context) -> bool:
    """Whether a phrase speaks of an alarm: by its kind, or by the full name of one."""
    return bool(_ALARM.search(phrase)) or not phrase or device_named(phrase, DOMAINS["arm"], context) is not None


def _has_its_noun(phrase: str, entities: tuple[Entity, ...]) -> bool:
    """Whether a loose phrase has the word for the device, not only for what is beside it ("unlock the bike").

    Several words that are all of a name but its noun have it too: "the truck bay" is the truck bay door.
    """
    words = {canonical(word) for word in phrase.split()}
    parts = [canonical(name.lower()).rpartition(" ") for e in entities for name in (e.name, *e.aliases)]
    bare = canonical(" ".join(word for word in phrase.split() if word not in STOP))
    whole = " " in bare and any(before == bare for before, _, _ in parts)
    return whole or not words.isdisjoint(head for _, _, head in parts) or any(domains_of(word) for word in words)


def _takers(value: Value) -> frozenset[str]:
    """The domains that can be set to such a value."""
    if value.kind == "word" and value.word not in LEVELS:
        return frozenset({"climate", "humidifier", "water_heater", "fan", "select", "input_select"})
    if value.kind in ("color", "kelvin"):
        return frozenset({"light", "climate"} if value.word in ("cool", "warm") else {"light"})
    if value.kind in ("degrees", "fahrenheit"):
        return frozenset({"climate", "water_heater"})
    return DOMAINS["set"]


def _act(heard: Heard, value: Value | None, target: Target, context: Context) -> Meaning | Failure:
    entities = tuple(e for e in target.entities if e.exposed)
    if not entities:
        name = target.entities[0].name
        return Failure("not_exposed", miss=Miss("not_exposed", name, (name,)), strength=8, heard=heard)
    exact = heard.direction == "exact"
    some = heard.target.startswith("some ")
    if (target.cost and (exact or some)) or (exact and context.index.is_place(heard.target)):
        return NOT_UNDERSTOOD
    # "Open the boot" is not the boot room's door, nor "start the car" its charger: the thing itself must be named.
    by_head = heard.frame in ("unlock", "open", "close", "lock") or heard.direction == "head"
    # "Start your homework" is said to somebody else.
    yours = heard.target.startswith("your ") and all(e.domain in ("scene", "script") for e in entities)
    if yours or (by_head and target.cost and not _has_its_noun(heard.target, entities)):
        return NOT_UNDERSTOOD
    if heard.frame == "keep":
        return Meaning((), (heard,), frozenset(e.entity_id for e in entities))
    entities = narrowed(heard, entities, group=target.group)
    if target.group and heard.frame in ("on", "off"):
        entities = lights_of_area(heard, entities, context)
    calls = build(heard, value, entities)
    if isinstance(calls, Refusal):
        strength = 7 if calls.reason != "not_understood" else 0
        return Failure(calls.reason, calls.sentence, strength=strength, heard=heard)
    return Meaning(tuple(calls), (heard,), cost=target.cost)


def _play_media(heard: Heard, context: Context) -> Meaning | Failure:
    found = read_play(heard.value, heard.target, context)
    if found is None:
        return NOT_UNDERSTOOD
    if isinstance(found, Miss):
        return Failure(found.reason, miss=found, strength=max(3, found.strength), heard=heard)
    if isinstance(found, Refusal):
        return Failure(found.reason, found.sentence, strength=4, heard=heard)
    player, medium = found
    return Meaning((Call("media_player.play_media", player, {"media": medium}),), (heard,))


_CANNOT = {
    "on": "be turned on", "off": "be turned off", "lock": "be locked", "unlock": "be unlocked", "open": "be opened",
    "close": "be closed", "pause": "be paused", "play": "play",
}  # fmt: skip
_ANY = frozenset(
    [
        "light",
        "switch",
        "cover",
        "climate",
        "fan",
        "media_player",
        "lock",
        "vacuum",
        "alarm_control_panel",
        "binary_sensor",
        "sensor",
        "humidifier",
    ]
)


def _failed(miss: Miss, heard: Heard, context: Context) -> Failure:
    if heard.verbal and miss.reason == "no_such_device" and heard.frame in _CANNOT:
        other = resolve(heard.target or miss.phrase, _ANY - DOMAINS[heard.frame], context)
        if isinstance(other, Target) and len(other.entities) == 1 and other.cost == 0:
            sentence = f"{_name(other.entities[0])} cannot {_CANNOT[heard.frame]}."
            return Failure("cannot_do", sentence, strength=5, heard=heard)
    some = any(context.index.is_known(singular(w)) or domains_of(w) for w in miss.phrase.split())
    strength = miss.strength + (1 if some else 0)
    return Failure(
        miss.reason, miss=miss, strength=strength if heard.verbal and heard.frame != "option" else 0, heard=heard
    )


def _name(entity: Entity) -> str:
    return entity.name
