"""Makes the weights of `hub.understanding.routing` from the sentences beside this file, always the same ones.

PYTHONPATH=. python tests/hub/understanding/routing/train.py hub/understanding/routing_weights.npz
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import numpy as np

from hub.understanding.routing import BUCKETS, buckets, plain

HERE = Path(__file__).parent
LABELS = {"local": 0.0, "expert": 1.0}
OF_EACH_TEMPLATE = 40
PASSES = 400
DECAY = 2e-4
_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")


def lines(name):
    text = (HERE / name).read_text().splitlines()
    return [line for line in text if line.strip() and not line.startswith("#")]


def corpus():
    """(sentence, label) of every template in several of its forms."""
    cases = [line for path in sorted(HERE.glob("unseen*.txt")) for line in lines(path.name)]
    untouched = {" ".join(plain(line.partition("\t")[2])) for line in cases}
    slots = {name: values.split("|") for name, _, values in (line.partition(":") for line in lines("slots.txt"))}

    def one(template, dice):
        while _CHOICE.search(template):
            template = _CHOICE.sub(lambda found: dice.choice(found[1].split("|")), template, count=1)
        while _SLOT.search(template):
            template = _SLOT.sub(lambda found: dice.choice(slots[found[1]]).strip(), template, count=1)
        return " ".join(plain(template))

    for label in LABELS:
        for template in lines(f"{label}.txt"):
            dice = random.Random(template)  # of its own, so that a new line changes no other
            seen = {one(template, dice) for _ in range(OF_EACH_TEMPLATE)}
            yield from ((sentence, label) for sentence in sorted(seen - untouched))


def train(sentences):
    """Logistic regression by Adam on all sentences at once; each class and each template weighs what it should."""
    rows = [buckets(text.split()) for text, _ in sentences]
    wanted = np.array([LABELS[label] for _, label in sentences])
    index, row = np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(found) for found in rows])
    weigh = np.where(wanted == 1, 0.5 / wanted.sum(), 0.5 / (1 - wanted).sum())
    weights, bias = np.zeros(BUCKETS), 0.0
    mean, square = np.zeros(BUCKETS + 1), np.zeros(BUCKETS + 1)
    for step in range(1, PASSES + 1):
        score = np.bincount(row, weights[index], len(rows)) + bias
        error = (1 / (1 + np.exp(-score)) - wanted) * weigh
        slope = np.append(np.bincount(index, error[row], BUCKETS) + DECAY * weights, error.sum())
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        move = 0.03 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights, bias = weights - move[:-1], bias - move[-1]
    return weights, bias


def main(target):
    sentences = list(corpus())
    weights, bias = train(sentences)
    scale = float(np.abs(weights).max() / 127)
    np.savez_compressed(target, weights=np.round(weights / scale).astype(np.int8), bias=bias, scale=scale)
    counts = {label: sum(kind == label for _, kind in sentences) for label in LABELS}
    print(f"{len(sentences)} sentences {counts}; {Path(target).stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
