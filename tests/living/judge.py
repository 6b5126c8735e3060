"""The living hour held against what is true: who called where, what was meant for the house, and what the house did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.living.ears import Heard
from tests.living.record import Entry

# A floor is given within this of a call's wake word and request.
_CALL_TO_FLOOR_MS: Final = 3000
# Who walks is in either room for a moment.
_DOORWAY_MS: Final = 2000
# With nothing heard and nothing said a floor is over long before this.
_STUCK_MS: Final = 30_000
_BUSY_MS: Final = 6000
_FOLLOW_UPS_ANSWERED: Final = 0.95
_DEEDS_DONE: Final = 0.9
_REPLIES_NOT_MEANT: Final = 1
_SLAM_MS: Final = 2500
_AT_ONCE_MS: Final = 200
_SORRY: Final = "Sorry"


@dataclass
class Turn:
    """A turn as the hub took it, and whose words it was really made of."""

    t_ms: int
    session: str
    trace: str
    area: str
    text: str
    of: tuple[int, ...]
    assistant: str = ""
    acts: list[list[str]] = field(default_factory=list)


@dataclass
class Session:
    """A floor from its grant to its end."""

    name: str
    granted_ms: int
    area: str
    cause: str = ""
    talker: str = ""
    moved: list[tuple[int, str]] = field(default_factory=list)
    released_ms: int | None = None
    reason: str = ""
    last_ms: int = 0


@dataclass
class Verdict:
    """The figures. Lists hold one line for each fault."""

    calls: int = 0
    calls_answered: int = 0
    calls_refused_politely: int = 0
    calls_lost: list[str] = field(default_factory=list)
    follow_ups: int = 0
    follow_ups_answered: int = 0
    follow_ups_lost: list[str] = field(default_factory=list)
    deeds_wanted: int = 0
    deeds_done: int = 0
    deeds_missed: list[str] = field(default_factory=list)
    sessions: int = 0
    hand_overs: int = 0
    wrong_rooms: list[str] = field(default_factory=list)
    ghost_sessions: list[str] = field(default_factory=list)
    stuck_floors: list[str] = field(default_factory=list)
    television_answered: list[str] = field(default_factory=list)
    not_meant: int = 0
    replies_not_meant: list[str] = field(default_factory=list)
    slams: int = 0
    slam_sessions: int = 0
    troubles: list[str] = field(default_factory=list)
    left_over: dict[str, Any] = field(default_factory=dict)

    @property
    def follow_ups_share(self) -> float:
        """1 where nobody said anything."""
        return self.follow_ups_answered / self.follow_ups if self.follow_ups else 1.0

    @property
    def deeds_share(self) -> float:
        """1 where nobody wanted anything."""
        return self.deeds_done / self.deeds_wanted if self.deeds_wanted else 1.0

    @property
    def faults(self) -> list[str]:
        """Why it does not pass."""
        found = [
            f"{len(told)} {name.replace('_', ' ')}"
            for name in ("calls_lost", "wrong_rooms", "ghost_sessions", "stuck_floors", "television_answered")
            if (told := getattr(self, name))
        ]
        if self.follow_ups_share < _FOLLOW_UPS_ANSWERED:
            found.append(f"{self.follow_ups_share:.1%} of the follow-ups answered")
        if self.deeds_share < _DEEDS_DONE:
            found.append(f"{self.deeds_share:.1%} of the deeds done as asked")
        if len(self.replies_not_meant) > _REPLIES_NOT_MEANT:
            found.append(f"{len(self.replies_not_meant)} replies to speech that was not meant for the house")
        if any(self.left_over.values()):
            found.append(f"left over: {self.left_over}")
        return found

    @property
    def passes(self) -> bool:
        """Whether it is as a house should be."""
        return not self.faults

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {**asdict(self), "faults": self.faults}

    def table(self) -> str:
        """For people."""
        refused, lost, after = (
            self.calls_refused_politely,
            len(self.calls_lost),
            f"{self.slam_sessions} of {self.slams}",
        )
        lines = [
            f"calls                    {self.calls}: answered {self.calls_answered}, refused {refused}, lost {lost}",
            f"follow-ups               {self.follow_ups}: answered {self.follow_ups_share:.1%}",
            f"deeds                    {self.deeds_done} of {self.deeds_wanted} done as asked",
            f"sessions                 {self.sessions}, hand-overs {self.hand_overs}, after a slam {after}",
            f"wrong rooms              {len(self.wrong_rooms)}",
            f"ghost sessions           {len(self.ghost_sessions)}",
            f"stuck floors             {len(self.stuck_floors)}",
            f"television answered      {len(self.television_answered)}",
            f"not meant for the house  {self.not_meant} utterances, {len(self.replies_not_meant)} replies",
            f"left over                {self.left_over}",
        ]
        for name in (
            "calls_lost", "follow_ups_lost", "deeds_missed", "wrong_rooms", "ghost_sessions", "stuck_floors",
            "television_answered", "replies_not_meant", "troubles",
        ):  # fmt: skip
            lines += [f"  {name.replace('_', ' ')}: {line}" for line in getattr(self, name)]
        return "\n".join([*lines, "PASSES" if self.passes else "FAILS: " + "; ".join(self.faults)])


def clock(t_ms: int) -> str:
    """Minutes and seconds."""
    return f"{t_ms // 60000:02}:{t_ms % 60000 / 1000:04.1f}"


class _Truth:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self.said = {entry["n"]: entry for entry in entries if entry["event"] == "said"}
        self._walks = [entry for entry in entries if entry["event"] == "walked"]
        self.over = any(entry["event"] == "end" for entry in entries)
        self.slams = [entry["t_ms"] for entry in entries if entry["event"] == "slam"]

    def areas_of(self, who: str, t_ms: int) -> set[str]:
        """Where somebody was about then."""
        walks = [walk for walk in self._walks if walk["who"] == who]
        now = [walk["area"] for walk in walks if walk["t_ms"] <= t_ms][-1:]
        near = [walk["area"] for walk in walks if abs(walk["t_ms"] - t_ms) <= _DOORWAY_MS]
        before = [walk["area"] for walk in walks if walk["t_ms"] <= t_ms - _DOORWAY_MS][-1:]
        return {*now, *near, *before}

    def cause_of(self, area: str, t_ms: int) -> tuple[str, str, bool]:
        """Whose call a grant answers: kind, who, and whether it is his room."""
        calls = [u for u in self.said.values() if u["wake"] and u["t_ms"] <= t_ms <= u["end_ms"] + _CALL_TO_FLOOR_MS]
        of_people = [u for u in calls if u["to"] == "house"]
        here = [u for u in of_people if area in u["areas"]]
        if here:
            return "call", here[-1]["who"], True
        if any(0 <= t_ms - slam <= _SLAM_MS for slam in self.slams):
            return "slam", "", True
        if of_people:
            return "call", of_people[-1]["who"], False
        return ("television", "", False) if calls else ("", "", False)


def turns_of(entries: Sequence[Entry], heard: Sequence[Heard], begin_s: float) -> list[Turn]:
    """The hub's turns with the utterances that they are made of."""
    waiting = [(round((one.at_s - begin_s) * 1000), one) for one in heard]
    turns: dict[str, Turn] = {}
    for entry in entries:
        if entry["event"] == "hub HeardFinal":
            text = entry["text"].lower()
            match = next(
                (w for w in waiting if w[0] <= entry["t_ms"] + 1 and text and w[1].text.lower().endswith(text)), None
            )
            if match is not None:
                waiting.remove(match)
            of = match[1].of if match is not None else ()
            turns[entry["trace"]] = Turn(
                entry["t_ms"], entry["session"], entry["trace"], entry["area"], entry["text"], of
            )
        elif entry["event"] == "hub TurnEnded" and entry["trace"] in turns:
            turns[entry["trace"]].assistant = entry["assistant"] or ""
        elif entry["event"] == "hub Acted" and entry["trace"] in turns and entry["verified"]:
            done = [[f"{entry['domain']}.{entry['service']}", one] for one in entry["entity_ids"]]
            turns[entry["trace"]].acts += done
    return list(turns.values())


