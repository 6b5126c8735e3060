"""One utterance into clauses, each into calls: what was meant, or the best reason why nothing was."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.understanding.aiming import lights_of_area, target_of
from hub.understanding.context import Context
from hub.understanding.frames import Heard, readings
from hub.understanding.lexicon import LEVELS, Value, domains_of, singular, value_of
from hub.understanding.normalise import without_courtesy
from hub.understanding.services import DOMAINS, Calls, build, narrowed
from hub.understanding.settings import Refusal
from hub.understanding.targets import Miss, Target, resolve

_BREAK = re.compile(
    r" (?:, )?(?:and then|and also|then|and|,|\.|plus|but|also|after that|while you are at it|or) (?:, )?"
)
_CHATTER = re.compile(
    r"(?:it is|its|it feels|i am|we are|i feel)(?: (?:getting|really|so|very|too|a bit|quite|pretty|rather|just))* "
    r"(?:dark|cold|hot|warm|steamy|stuffy|bright|loud|noisy|chilly|freezing|late|humid|raining|windy|going to bed"
    r"|tired|home|"
    r"leaving|off to bed|going to sleep|back|cooking|watching a movie)(?: (?:in here|here|outside|now|tonight|today))?"
    r"|i can not see(?: anything)?|good (?:night|morning|evening)|hello|thanks|thank you|please|bedtime|ok|yes|sorry"
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one or several clauses come to. `kept`: devices named as to be left alone."""

    calls: Calls
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


NOTHING = Failure("not_understood")


def understand_clauses(text: str, context: Context) -> Meaning | Failure:
    """The meaning of a whole utterance. Every clause must be explained, else nothing is done."""
    whole = _clause(text, context)
    if isinstance(whole, Meaning):
        return whole
    remark = _CHATTER.match(text)
    if remark and text[remark.end() : remark.end() + 1] == " ":
        rest = understand_clauses(re.sub(r"^(?:(?:,|\.|and|so|please|then) )+", "", text[remark.end() + 1 :]), context)
        if isinstance(rest, Meaning):
            return rest
    breaks = list(_BREAK.finditer(text))[:6]
    if breaks:
        parts = _pieces(text, breaks)
        done = _join(parts, context)
        if isinstance(done, Meaning):
            return done
        return max(whole, done, key=lambda f: f.strength)
    return whole


def _pieces(text: str, breaks: list[re.Match[str]]) -> list[str]:
    edges = [0, *(b.end() for b in breaks)]
    ends = [*(b.start() for b in breaks), len(text)]
    return [text[start:end].strip(" ,") for start, end in zip(edges, ends, strict=True)]


def _join(parts: list[str], context: Context) -> Meaning | Failure:
    """Read the pieces from the left, longest meaningful run first; a fragment borrows the verb of the one before."""
    calls: Calls = []
    heard: list[Heard] = []
    kept: frozenset[str] = frozenset()
    position, before, best = 0, "", NOTHING
    while position < len(parts):
        found: Meaning | None = None
        for end in range(len(parts), position, -1):
            if end - position == len(parts) and len(parts) > 1:
                continue
            run = " and ".join(p for p in parts[position:end] if p)
            run = without_courtesy(run) or run
            if _CHATTER.fullmatch(run) and len(parts) > 1:
                found = Meaning([], ())
            else:
                read = _clause(run, context)
                if isinstance(read, Failure):
                    best = max(best, read, key=lambda f: f.strength)
                    read = _borrowed(run, before, context) if before else read
                found = read if isinstance(read, Meaning) else None
            if found is not None:
                before = run if found.heard and run.split()[0] not in ("leave", "keep") else before
                position = end
                break
        if found is None:
            return best
        calls += found.calls
        heard += found.heard
        kept |= found.kept
    calls = [call for call in calls if call[1].entity_id not in kept]
    return Meaning(calls, tuple(heard), kept) if heard else NOTHING


def _borrowed(fragment: str, before: str, context: Context) -> Meaning | Failure:
    """The fragment with the first words of the clause before, or with its last word."""
    words = before.split()
    result: Meaning | Failure = NOTHING
    for count in range(1, min(4, len(words))):
        result = _clause(" ".join([*words[:count], fragment]), context)
        if isinstance(result, Meaning):
            return result
    return result


def _clause(text: str, context: Context) -> Meaning | Failure:
    known = context.memo.get(text)
    if isinstance(known, (Meaning, Failure)):
        return known
    read = context.memo[text] = _best_reading(text, context)
    return read


