"""What is to be played and where: "play some jazz in the kitchen"."""

from __future__ import annotations

import re
from itertools import pairwise

from hub.understanding.context import Context, liveliest_player
from hub.understanding.house import Entity
from hub.understanding.lexicon import domains_of
from hub.understanding.normalise import as_said
from hub.understanding.settings import Refusal
from hub.understanding.target import Miss, Target
from hub.understanding.targets import resolve

_PLAYER = frozenset({"media_player"})
_PLACED = re.compile(r" (?:on|in|through|over|from|at|to) (?=(?:the |my |our |this |here|[a-z0-9]))")
_LEAD = re.compile(r"^(?:me |us |a bit of |a little |some more |some |the song |the track )+")
# Played by people, or in a figure of speech: no medium.
_NO_MEDIUM = re.compile(
    r"(?:(?:[a-z]+ )?(?:clothes|weight|shoes|socks|trousers|coats?|jackets?|hats?|gloves|boots|slippers|pyjamas"
    r"|make up|lipstick"
    r"|sun ?cream|perfume|deodorant|glasses|pounds|kilos|tea|coffee|toast|eggs|pasta|rice|potatoes|dinner|lunch|washing"
    r"|plasters?|welly|pressure)|your [a-z ]+|(?:the |my |our |any |new )*(?:voice ?mails?|(?:voice )?messages?"
    r"|answer(?:ing|phone)\b.*)|nicely|gently"
    r"|quietly|properly|fairly|together|it|that|this|them|along|with|around|at|for|to|into|up|down|out|hide|fair"
    r"|safe|nice|dead"
    r"|dumb|cool|hard|tricks?"
    r"|house|doctor|god|ball|catch|tag|games?|cards|chess|checkers|poker|bingo|darts|pool|sports?|football|soccer"
    r"|tennis|basketball|baseball|golf|hockey|cricket|rugby|volleyball|monopoly|scrabble|minecraft|fortnite|outside"
    r"|(?:a|the|my|an|your|his|her|our) (?:games?|joke|trick|prank|role|part|match|round|lottery|fool|piano"
    r"|guitar|violin"
    r"|drums|flute|video game|board game|card game|hand|victim)|rock paper scissors|tic tac toe|truth or dare"
    r"|lights?)\b.*"
)
# Said last, these are a loudspeaker even where the house has none of that name.
_SPEAKERS = frozenset({"speaker", "speakers", "tv", "stereo", "soundbar", "receiver", "radio", "headphones"})


def read_play(said: str, target: str, context: Context) -> tuple[Entity, str] | Miss | Refusal | None:
    """The player and the words of what it shall play; None where nothing that can be played was named."""
    if target:
        found = _player(target, context)
        return found if isinstance(found, Miss) else _named(said, found, context)
    for cut in reversed(list(_PLACED.finditer(said))):
        where = said[cut.end() :]
        found = _player(where if cut[0].strip() == "on" else f"in {where}", context)
        if isinstance(found, Entity):
            return _named(said[: cut.start()], found, context)
        strange = where.split()[-1] in _SPEAKERS and cut[0].strip() in ("on", "through", "over", "from")
        if strange or context.index.is_place(where):
            return found
    found = _player("music", context)
    return found if isinstance(found, Miss) else _named(said, found, context)


def _player(phrase: str, context: Context) -> Entity | Miss:
    found = resolve(phrase, _PLAYER, context)
    if isinstance(found, Miss):
        return found
    players = liveliest_player(list(found.entities)) or list(found.entities)
    if not players[0].exposed:
        return Miss("not_exposed", players[0].name, (players[0].name,), strength=8)
    return players[0] if len(players) == 1 or found.group else Miss("ambiguous", phrase, (), strength=4)


def _named(said: str, player: Entity, context: Context) -> tuple[Entity, str] | Refusal | None:
    medium = _LEAD.sub("", said).strip(" ,")
    if not medium or _NO_MEDIUM.fullmatch(medium) or _holds_a_deed(medium):
        return None
    # "Play the kitchen lights" names a device, and a device is not played.
    device = resolve(medium, frozenset(context.index.by_domain) - _PLAYER - {"scene", "script"}, context)
    if isinstance(device, Target) and not domains_of(medium) and device.cost == 0:
        return None
    return player, as_said(medium, context.said)


def _holds_a_deed(medium: str) -> bool:
    """Whether something is switched in it: "turn my lights off stove light on" plays nothing."""
    words = medium.split()
    return any(after in ("on", "off") and domains_of(word) for word, after in pairwise(words))


def lasting(entities: list[Entity]) -> list[str]:
    """The devices whose state a scene made by talking remembers."""
    return [e.entity_id for e in entities if e.exposed and e.domain in ("light", "cover", "media_player")]
