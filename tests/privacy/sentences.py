"""What people say at home: sentences for a synthetic person, none with a wake word, no number to be spelt two ways."""

from __future__ import annotations

import random

_WHO = (
    "my sister", "the neighbour", "our teacher", "her grandfather", "the doctor", "that old woman", "the postman",
    "your cousin", "the girl next door", "his boss", "our landlord", "the young baker",
)  # fmt: skip
_DID = (
    "forgot the keys", "bought fresh bread", "painted the fence", "lost a leather wallet", "found a stray dog",
    "missed the last train", "cooked a big dinner", "wrote a long letter", "broke the blue lamp",
    "sold the yellow car", "planted tomatoes", "fixed the washing machine",
)  # fmt: skip
_WHERE = (
    "in the garden", "near the station", "behind the church", "at the market", "by the river", "on the second floor",
    "outside the library", "in the cold basement", "under the bridge", "across the street",
)  # fmt: skip
_WHEN = (
    "yesterday morning", "before the storm", "after lunch", "last weekend", "during the holidays", "late at night",
    "just before breakfast", "when it started to rain", "on her birthday", "while we were sleeping",
)  # fmt: skip
_SAYS = (
    "I heard that {} {} {} {}.", "Did you know that {} {} {} {}?", "They told me {} {} {}, {}.",
    "Can you believe that {} {} {} {}?", "Mother says {} {} {} {}.", "It seems {} {} {} {}.",
)  # fmt: skip

# Other words, for whoever learns a voice before he listens to it.
_ASK = (
    "please remember to", "we should probably", "perhaps you could", "somebody has to", "why not simply",
    "he never wants to", "let us quickly", "she always likes to", "nobody dares to", "I would love to",
)  # fmt: skip
_DO = (
    "call a plumber", "wash these dirty shirts", "pay for the concert tickets", "charge every phone",
    "feed our hungry cats", "answer that message", "clean both windows", "move the heavy sofa", "visit uncle Frank",
    "borrow a ladder", "join the swimming club", "order some pizza", "water those plants", "switch the channel",
    "bake an apple pie", "draw funny pictures", "repair my old radio", "open a bank account", "check the oven",
    "carry all boxes upstairs",
)  # fmt: skip
_BECAUSE = (
    "because Susan is coming", "if there is enough time", "unless it costs too much", "so everybody can relax",
    "although the shops are closed", "until Thursday evening", "with some help from Peter", "without making any noise",
    "whenever guests arrive", "as quickly as possible", "once the children agree", "since nothing else works",
)  # fmt: skip


def sentences(count: int, seed: int) -> list[str]:
    """Different sentences, the same at every run."""
    return _draw(count, seed, _SAYS, (_WHO, _DID, _WHERE, _WHEN))


def rehearsal(count: int, seed: int) -> list[str]:
    """Sentences whose telling words stand in none of the others."""
    return _draw(count, seed, ("{} {} {}.", "{} {}, {}."), (_ASK, _DO, _BECAUSE))


def _draw(count: int, seed: int, forms: tuple[str, ...], parts: tuple[tuple[str, ...], ...]) -> list[str]:
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[draw.choice(forms).format(*map(draw.choice, parts))] = None
    return list(found)