def _best_reading(text: str, context: Context) -> Meaning | Failure:
    best = NOTHING
    found: Meaning | None = None
    for heard in readings(text):
        read = _read(heard, context)
        if isinstance(read, Meaning):
            if read.cost == 0:
                return read
            found = read if found is None or read.cost < found.cost else found
        elif read.strength > best.strength and heard.verbal:
            best = read
    return found or best


def _read(heard: Heard, context: Context) -> Meaning | Failure:
    """One reading against the house: its calls, or why not."""
    if heard.frame == "timer":
        return Failure("cannot_do", "I cannot set timers, alarms or reminders yet.", strength=9)
    if heard.frame == "play_media":
        return _play_media(heard, context)
    if heard.frame == "clean_area":
        return _clean_area(heard, context)
    # A particle at an edge of the target belongs to another reading of the same words.
    if heard.frame in ("set", "step") and (
        heard.target in ("up", "down", "by")
        or heard.target.startswith(("on ", "off ", "of "))
        or heard.target.endswith(" by")
    ):
        return NOTHING
    value = value_of(heard.value) if heard.frame == "set" else None
    if heard.frame == "set" and value is None:
        return NOTHING
    target = target_of(heard, _takers(value) if value else DOMAINS[heard.frame], context)
    return _failed(target, heard, context) if isinstance(target, Miss) else _act(heard, value, target)


def _clean_area(heard: Heard, context: Context) -> Meaning | Failure:
    place = context.index.place_in(re.sub(r"^(?:up )?(?:the|my|our) ", "", heard.value))
    vacuum = target_of(heard, DOMAINS["clean_area"], context)
    if place is None or place[0] != "area" or isinstance(vacuum, Miss) or len(vacuum.entities) != 1:
        return NOTHING
    robot = vacuum.entities[0]
    if "clean_area" not in robot.capabilities:
        return Failure("cannot_do", f"{robot.name} cannot be sent to one room.", strength=7, heard=heard)
    return Meaning([("vacuum.clean_area", robot, {"area": place[1]})], (heard,))


def _takers(value: Value) -> frozenset[str]:
    """The domains that can be set to such a value."""
    if value.kind == "word" and value.word not in LEVELS:
        return frozenset({"climate"})
    if value.kind in ("color", "kelvin"):
        return frozenset({"light", "climate"} if value.word in ("cool", "warm") else {"light"})
    if value.kind in ("degrees", "fahrenheit"):
        return frozenset({"climate", "water_heater"})
    return DOMAINS["set"]


def _act(heard: Heard, value: Value | None, target: Target) -> Meaning | Failure:
    entities = tuple(e for e in target.entities if e.exposed)
    if not entities:
        name = target.entities[0].name
        return Failure("not_exposed", miss=Miss("not_exposed", name, (name,)), strength=8, heard=heard)
    if heard.frame == "keep":
        return Meaning([], (heard,), frozenset(e.entity_id for e in entities))
    entities = narrowed(heard, entities, group=target.group)
    if target.group and heard.frame in ("on", "off"):
        entities = lights_of_area(heard, entities)
    calls = build(heard, value, entities)
    if isinstance(calls, Refusal):
        strength = 7 if calls.reason != "not_understood" else 0
        return Failure(calls.reason, calls.sentence, strength=strength, heard=heard)
    return Meaning(calls, (heard,), cost=target.cost)


def _play_media(heard: Heard, context: Context) -> Meaning | Failure:
    if heard.target and isinstance(resolve(heard.target, DOMAINS["play"], context), Miss):
        return NOTHING
    return Failure(
        "cannot_do",
        "I can resume, pause and skip what plays, but I cannot look up music yet.",
        strength=4,
        heard=heard,
    )


def _failed(miss: Miss, heard: Heard, context: Context) -> Failure:
    if heard.verbal and miss.reason == "no_such_device" and heard.frame not in ("set", "step"):
        other = resolve(miss.phrase if not heard.target else heard.target, _ANY - DOMAINS[heard.frame], context)
        if isinstance(other, Target) and len(other.entities) == 1 and other.cost == 0:
            verb = {"on": "be turned on", "off": "be turned off", "lock": "be locked", "unlock": "be unlocked",
                    "open": "be opened", "close": "be closed", "pause": "be paused", "play": "play"}  # fmt: skip
            if heard.frame in verb:
                return Failure(
                    "cannot_do",
                    f"{other.entities[0].name} cannot {verb[heard.frame]}.",
                    strength=5,
                    heard=heard,
                )
    known = context.index
    some = any(known.is_known(singular(w)) or domains_of(w) for w in miss.phrase.split())
    strength = miss.strength + (1 if some else 0)
    return Failure(miss.reason, miss=miss, strength=strength if heard.verbal else 0, heard=heard)


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