def sessions_of(entries: Sequence[Entry]) -> list[Session]:
    """All floors, in the order of their grants."""
    found: dict[str, Session] = {}
    for entry in entries:
        name = entry.get("session", "")
        if entry["event"] == "hub FloorGranted":
            found[name] = Session(name, entry["t_ms"], entry["area"], last_ms=entry["t_ms"])
        elif name in found:
            session = found[name]
            if entry["event"] == "hub FloorMoved":
                session.moved.append((entry["t_ms"], entry["area"]))
            elif entry["event"] == "hub FloorReleased":
                session.released_ms, session.reason = entry["t_ms"], entry["reason"]
            elif entry["event"].startswith("hub "):
                session.last_ms = entry["t_ms"]
    return list(found.values())


def judge(entries: Sequence[Entry], heard: Sequence[Heard], *, begin_s: float) -> Verdict:
    """All figures of a run."""
    truth, verdict = _Truth(entries), Verdict()
    turns, sessions = turns_of(entries, heard, begin_s), sessions_of(entries)
    _judge_sessions(verdict, truth, turns, sessions)
    _judge_utterances(verdict, truth, turns, entries)
    for turn in turns:
        meant = [n for n in turn.of if truth.said[n]["to"] == "house"]
        if turn.assistant and not meant:
            whose = ", ".join(f"{truth.said[n]['who']} ({truth.said[n]['kind']})" for n in turn.of) or "nobody"
            line = f"{clock(turn.t_ms)} {turn.area} {turn.session}: “{turn.text}” of {whose}: “{turn.assistant}”"
            television = turn.of and all(truth.said[n]["who"] == "television" for n in turn.of)
            (verdict.television_answered if television else verdict.replies_not_meant).append(line)
    verdict.slams = len(truth.slams)
    for entry in entries:
        if entry["event"] == "hub Trouble":
            verdict.troubles.append(f"{clock(entry['t_ms'])} {entry['code']}: {entry['sentence']}")
        elif entry["event"] == "end":
            verdict.left_over = {key: value for key, value in entry.items() if key not in ("t_ms", "event")}
    return verdict


