from hypothesis import given
from hypothesis import strategies as st

from hub.engine.dialogue import MAX_CHARACTERS, MAX_EXCHANGES, Dialogue
from hub.engine.port import Exchange


def test_turns_in_order_with_the_running_one_last():
    dialogue = Dialogue([Exchange("hi", "Hello.")])
    dialogue.asked("what is the time")
    dialogue.answered("It is noon.")
    dialogue.answered("Anything else?")
    dialogue.asked("tell me a joke")
    for piece in (" A", " hor", "se", " walks"):
        dialogue.answered(piece)
    assert dialogue.exchanges == (
        Exchange("hi", "Hello."),
        Exchange("what is the time", "It is noon. Anything else?"),
        Exchange("tell me a joke", "A horse walks"),
    )


def test_a_greeting_comes_before_any_question():
    dialogue = Dialogue()
    assert dialogue.exchanges == ()
    dialogue.answered("Hello.")
    dialogue.asked("hi")
    assert dialogue.exchanges == (Exchange("", "Hello."), Exchange("hi", ""))


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=3000)), max_size=60))
def test_it_stays_bounded_whatever_is_said(steps):
    dialogue = Dialogue()
    for users, text in steps:
        (dialogue.asked if users else dialogue.answered)(text)
    assert len(dialogue.exchanges) <= MAX_EXCHANGES
    assert all(len(x.user) <= MAX_CHARACTERS and len(x.assistant) <= MAX_CHARACTERS for x in dialogue.exchanges)
    assert all(x.user or x.assistant for x in dialogue.exchanges)
