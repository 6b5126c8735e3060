"""Forced speech: the ids come out in order whatever the model wants, and it ends."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.port import EPAD, PAD
from hub.engine.personaplex.serving.speech import (
    BEGIN_PADS,
    END_PADS,
    MAX_END_PADS,
    MAX_PADS,
    MAX_WAITING,
    SpeechQueue,
    Utterance,
    words_of,
)

_WORDS = st.lists(st.lists(st.integers(4, 900), min_size=1, max_size=4).map(tuple), max_size=8)
_SAMPLED = st.lists(st.one_of(st.just(PAD), st.just(EPAD), st.integers(0, 900)), max_size=60)


def _speak(words, sampled, after=PAD):
    utterance = Utterance(1, deque(words))
    given_ids = []
    limit = BEGIN_PADS + MAX_END_PADS + sum(MAX_PADS + 1 + len(word) for word in words)
    wants = iter(sampled)
    while not utterance.done:
        given_ids.append(utterance.choose(next(wants, after)))
        assert len(given_ids) <= limit
    return utterance, given_ids


@given(_WORDS, _SAMPLED, st.sampled_from([PAD, EPAD, 77]))
def test_ids_come_in_order_whatever_the_model_wants(words, sampled, after):
    utterance, given_ids = _speak(words, sampled, after)
    ids = [text_id for word in words for text_id in word]
    assert [text_id for text_id in given_ids if text_id not in (PAD, EPAD)] == ids == utterance.forced


@given(_WORDS, _SAMPLED)
def test_words_are_whole_and_pads_between_them_are_bounded(words, sampled):
    _utterance, given_ids = _speak(words, sampled)
    for word in words:
        assert any(tuple(given_ids[at : at + len(word)]) == word for at in range(len(given_ids)))
    body = given_ids[BEGIN_PADS:]
    while body and body[-1] == PAD:
        body.pop()
    run = longest = 0
    for text_id in body:
        run = run + 1 if text_id == PAD else 0
        longest = max(longest, run)
    assert longest <= MAX_PADS


@given(_WORDS, _SAMPLED)
def test_it_begins_and_ends_with_padding(words, sampled):
    _utterance, given_ids = _speak(words, sampled)
    assert given_ids[:BEGIN_PADS] == [PAD] * BEGIN_PADS
    assert given_ids[-END_PADS:] == [PAD] * END_PADS


def test_a_model_that_asks_by_epad_gets_it_and_then_the_word():
    utterance = Utterance(1, deque([(50, 51), (60,)]))
    asked = [PAD, PAD, PAD, EPAD, PAD, 99, PAD, PAD, EPAD]
    assert [utterance.choose(one) for one in asked] == [PAD, PAD, PAD, EPAD, 50, 51, PAD, PAD, EPAD]
    assert utterance.choose(PAD) == 60


def test_a_model_that_goes_straight_into_a_word_is_given_ours():
    utterance = Utterance(1, deque([(50,), (60,)]))
    assert [utterance.choose(one) for one in (PAD, PAD, 900, 901)] == [PAD, PAD, 50, 60]


def test_a_silent_model_is_made_to_speak():
    _utterance, given_ids = _speak([(50,), (60,)], [])
    assert (
        given_ids
        == [PAD] * 2 + ([PAD] * MAX_PADS + [EPAD, 50]) + ([PAD] * MAX_PADS + [EPAD, 60]) + [PAD] * MAX_END_PADS
    )


def test_words_begin_with_a_space():
    pieces = {10: " The", 11: " gar", 12: "age", 13: ".", 0: "", 3: ""}
    assert words_of([10, 0, 11, 12, 3, 13], pieces.__getitem__) == [(10,), (11, 12, 13)]
    assert words_of([12, 11], pieces.__getitem__) == [(12,), (11,)]
    assert words_of([0, 3, 1, 2], pieces.__getitem__) == []


def test_sentences_queue_up_to_a_limit():
    queue = SpeechQueue()
    took = [queue.add(Utterance(number, deque([(50,)]))) for number in range(MAX_WAITING + 2)]
    assert took == [True] * MAX_WAITING + [False] * 2
    first = queue.begin()
    assert first is not None
    assert first.id == 0
    assert queue.begin() is None
    while not first.done:
        first.choose(EPAD)
    assert queue.finish() is first
    assert queue.finish() is None
    second = queue.begin()
    assert second is not None
    assert second.id == 1


def test_an_interruption_forgets_everything_and_tells_what():
    queue = SpeechQueue()
    for number in (1, 2, 3):
        queue.add(Utterance(number, deque([(50, 51)])))
    current = queue.begin()
    assert current is not None
    for _ in range(BEGIN_PADS + 1):
        current.choose(77)
    forgotten = queue.interrupt()
    assert [utterance.id for utterance in forgotten] == [1, 2, 3]
    assert forgotten[0].forced == [50]
    assert queue.begin() is None
    assert queue.interrupt() == []


def test_an_id_that_was_chosen_and_never_spoken_is_taken_back():
    utterance = Utterance(1, deque([(50, 51)]))
    for _ in range(BEGIN_PADS + 2):
        utterance.choose(77)
    assert utterance.forced == [50, 51]
    utterance.take_back()
    utterance.take_back()
    assert utterance.forced == [50]
