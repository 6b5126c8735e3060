"""`make evals`: how well the hub understands, in tables, held against the bars.

    python tests/evals/report.py [--part dev] [--home british] [--task user] [--repeat 3] [--faults] [--tags]

Exit code 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bars
from measuring import PARTS, TASKS, Tally, homes_of, measure

NOISE = ("noise_misheard", "noise_disfluent")
_HEAD = (
    f"{'':22}{'n':>6}{'exact':>9}{'95 %':>16}{'quiet':>7}{'acts':>6}{'wrong':>7}{'unsafe':>8}{'late p50/p95 ms':>18}"
)
_HEAD += f"{'ms p50/p95':>16}{'frame p95':>11}"


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    z, share = 1.96, hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def row(name: str, tally: Tally) -> str:
    """One line of the table."""
    low, high = wilson(tally.exact, tally.n)
    late = f"{quantile(tally.late_ms, 0.5):.0f}/{quantile(tally.late_ms, 0.95):.0f}" if tally.late_ms else "-"
    spent = [1000 * s for s in tally.item_s]
    times = f"{quantile(spent, 0.5):.2f}/{quantile(spent, 0.95):.2f}" if spent else "-"
    frame = f"{1000 * quantile(tally.frame_s, 0.95):.2f}" if tally.frame_s else "-"
    exact = f"{100 * tally.exact / tally.n:.1f} %"
    interval = f"{100 * low:.1f}-{100 * high:.1f}"
    return (
        f"{name:22}{tally.n:>6}{exact:>9}{interval:>16}{tally.quiet:>7}{tally.acts_on_quiet:>6}{tally.wrong:>7}"
        f"{tally.unsafe:>8}{late:>18}{times:>16}{frame:>11}"
    )


def missed(task: str, tally: Tally) -> Iterator[str]:
    """The bars that a part does not reach in a task, in words."""
    if tally.exact < bars.EXACT[task] * tally.n:
        yield f"{task}: {100 * tally.exact / tally.n:.1f} % exact, must be {100 * bars.EXACT[task]:.1f} %"
    if tally.quiet and tally.acts_on_quiet > bars.ACTS_ON_NOTHING[task] * tally.quiet:
        yield f"{task}: {tally.acts_on_quiet} of {tally.quiet} acted where nothing was to be done"
    if tally.unsafe > bars.UNSAFE:
        yield f"{task}: {tally.unsafe} unsafe"
    if task == "user":
        noisy = [tally.by_tag.get(tag, (0, 0)) for tag in NOISE]
        n, exact = tally.n - sum(n for n, _ in noisy), tally.exact - sum(e for _, e in noisy)
        if exact < bars.EXACT_CLEAN_USER * n:
            yield f"user: {100 * exact / n:.1f} % of the clean ones exact, must be {100 * bars.EXACT_CLEAN_USER:.0f} %"
    if task == "dialogue" and tally.final_states < bars.FINAL_STATES * tally.dialogues:
        reached = f"{tally.final_states} of {tally.dialogues}"
        yield f"dialogue: {reached} final states, must be {100 * bars.FINAL_STATES:.0f} %"
    if tally.late_ms:
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            if (late := quantile(tally.late_ms, share)) > bars.FIRE_MS[name]:
                yield f"{task}: fired {late:.0f} ms after the commitment at {name}, must be {bars.FIRE_MS[name]}"


def slow(task: str, tally: Tally) -> Iterator[str]:
    """The bars of speed, in the home with more than 300 devices."""
    if task in ("user", "negatives") and tally.item_s:
        spent = 1000 * quantile(tally.item_s, 0.95)
        if spent > bars.UTTERANCE_P95_MS:
            yield f"{task}: p95 {spent:.1f} ms an utterance, must be {bars.UTTERANCE_P95_MS:g}"
    if tally.frame_s and (spent := 1000 * quantile(tally.frame_s, 0.95)) > bars.FRAME_P95_MS:
        yield f"{task}: p95 {spent:.2f} ms a frame, must be {bars.FRAME_P95_MS:g}"


def main() -> int:
    """Measure and print; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="How well the hub understands written sentences.")
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--home", action="append", help="default: all")
    parser.add_argument("--task", choices=TASKS, action="append", help="default: all")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run each case N times, for its time")
    parser.add_argument("--faults", action="store_true", help="print every case that is not exact")
    parser.add_argument("--tags", action="store_true", help="print the share of each tag")
    options = parser.parse_args()
    failures: list[str] = []
    for part in options.part or PARTS:
        print(f"\n{part}\n{_HEAD}")
        for task in options.task or TASKS:
            whole = Tally()
            for home, _file, _folder in homes_of(part):
                if options.home and home not in options.home and part != "samples":
                    continue
                tally = measure(part, home, task, repeat=options.repeat)
                if not tally.n:
                    continue
                print(row(f"{task} {home}", tally), flush=True)
                if home == "large":
                    failures += [f"{part}: {home}: {line}" for line in slow(task, tally)]
                whole += tally
            if not whole.n:
                continue
            print(row(f"{task}, all", whole))
            # The samples show the formats; a handful of cases is no measure.
            failures += [f"{part}: {line}" for line in missed(task, whole)] if part != "samples" else []
            if options.tags:
                print("".join(f"  {t} {e}/{n}\n" for t, (n, e) in sorted(whole.by_tag.items())), end="")
            if options.faults:
                print("".join(f"  {line}\n" for line in whole.faults), end="")
    print("\n" + ("\n".join(f"MISSED  {line}" for line in failures) or "every bar is met"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
