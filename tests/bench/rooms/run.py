"""`make bench-rooms`: the arbiter and three other rules on the same scenes, as a table and a picture for each family.

    python tests/bench/rooms/run.py [--scenes 12] [--seed 1] [--families tv,barge] [--jobs 2] [--pictures DIR]

Development uses seeds from 1000 to 1999, and nobody looks at any other but for a report. What the satellites of a
scene measure is kept under out/bench-rooms, so a second run with another arbiter takes a tenth of the time.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from baselines import BASELINES
from families import FAMILIES, make_scene
from playing import play, play_by_process
from recording import recorded
from scoring import Score, score, score_calls

DEVELOPMENT_SEEDS: Final = range(1000, 2000)
OURS: Final = "roomtone"


def _one(task: tuple[str, int, str | None]) -> dict[str, Score]:
    family, seed, pictures = task
    recording = recorded(family, seed)
    ours, decisions = play(recording)
    answers = {OURS: ours, **{name: rule(recording) for name, rule in BASELINES.items()}}
    if pictures is not None:
        from pictures import draw

        draw(Path(pictures) / f"{family}.png", recording.scene, answers)
    out: dict[str, Score] = {}
    for name, given in answers.items():
        out[name] = Score()
        score(out[name], recording.scene, given)
    score_calls(out[OURS], recording.scene, decisions)
    return out


def _same(task: tuple[str, int]) -> tuple[str, float, bool]:
    scene = make_scene(*task)
    return scene.name, scene.frames / 50, play(recorded(*task))[0] == play_by_process(scene)


def _compare(tasks: list[tuple[str, int]], jobs: int) -> int:
    seconds, different = 0.0, 0
    with ProcessPoolExecutor(jobs) as pool:
        for name, length_s, same in pool.map(_same, tasks):
            seconds += length_s
            different += not same
            if not same:
                print(f"{name}: other answers by the command than in this process")
    print(f"{len(tasks)} scenes, {seconds / 60:.1f} minutes: {different} answered otherwise by the command")
    return int(different > 0)


def _percent(values: list[bool] | list[float]) -> str:
    return f"{100 * float(np.mean(values)):.1f}" if values else "-"


def _quantiles(values: list[float]) -> str:
    return f"{np.percentile(values, 50):.0f}/{np.percentile(values, 90):.0f}" if values else "-"


def rows(scores: dict[str, Score]) -> list[tuple[str, list[str]]]:
    """The table: a line for each measure, a column for each rule."""
    table: list[tuple[str, list[str]]] = []

    def line(name: str, cell: list[str]) -> None:
        table.append((name, cell))

    every = list(scores.values())
    for kind, found in every[0].clean.items():
        line(f"right room, {kind} % (n={len(found)})", [_percent(s.clean[kind]) for s in every])
    n = sum(len(found) for found in every[0].clean.values())
    line(f"right room, all % (n={n})", [_percent([x for v in s.clean.values() for x in v]) for s in every])
    for voice, found in every[0].clean_by_voice.items():
        line(f"right room, {voice} voices % (n={len(found)})", [_percent(s.clean_by_voice[voice]) for s in every])
    line("decision after onset, p50/p90 ms", [_quantiles(s.delays_ms) for s in every])
    for kind, served in every[0].calls_served.items():
        line(f"calls served, {kind} % (n={len(served)})", [_percent(s.calls_served.get(kind, [])) for s in every])
    ignored = every[0].loudspeakers_ignored
    line(f"a loudspeaker's calls ignored % (n={len(ignored)})", [_percent(s.loudspeakers_ignored) for s in every])
    line("television: calls that no detector heard", [str(s.unheard) for s in every])
    line("television: false, an hour", [f"{s.television_false / max(1.0, s.television_s) * 3600:.0f}" for s in every])
    line("own voice: false, an hour", [f"{s.own_false / max(1.0, s.own_s) * 3600:.0f}" for s in every])
    line("doorway: flips a scene", [f"{np.mean(s.flips):.2f}" if s.flips else "-" for s in every])
    line("follow-me: time in the right room %", [_percent(s.follow_right) for s in every])
    line(
        f"follow-me: handed over % (n={len(every[0].handovers_ms) + every[0].missed_handovers})",
        [_percent([*[True] * len(s.handovers_ms), *[False] * s.missed_handovers]) for s in every],
    )
    line("follow-me: hand-over p50/p90 ms", [_quantiles(s.handovers_ms) for s in every])
    line("follow-me: superfluous, a minute", [f"{s.superfluous / max(1.0, s.follow_s) * 60:.2f}" for s in every])
    line(f"two: first keeps % (n={len(every[0].first_keeps)})", [_percent(s.first_keeps) for s in every])
    line("two: second served %", [_percent(s.second_served) for s in every])
    return table


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=12, help="of each family")
    parser.add_argument("--seed", type=int, default=1)
    short = [family for family in FAMILIES if family != "days"]
    parser.add_argument("--families", default=",".join(short), help="also days: four minutes each, of what is learnt")
    parser.add_argument("--jobs", type=int, default=2, help="scenes at a time")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each family's first scene")
    parser.add_argument("--failures", action="store_true", help="name every scene that went wrong")
    parser.add_argument("--compare", action="store_true", help="only see whether the command answers as this process")
    options = parser.parse_args()
    if options.seed in DEVELOPMENT_SEEDS or options.seed + options.scenes - 1 in DEVELOPMENT_SEEDS:
        print("these seeds belong to development: what follows is no report", file=sys.stderr)
    tasks = [
        (family, seed, str(options.pictures) if options.pictures and seed == options.seed else None)
        for seed in range(options.seed, options.seed + options.scenes)
        for family in options.families.split(",")
    ]
    if options.compare:
        sys.exit(_compare([(family, seed) for family, seed, _ in tasks], options.jobs))
    begun = time.monotonic()
    total: dict[str, Score] = {}
    with ProcessPoolExecutor(options.jobs) as pool:
        for number, done in enumerate(pool.map(_one, tasks), 1):
            for name, found in done.items():
                total.setdefault(name, Score()).add(found)
            left_s = (time.monotonic() - begun) / number * (len(tasks) - number)
            print(
                f"\r{number} of {len(tasks)} scenes, {left_s / 60:.0f} minutes to go ",
                end="",
                file=sys.stderr,
                flush=True,
            )
    print(file=sys.stderr)
    table = rows(total)
    width = max(len(name) for name, _ in table)
    print(" " * width, *(f"{name:>22}" for name in total))
    for name, cells in table:
        print(f"{name:<{width}}", *(f"{cell:>22}" for cell in cells))
    print(f"{len(tasks)} scenes in {time.monotonic() - begun:.0f} s")
    if options.failures:
        print(*total[OURS].failures, sep="\n")


if __name__ == "__main__":
    main()
