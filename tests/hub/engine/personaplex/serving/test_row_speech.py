"""Forced speech, interruptions and listen-only of a row, frame by frame."""

from __future__ import annotations

import pytest

from hub.engine.personaplex.port import (
    EPAD,
    PAD,
)
from hub.engine.personaplex.serving.row import ModelAudio
from hub.engine.personaplex.serving.rows import TICK_S
from hub.engine.personaplex.wire import (
    Fault,
    Interrupt,
    Listen,
    Said,
    Say,
    Saying,
    TextPiece,
)
from tests.hub.engine.personaplex.virtual_rows import House


def test_say_is_told_from_its_first_frame_to_its_last():
    house = House()
    row = house.open()
    house.run(1)
    row.obey(Say(utterance=7, text="The garage door is open."))
    house.run(8)
    ids = house.model.encode("The garage door is open.")
    saying, said = house.of(row, Saying)[0], house.of(row, Said)[0]
    pieces = [event for event in house.of(row, TextPiece) if event.utterance == 7]
    assert list(said.ids) == ids == [piece.id for piece in pieces]
    assert "".join(piece.piece for piece in pieces) == " The garage door is open."
    assert saying.frame < pieces[0].frame
    assert pieces[-1].frame < said.frame
    assert not said.interrupted
    told = house.told[row]
    assert told.index(saying) < told.index(
        next(e for e in told if isinstance(e, ModelAudio) and e.index == saying.frame)
    )
    assert told.index(said) > told.index(
        next(e for e in told if isinstance(e, ModelAudio) and e.index == said.frame - 1)
    )


def test_interrupt_ends_what_is_said_and_hushes_the_model():
    house = House()
    house.model.sample = lambda _row, frame: 90
    row = house.open()
    house.run(1)
    for number in (1, 2):
        row.obey(Say(utterance=number, text="one two three four"))
    house.run(0.5)
    row.obey(Interrupt())
    count = len(house.of(row, TextPiece))
    house.run(0.4)
    assert len(house.of(row, TextPiece)) <= count + 1
    assert [(said.utterance, said.interrupted) for said in house.of(row, Said)] == [(1, True), (2, True)]
    house.run(2)
    assert len(house.of(row, TextPiece)) > count + 5


@pytest.mark.parametrize("frames", range(2, 12))
def test_the_ids_told_are_the_ids_heard_wherever_it_is_interrupted(frames):
    house = House()
    house.model.sample = lambda _row, frame: 90
    row = house.open()
    house.run(0.5)
    row.obey(Say(utterance=1, text="one two three four"))
    house.run(frames * TICK_S)
    row.obey(Interrupt())
    row.obey(Say(utterance=2, text="five"))
    house.run(3)
    for said in house.of(row, Said):
        assert [piece.id for piece in house.of(row, TextPiece) if piece.utterance == said.utterance] == list(said.ids)
    saying = house.of(row, Saying)
    assert [event.utterance for event in saying] == [1, 2]
    assert house.of(row, Said)[0].frame < saying[1].frame


def test_listen_only_hears_and_speaks_only_what_it_is_told_to():
    house = House()
    house.model.sample = lambda _row, frame: 90
    row = house.open(listen_only=True)
    house.talk(row, 0.25)
    house.run(2)
    assert house.of(row, TextPiece) == []
    assert house.model.rows[0].heard[-1] == 0.25
    row.obey(Say(utterance=1, text="hello there"))
    house.run(3)
    assert [piece.utterance for piece in house.of(row, TextPiece)] == [1] * len(house.model.encode("hello there"))
    row.obey(Listen(only=False))
    house.run(1)
    assert house.of(row, TextPiece)[-1].utterance == 0


def test_a_sentence_without_words_ends_at_once():
    house = House()
    row = house.open()
    row.obey(Say(utterance=3, text="   "))
    house.run(1)
    assert house.of(row, Said)[0].ids == ()
    assert house.of(row, Fault)[0].code == "nothing_to_say"


def test_too_many_sentences_are_refused_with_their_end():
    house = House()
    row = house.open()
    for number in range(1, 30):
        row.obey(Say(utterance=number, text="word"))
    house.run(0.5)
    assert house.of(row, Fault)
    assert any(said.interrupted for said in house.of(row, Said))


def test_ids_epad_and_pad_are_no_text():
    house = House()
    house.model.sample = lambda _row, frame: EPAD if frame % 2 else PAD
    row = house.open()
    house.run(2)
    assert house.of(row, TextPiece) == []
