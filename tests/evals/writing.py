"""Turns the written cases (`dev/*.txt`, `held_out/*.txt`) into the JSON lines of the samples' formats.

    python tests/evals/writing.py            # writes every .jsonl anew, after checking each gold against its home

A file holds the cases of one home, in the sections `[user]`, `[asst]` and `[dialogue]`; a line is one case:

    user      ROOM | TAGS | WORDS | ACTIONS
    asst      ROOM | TAGS | USER, or ~ where hearing was down | ASSISTANT | ACTIONS | HISTORY: user // assistant // ...
    dialogue  # TAGS, then a line a turn:  ROOM: WORDS => ACTIONS  for the user,  a: WORDS => ACTIONS  for the assistant

ACTIONS are `domain.verb targets key=value ...` joined by ` ; `, none being `-`. Targets: an object id, `@area`,
`@area/capability`, `@@floor`, `*`. A `!` at the end asks first, a `?` makes it optional. In an assistant's words, `^`
marks the end of the clause that commits to the next action; without it that is the end of the text.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

EVALS = Path(__file__).resolve().parent
sys.path.insert(0, str(EVALS))
sys.path.insert(0, str(EVALS / "samples"))

import score  # noqa: E402 - the scorer is a script beside its samples
from pieces import pieces_of  # noqa: E402 - so is the splitter

Data = dict[str, Any]
# The first home of a part is the one in which its sentences to be routed are judged.
HOMES = {
    "dev": (
        "family",
        "british",
        "large",
        "traps",
        "terrace",
        "ranch",
        "flat",
        "cottage",
        "samples",
        "farmhouse",
        "townhouse",
        "cityhouse",
        "prairie",
        "mews",
    ),
    "held_out": ("bungalow",),
}
PARTS = tuple(HOMES)
FILES = {"user": "user_commands.jsonl", "asst": "assistant_commitments.jsonl", "dialogue": "dialogues.jsonl"}
_VERBS = {
    "on": "turn_on", "off": "turn_off", "play": "media_play", "pause": "media_pause", "next": "media_next_track",
    "prev": "media_previous_track", "vol": "volume_set", "up": "volume_up", "down": "volume_down",
    "mute": "volume_mute", "source": "select_source", "dock": "return_to_base", "clean": "clean_area",
    "arm_home": "alarm_arm_home", "arm_away": "alarm_arm_away", "arm_night": "alarm_arm_night",
    "disarm": "alarm_disarm", "temp": "set_temperature", "hvac": "set_hvac_mode", "fan_mode": "set_fan_mode",
    "pct": "set_percentage", "humidity": "set_humidity", "mode": "set_mode",
    "operation": "set_operation_mode", "remove": "remove_item",
}  # fmt: skip
_VERBS_OF = {
    "cover": {"open": "open_cover", "close": "close_cover", "stop": "stop_cover", "pos": "set_cover_position"},
    "valve": {"open": "open_valve", "close": "close_valve", "pos": "set_valve_position"},
    "vacuum": {"pause": "pause"},
    "todo": {"add": "add_item"},
    "timer": {"pause": "pause"},
    "media_player": {"media": "play_media"},
}
_KEYS = {
    "b": "brightness_pct", "bs": "brightness_step_pct", "c": "color_name", "ct": "color_temp", "t": "temperature",
    "td": "temperature_delta", "hm": "hvac_mode", "fm": "fan_mode", "pos": "position", "p": "percentage",
    "ps": "percentage_step", "v": "volume_level", "dur": "duration", "d": "delay", "muted": "is_volume_muted",
    "osc": "oscillating", "h": "humidity", "om": "operation_mode",
}  # fmt: skip
_WORDS = {"media", "item", "name", "source", "color_name"}


class CaseError(ValueError):
    """A written case is wrong; the sentence names its line."""


def action(text: str, home: score.Home) -> Data:
    """One action from its short form."""
    words = text.split()
    flags = ""
    while words[-1] in ("!", "?"):
        flags += words.pop()
    made = _call(words, home)
    if "!" in flags:
        made["confirm"] = True
    if "?" in flags:
        made["optional"] = True
    return made


def _call(words: list[str], home: score.Home) -> Data:
    domain, _, verb = words[0].partition(".")
    targets = [word for word in words[1:] if "=" not in word]
    if domain == "q":
        return {"domain": "query", "service": "get_state", "entity_id": _targets(targets, verb or None, home)}
    service = _VERBS_OF.get(domain, {}).get(verb) or _VERBS.get(verb, verb)
    data: Data = {}
    for word in words[1:]:
        if "=" in word:
            key, _, value = word.partition("=")
            key = _KEYS.get(key, key)
            data[key] = value.replace("_", " ") if key in _WORDS else _value(value)
    if service == "volume_mute":
        data.setdefault("is_volume_muted", True)
    if domain != "timer" and not targets:
        raise CaseError(f"no target: {' '.join(words)}")
    return {"domain": domain, "service": service, "entity_id": _targets(targets, domain, home), "data": data}


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    return text if text[0] == "+" and len(text) == 1 else int(number) if number == int(number) else number


def _targets(names: list[str], domain: str | None, home: score.Home) -> list[str]:
    found: list[str] = []
    for name in (part for names_ in names for part in names_.split(",")):
        if name == "timer":
            found.append("timer")
        elif name == "*" or name.startswith("@"):
            found += _group(name, domain, home)
        else:
            full = name if "." in name else f"{domain}.{name}"
            if full not in home.e:
                raise CaseError(f"{full} is not in {home.h['name']}")
            found.append(full)
    return found


def _group(name: str, domain: str | None, home: score.Home) -> list[str]:
    place, _, ability = name.lstrip("@").partition("/")
    floors, areas = {f["id"] for f in home.h["floors"]}, {a["id"] for a in home.h["areas"]}
    if name != "*" and place not in (floors if name.startswith("@@") else areas):
        raise CaseError(f"{place} is no place of {home.h['name']}")

    def inside(entity: Data) -> bool:
        if name == "*":
            return True
        if name.startswith("@@"):
            return bool(entity["area"]) and home.floor[entity["area"]] == place
        return bool(entity["area"] == place)

    found = [
        e["entity_id"]
        for e in home.h["entities"]
        if e["entity_id"].startswith(f"{domain}.") and inside(e) and (not ability or ability in e["capabilities"])
    ]
    if not found:
        raise CaseError(f"{name} holds no {domain}")
    return found


def actions(text: str, home: score.Home) -> list[Data]:
    return [] if text in ("-", "") else [action(part, home) for part in text.split(" ; ")]


def user_case(line: str, home: score.Home) -> Data:
    room, tags, text, gold = _fields(line, 4)
    if text != text.lower() or re.search(r"[.,!?;:]|\d", text):
        raise CaseError(f"a user's words have no capitals, digits or punctuation: {text}")
    return {"room": _room(room, home), "text": text, "tags": tags.split(), "gold": actions(gold, home)}


def assistant_case(line: str, home: score.Home) -> Data:
    room, tags, user, text, gold, *rest = _fields(line, 5, 6)
    turns = [turn.strip() for turn in rest[0].split("//")] if rest else []
    history = [{"role": ("user", "assistant")[n % 2], "text": turn} for n, turn in enumerate(turns)]
    plain, pieces, end_frame, made = spoken(text, actions(gold, home), 0)
    return {
        "room": _room(room, home), "history": history, "user": None if user == "~" else user, "text": plain,
        "pieces": pieces, "end_frame": end_frame, "tags": tags.split(), "gold": made,
    }  # fmt: skip


def spoken(text: str, gold: list[Data], start_frame: int) -> tuple[str, list[tuple[int, str]], int, list[Data]]:
    """Words with `^` marks: the plain words, their pieces, the end, and the gold with its commit frames."""
    plain = text.replace("^", "")
    pieces, ends, end_frame = pieces_of(plain, start_frame=start_frame)
    marks = [match.start() - n for n, match in enumerate(re.finditer(r"\^", text))]
    if len(marks) > len(gold):
        raise CaseError(f"more marks than actions: {text}")
    frames = [max(frame for (frame, _), end in zip(pieces, ends, strict=True) if end <= mark) for mark in marks]
    frames += [pieces[-1][0]] * (len(gold) - len(frames))
    made = [{**one, "commit_frame": frame} for one, frame in zip(gold, frames, strict=True)]
    return plain, pieces, end_frame, made


def dialogue_case(block: list[str], home: score.Home) -> Data:
    turns: list[Data] = []
    frame = 0
    for line in block[1:]:
        who, _, said = line.partition(":")
        text, _, gold = said.partition("=>")
        todo = actions(gold.strip(), home)
        if who == "a":
            plain, pieces, end, made = spoken(text.strip(), todo, frame)
            for one in made:
                del one["commit_frame"]
            turns.append({"role": "assistant", "text": plain, "gold": made, "pieces": pieces})
            frame = end
        else:
            end = frame + round(4.1 * len(text.split())) + 4
            turns.append(
                {"role": "user", "room": _room(who.strip(), home), "text": text.strip(), "gold": todo,
                 "start_frame": frame, "end_frame": end}
            )  # fmt: skip
            frame = end
    executed = [one for turn in turns for one in turn["gold"]]
    return {"tags": block[0].lstrip("# ").split(), "turns": turns, "final_state": score.final_state(home.h, executed)}


def _fields(line: str, *counts: int) -> list[str]:
    found = [part.strip() for part in line.split("|")]
    if len(found) not in counts:
        raise CaseError(f"{len(found)} fields: {line}")
    return found


def _room(name: str, home: score.Home) -> str:
    if name not in home.floor:
        raise CaseError(f"no room {name} in {home.h['name']}")
    return name


def sections(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The cases of a file as (section, lines)."""
    section, block = "", list[str]()
    for raw in [*path.read_text(encoding="utf-8").splitlines(), "[end]"]:
        line = raw.strip()
        if section == "dialogue" and block and (not line or line[0] in "[#"):
            yield section, block
            block = []
        if line.startswith("["):
            section = line.strip("[]")
        elif section == "dialogue" and line:
            block.append(line)
        elif line and not line.startswith("#"):
            yield section, [line]