def _put_right(session: Session, areas: set[str]) -> bool:
    """Whether a floor went on to the caller's room before anybody could notice."""
    return any(area in areas and t_ms - session.granted_ms <= _AT_ONCE_MS for t_ms, area in session.moved)


def _judge_sessions(verdict: Verdict, truth: _Truth, turns: list[Turn], sessions: list[Session]) -> None:
    verdict.sessions = len(sessions)
    for session in sessions:
        at = f"{clock(session.granted_ms)} {session.area} {session.name}"
        cause, who, right = truth.cause_of(session.area, session.granted_ms)
        session.cause, session.talker = cause, who
        if cause == "television":
            verdict.television_answered.append(f"{at}: the floor was given to a television")
        elif not cause:
            verdict.ghost_sessions.append(f"{at}: nobody had called")
        elif not right and not _put_right(session, truth.areas_of(who, session.granted_ms)):
            verdict.wrong_rooms.append(f"{at}: {who} had called in {sorted(truth.areas_of(who, session.granted_ms))}")
        verdict.slam_sessions += cause == "slam"
        for t_ms, area in session.moved:
            verdict.hand_overs += 1
            of = [n for turn in turns if turn.session == session.name and turn.t_ms <= t_ms + 5000 for n in turn.of]
            talker = next((truth.said[n]["who"] for n in reversed(of) if truth.said[n]["to"] == "house"), who)
            if not talker or area not in truth.areas_of(talker, t_ms):
                where = sorted(truth.areas_of(talker, t_ms)) if talker else "nowhere"
                verdict.wrong_rooms.append(
                    f"{clock(t_ms)} {session.name} went to {area}, its talker {talker} is in {where}"
                )
        if session.released_ms is None:
            if truth.over:
                verdict.stuck_floors.append(f"{at}: never released")
        elif session.released_ms - session.last_ms > _STUCK_MS:
            verdict.stuck_floors.append(
                f"{at}: released {(session.released_ms - session.last_ms) / 1000:.0f} s after the last thing in it"
            )


def _judge_utterances(verdict: Verdict, truth: _Truth, turns: list[Turn], entries: Sequence[Entry]) -> None:
    busy = [e["t_ms"] for e in entries if e["event"] == "hub Trouble" and e["code"] == "engine_busy"]
    cuts = [e["t_ms"] for e in entries if e["event"] == "network" and e["state"] in ("cut", "frozen")]
    for n, said in truth.said.items():
        if said["to"] != "house":
            verdict.not_meant += 1
            continue
        mine = [turn for turn in turns if n in turn.of]
        where = {*said["areas"], *truth.areas_of(said["who"], said["t_ms"])}
        answered = [turn for turn in mine if turn.assistant and turn.area in where]
        line = f"{clock(said['t_ms'])} #{n} {said['who']} in {'/'.join(said['areas'])}: “{said['text']}”"
        line += "".join(f" → {turn.area} {turn.session} “{turn.text}”: “{turn.assistant}”" for turn in mine)
        for turn in mine:
            if turn.area not in where:
                verdict.wrong_rooms.append(f"{line}: taken in {turn.area}")
        if said["kind"] == "call":
            if any(said["t_ms"] <= t_ms <= said["end_ms"] + _BUSY_MS for t_ms in cuts):
                continue  # the network was gone
            verdict.calls += 1
            verdict.calls_answered += bool(answered)
            refused = not answered and any(said["t_ms"] <= t_ms <= said["end_ms"] + _BUSY_MS for t_ms in busy)
            verdict.calls_refused_politely += refused
            verdict.calls_lost += [] if answered or refused else [line]
        elif said["kind"] == "follow-up":
            verdict.follow_ups += 1
            verdict.follow_ups_answered += bool(answered)
            verdict.follow_ups_lost += [] if answered else [line]
        if said.get("acts") and answered:
            _judge_deed(verdict, said["acts"], answered, line)


def _judge_deed(verdict: Verdict, wanted: list[list[str]], answered: list[Turn], line: str) -> None:
    acts = [act for turn in answered for act in turn.acts]
    sorry = any(turn.assistant.startswith(_SORRY) for turn in answered)
    # What is as it was asked for already is not done again.
    done = any(act in wanted for act in acts) or not (acts or sorry)
    verdict.deeds_wanted += 1
    verdict.deeds_done += done
    verdict.deeds_missed += [] if done else [line]
