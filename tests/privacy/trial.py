"""The trial: what a recogniser gets out of a scene's measurements, beside what it gets out of the sound itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from protocol.measure import LevelRecord, Measurer
from protocol.records import MeasureFlag
from satellite.audio.port import Pcm
from tests.privacy.attack import Learned, Scalars, attacks, on_grid, vocode
from tests.privacy.idle_hour import HOP, Scene
from tests.privacy.recogniser import Recogniser, recovered, words
from tests.privacy.spec_hub import Level

_LISTEN_FRAMES = 1250  # 25 s: a recogniser's window, less its margin
_MARGIN_FRAMES = 5


@dataclass
class Score:
    """Words said and words recovered."""

    said: int = 0
    recovered: int = 0
    heard: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.recovered / max(1, self.said)


def full_measurements(pcm: Pcm) -> NDArray[np.float64]:
    """Ten band levels of every 20 ms: what never leaves an idle room; [n, 10]."""
    measurer = Measurer()
    return np.array([measurer.measure(block).bands_db for block in pcm.reshape(-1, HOP)])


def rehearse(scene: Scene) -> Learned:
    """An attacker's own recordings of the same voice in the same room, measured the same way."""
    measurer, bands, records = Measurer(), [], []
    for number, block in enumerate(scene.pcm.reshape(-1, HOP)):
        bands.append(measurer.measure(block).bands_db)
        told = LevelRecord.unpack(measurer.record().pack())
        floors = measurer.floors_db() if number % 50 == 0 else None
        records.append(
            Level(
                number * HOP,
                1,
                told.level_db,
                0.0,
                told.snr_db,
                told.variance,
                told.hf_db,
                MeasureFlag.NONE,
                floors,
            )
        )
    told_all, table = on_grid(records, len(bands)), np.array(bands)
    spans = [(max(0, begin - 25), end + 25) for _, begin, end in scene.said if end + 25 < len(bands)]
    return Learned([told_all.cut(a, b) for a, b in spans], [table[a:b] for a, b in spans])


def listening_spans(said: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """Sentences joined into stretches of at most 25 s: the attacker is even told where they begin and end."""
    texts: list[str] = []
    begin = last = 0
    for text, start, end in said:
        if texts and end - begin > _LISTEN_FRAMES:
            yield " ".join(texts), begin, last
            texts = []
        if not texts:
            begin = start
        texts.append(text)
        last = end
    if texts:
        yield " ".join(texts), begin, last


def trial(
    scene: Scene, records: Sequence[Level], learned: Learned, ear: Recogniser, *, only: Sequence[str] = ()
) -> dict[str, Score]:
    """Every attack on the LEVEL stream, the same vocoder on full measurements, and the sound itself."""
    frames = scene.pcm.size // HOP
    told = on_grid(records, frames)
    bands_db = full_measurements(scene.pcm)
    names = [*attacks(), "learned", "learned voice", "ten bands", "ten bands voice", "sound"]
    scores = {name: Score() for name in names if not only or name in only}
    for text, start, end in listening_spans(scene.said):
        a, b = max(0, start - _MARGIN_FRAMES), min(frames, end + 4 * _MARGIN_FRAMES)
        if end > frames:
            continue
        spoken = words(text)
        for name, score in scores.items():
            heard = ear.hear(_sound(name, told.cut(a, b), bands_db[a:b], scene.pcm[a * HOP : b * HOP], learned))
            score.said += len(spoken)
            score.recovered += recovered(spoken, heard)
            score.heard.append(" ".join(heard))
    return scores


def _sound(name: str, told: Scalars, bands_db: NDArray[np.float64], pcm: Pcm, learned: Learned) -> NDArray[np.float32]:
    if name == "sound":
        return pcm.astype(np.float32) / 32768
    if name.startswith("ten bands"):
        return vocode(bands_db, "mixed" if name.endswith("voice") else "noise")
    if name.startswith("learned"):
        return vocode(learned.bands_db(told), "mixed" if name.endswith("voice") else "noise")
    return attacks()[name](told)