def cases(path: Path, home: score.Home) -> dict[str, list[Data]]:
    """All cases of one file, with ids."""
    made: dict[str, list[Data]] = {task: [] for task in FILES}
    for section, lines in sections(path):
        try:
            case = {
                "user": lambda: user_case(lines[0], home),  # noqa: B023 - called at once
                "asst": lambda: assistant_case(lines[0], home),  # noqa: B023 - called at once
                "dialogue": lambda: dialogue_case(lines, home),  # noqa: B023 - called at once
            }[section]()
        except (CaseError, KeyError, IndexError, ValueError) as error:
            raise CaseError(f"{path.name}: {lines[0]}: {error}") from error
        number = len(made[section])
        made[section].append({"id": f"{path.parent.name[0]}-{path.stem}-{section[0]}{number:03}", **case})
    return made


def plain_cases(path: Path) -> list[Data]:
    """`routing.txt` (`local: words`) and `negatives.txt` (one sentence a line); any home will do."""
    made: list[Data] = []
    tag = ""
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
        if line.startswith("#"):
            tag = line.lstrip("# ")
            continue
        where, _, text = line.partition(": ") if path.stem == "routing" else ("", "", line)
        one: Data = {"id": f"{path.parent.name[0]}-{path.stem[0]}{len(made):03}", "text": text}
        made.append(one | ({"tags": [where], "gold": where.split("_")[0]} if where else {"tags": [tag], "gold": []}))
    return made


def home_file(name: str) -> Path:
    """Where a home is described; that of the samples stands beside them."""
    return EVALS / "samples" / "home.json" if name == "samples" else EVALS / "homes" / f"{name}.json"


def home_of(name: str) -> score.Home:
    return score.Home(json.loads(home_file(name).read_text(encoding="utf-8")))


def lines_of(rows: Iterable[Data]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def written() -> Iterator[tuple[Path, str]]:
    """Every .jsonl with its text, as the written cases have it."""
    for part in PARTS:
        for path in sorted((EVALS / part).glob("*.txt")):
            if path.stem in ("routing", "negatives"):
                yield path.with_suffix(".jsonl"), lines_of(plain_cases(path))
                continue
            for task, rows in cases(path, home_of(path.stem)).items():
                yield EVALS / part / path.stem / FILES[task], lines_of(rows)


if __name__ == "__main__":
    for target, text in written():
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(text.count("\n"), target.relative_to(EVALS))
