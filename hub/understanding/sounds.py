"""How English words sound, roughly: letters to sounds, and how far apart two sequences of sounds are."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from math import inf
from string import ascii_letters

# Spellings and their sounds; of those that fit at a place the first is taken. One sign a sound: capitals are the sounds
# that two letters spell (C church, J judge, S shoe, T thing, N sing), digits long vowels (1 day, 2 see, 3 high, 4 go,
# 5 cow, 6 boy, 7 moon) and "@" is the vowel of an unstressed syllable.
_SPELLINGS = (
    (r"^kn", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"^wh(?=o)", "h"), (r"wh", "w"), (r"^x", "z"),
    (r"tch", "C"), (r"(?<=n)ch$", "C"), (r"ch(?=r|l|or|em|lam)", "k"), (r"ch", "C"), (r"sh", "S"), (r"ph", "f"),
    (r"th", "T"), (r"dge", "J"), (r"tion|sion|cian", "S@n"), (r"ture", "C@"), (r"cious|tious", "S@s"),
    (r"igh", "3"), (r"eigh|aigh", "1"), (r"augh|ough$", "o"), (r"ough", "o"), (r"gh(?=[aeiou])", "g"), (r"gh", ""),
    (r"ck|cq", "k"), (r"qu", "kw"), (r"x", "ks"), (r"sc(?=[eiy])", "s"), (r"c(?=[eiy])", "s"), (r"c+", "k"),
    (r"ng$|ng(?=s$)", "N"), (r"g(?=e[rao]|ent|in|y)", "J"), (r"gg", "g"), (r"ge$", "J"), (r"mb$", "m"), (r"mn$", "m"),
    (r"ould", "ud"), (r"alk$", "ok"), (r"alm", "am"), (r"al(?=f$|ves?$)", "a"), (r"al(?=[lt])", "ol"),
    (r"aw(?=[aeiou])", "aw"), (r"aw|au|oar|oor|ore$|or|our(?=[a-z])", "o"), (r"ar+(?![aeiou])", "a"),
    (r"ear(?=[a-z])", "@"),
    (r"eer|ear|ere$", "2@"), (r"air|are$", "e@"), (r"ire$", "3@"), (r"our$", "5@"), (r"ure$", "7@"),
    (r"(?:er+|ir+|ur+|or+|re)$", "@"), (r"(?:er+|ir+|ur+)(?![aeiou])", "@"),
    (r"ai|ay|ei(?=[gl])|ey(?=.)|a(?=[bcdfgklmnpstvz]e$)|a(?=[bcdfgklmnpstvz]es$)|a(?=st[ey])", "1"),
    (r"ee|ea|ie(?=[lvc])|ei|e(?=[tlm]e$)|(?<=[a-z])ey$|(?<=[a-z]{2})ie$", "2"), (r"(?<=[a-z]{2})y$", "2"),
    (r"ie$|ye?$|i(?=[bdfklmnpstvz]e$)|i(?=[dfklmnpstvz]es$)|i(?=nd$)|i(?=ld$)|y(?=[lp]e$)", "3"),
    (r"oa|ow(?=n?$)|oe$|o(?=[bdklmnptvz]e$)|o(?=[klmnpst]es$)|o$|o(?=ld|lt)", "4"), (r"ou|ow", "5"), (r"oi|oy", "6"),
    (r"(?<=^[bhmw])e$|(?<=^sh)e$", "2"), (r"oo|ew|ue|ui|u(?=[bdklmnpt]e$)", "7"), (r"le$", "@l"),
    (r"(?<=[a-z])a$", "@"), (r"(?<=[a-z])e$", ""),
    (r"(?<=[a-z])ed$", "d"), (r"(?<=th)es$", "z"), (r"es$", "@s"), (r"s(?=e$)", "s"), (r"(?<=[aeioul])s(?=e)", "z"),
    (r"y(?=[aeiou])", "y"), (r"y", "i"), (r"j", "J"),
    (r"[a-z]", None),
)  # fmt: skip
_SPELLING = re.compile("|".join(f"(?P<r{n}>{spelt})" for n, (spelt, _) in enumerate(_SPELLINGS)))
_DOUBLED = re.compile(r"([bdfgjklmnprstvz])\1")
_VOWELS = frozenset("aeiou1234567@")
_ALIKE = "td sz zS sS SC CJ SJ fv fT sT tT dT pb kg mn nN mN lr vw tC dJ kC"
_KIN = frozenset(frozenset(pair) for pair in _ALIKE.split())
# Half a sound: often not heard, or heard where there is none.
_WEAK = frozenset("hwyr")
_WEAK_COST, _VOWEL_COST, _OTHER_VOWEL, _KIN_COST, _COST = 0.35, 0.5, 0.35, 0.4, 1.0


@lru_cache(maxsize=16384)
def sounds_of(word: str) -> str:
    """The sounds of one written word, a sign a sound."""
    heard: list[str] = []
    for found in _SPELLING.finditer(_DOUBLED.sub(r"\1", word)):
        sound = _SPELLINGS[int(str(found.lastgroup)[1:])][1]
        heard.append(found[0] if sound is None else sound)
    return "".join(heard)


def _alone(sound: str, beside: str) -> float:
    """What it costs that a sound is there or not."""
    if sound in _VOWELS:
        return _VOWEL_COST
    if sound in _WEAK or sound == beside:
        return _WEAK_COST
    return 0.6 if sound in "tdsz" else _COST


def _other(one: str, other: str) -> float:
    """What it costs that a sound is another one."""
    if one == other:
        return 0.0
    if one in _VOWELS and other in _VOWELS:
        return 0.2 if "@" in (one, other) else _OTHER_VOWEL
    if frozenset((one, other)) in _KIN:
        return _KIN_COST
    if one in _WEAK and other in _WEAK:
        return _WEAK_COST
    return 1.1 * _COST


_EVERY = (*ascii_letters, *"1234567@")
# Read a hundred thousand times a sentence, so they are worked out beforehand.
_OTHERS = {one: {other: _other(one, other) for other in _EVERY} for one in _EVERY}


@lru_cache(maxsize=16384)
def _gone(sounds: str) -> tuple[float, ...]:
    """What it costs that each of the sounds is there or not."""
    return tuple(_alone(sound, sounds[n - 1] if n else "") for n, sound in enumerate(sounds))


@lru_cache(maxsize=16384)
def distance(one: str, other: str, most: float = inf) -> float:  # noqa: C901 - run for every candidate, so in one piece
    """How far apart two sequences of sounds are; 1 is about one plainly different consonant.

    What is farther than `most` need not be measured to its end: it is infinitely far.
    """
    gone, size = _gone(other), len(other)
    # A row of the table from its cell `begin` on; cells beyond `most` lead nowhere and are left out at both ends.
    begin, row = 0, [made for made in (0.0, *accumulate(gone)) if made <= most]
    for left, lone in zip(one, _gone(one), strict=True):
        others, position, beside = _OTHERS[left], begin, row[0]
        last = beside + lone
        made = [last]
        for above in row[1:]:
            best = beside + others[other[position]]
            if above + lone < best:  # noqa: PLR1730 - a call of min a cell would double the time
                best = above + lone
            last += gone[position]
            if last > best:  # noqa: PLR1730 - as above
                last = best
            made.append(last)
            beside = above
            position += 1
        if position < size:
            last = min(beside + others[other[position]], last + gone[position])
            for cost in (*gone[position + 1 :], inf):
                if last > most:
                    break
                made.append(last)
                last += cost
        while made and made[-1] > most:
            made.pop()
        if not made:
            return inf
        row = made
        while row[0] > most:
            del row[0]
            begin += 1
    return row[-1] if begin + len(row) == size + 1 else inf
