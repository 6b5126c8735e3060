"""Who was attended to over time, against the truth: one picture for each family."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
from scene import Scene
from scoring import Answers

mpl.use("Agg")

import matplotlib.pyplot as plt

_TALKERS: Final = ("tab:green", "tab:blue")


def draw(path: Path, scene: Scene, answers: Mapping[str, Answers]) -> None:
    """A row of the picture for each rule; rooms upwards, time to the right."""
    figure, axes = plt.subplots(len(answers), 1, figsize=(11, 1.6 + 1.7 * len(answers)), sharex=True, squeeze=False)
    for axis, (rule, given) in zip(axes[:, 0], answers.items(), strict=True):
        _truth(axis, scene)
        times = [t for t, room in given if room is not None]
        rooms = [room for _, room in given if room is not None]
        axis.plot(times, rooms, "k.", markersize=3, label="attended to")
        axis.set_ylabel("room")
        axis.set_yticks(range(scene.satellites) if scene.satellites <= 8 else range(0, scene.satellites, 4))
        axis.set_ylim(-0.6, scene.satellites - 0.4)
        axis.set_title(rule, loc="left", fontsize=9)
    axes[-1, 0].set_xlabel("seconds")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="upper right", ncols=4, fontsize=8)
    figure.suptitle(scene.name, x=0.02, ha="left")
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _truth(axis: plt.Axes, scene: Scene) -> None:
    truth = scene.truth
    for utterance in truth.utterances:
        for room in utterance.ok:
            axis.barh(
                room,
                utterance.t1 - utterance.t0,
                left=utterance.t0,
                height=0.7,
                color=_TALKERS[utterance.talker % 2],
                alpha=0.45,
                label=f"talker {utterance.talker + 1}",
            )
    for room, t0, t1 in truth.playing:
        axis.barh(room, t1 - t0, left=t0, height=0.9, color="tab:orange", alpha=0.25, label="the assistant")
    if truth.tv is not None:
        axis.axhspan(truth.tv - 0.45, truth.tv + 0.45, color="tab:red", alpha=0.12, label="television")
    for crossing in truth.crossings:
        axis.axvline(crossing.t, color="tab:purple", linestyle=":", label="through the door")
