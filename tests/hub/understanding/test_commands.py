"""Ordinary commands in three homes: a table in `commands.txt`, a pass rate per category, and no wrong action at all."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from hub.understanding.house import Action

Atom = tuple[str, str, tuple[tuple[str, str], ...], bool]


class Case(NamedTuple):
    house: str
    area: str
    category: str
    sentence: str
    gold: frozenset[Atom]


def _value(raw: str) -> str:
    return raw if not raw.replace(".", "").isdigit() else f"{float(raw):g}"


def _gold(text: str) -> frozenset[Atom]:
    atoms: set[Atom] = set()
    for part in text.split("; "):
        if part == "-":
            continue
        head, _, tail = part.partition(" ")
        names, _, fields = tail.partition(" ")
        data: list[tuple[str, str]] = []
        for field in [fields] if fields.startswith(("item=", "source=")) else fields.split():
            key, _, raw = field.partition("=")
            data.append((key, _value(raw)))
        service = head.removeprefix("!")
        domain = service.split(".")[0]
        for name in names.split(","):
            atoms.add((service, f"{domain}.{name}", tuple(sorted(data)), head.startswith("!")))
    return frozenset(atoms)


def load(path: Path) -> list[Case]:
    cases: list[Case] = []
    place = ("", "", "")
    for line in path.read_text(encoding="utf-8").splitlines():
        if " => " in line and not line.startswith("#"):
            sentence, _, gold = line.partition(" => ")
            cases.append(Case(*place, sentence, _gold(gold)))
        elif ": " in line and not line.startswith("#"):
            where, _, category = line.partition(": ")
            house, _, area = where.partition("/")
            place = (house, area, category)
    return cases


def _atoms(actions: tuple[Action, ...], *, pending: bool) -> set[Atom]:
    return {
        (f"{a.domain}.{a.service}", entity_id, tuple(sorted((k, _value(str(v))) for k, v in a.data.items())), pending)
        for a in actions
        for entity_id in a.entity_ids
    }


CASES = load(Path(__file__).with_name("commands.txt"))


def test_the_table_is_large():
    assert len(CASES) > 200


def test_commands_by_category(hear):
    passed: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    wrong: list[str] = []
    missed: list[str] = []
    for case in CASES:
        heard = hear(case.house, case.area, case.sentence)
        got = _atoms(heard.actions, pending=False) | _atoms(heard.pending, pending=True)
        count = passed[case.category]
        count[1] += 1
        if got == case.gold:
            count[0] += 1
        elif got - case.gold:
            wrong.append(f"{case.sentence} -> {sorted(got - case.gold)} {heard.explanation}")
        else:
            missed.append(f"{case.sentence} -> {heard.reason}: {heard.reply} {heard.explanation}")
    total = sum(good for good, _ in passed.values()) / len(CASES)
    assert not wrong, "\n".join(wrong)
    assert total >= 0.97, "\n".join([str(dict(passed)), *missed])
    assert all(good >= 0.8 * count for good, count in passed.values()), "\n".join([str(dict(passed)), *missed])


def test_evidence_carries_the_words(hear):
    heard = hear("british", "kitchen", "Please turn on the hall light.")
    assert [a.evidence for a in heard.actions] == ["turn on the hall light"]
