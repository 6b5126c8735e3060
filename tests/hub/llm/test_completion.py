"""Chunks of a chat completion, as servers write them and as they break them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.llm.completion import MAX_ANSWER_CHARACTERS, MAX_CALLS, Completion
from hub.llm.port import Ended, ModelError, ModelTooLongError, Piece, ToolCall
from hub.llm.server_sent_events import MAX_EVENT_BYTES, EventStream
from hub.llm.thoughts import Thoughts


def chunk(finish=None, **delta):
    return json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}).encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_chunk_or_a_typed_error(data):
    completion = Completion()
    try:
        pieces = completion.take(data)
    except ModelError:
        return
    assert all(isinstance(piece, Piece) for piece in pieces)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "content", "tool_calls", "function", "index", "error", "arguments"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_chunk_or_a_typed_error(value):
    completion = Completion()
    try:
        completion.take(json.dumps(value).encode())
        completion.close()
    except ModelError:
        return
    assert completion.ended is not None


def test_a_limit_of_tokens_is_told():
    completion = Completion()
    completion.take(chunk(content="And so"))
    completion.take(chunk(finish="length"))
    completion.close()
    assert completion.ended == Ended(cut=True)


def test_calls_that_share_an_index_are_told_apart_by_their_ids():
    completion = Completion()
    for number in range(2):
        completion.take(
            chunk(tool_calls=[{"index": 0, "id": f"id{number}", "function": {"name": f"f{number}", "arguments": {}}}])
        )
    completion.take(b"[DONE]")
    assert completion.ended == Ended((ToolCall("id0", "f0", "{}"), ToolCall("id1", "f1", "{}")))


def test_calls_and_text_have_limits():
    with pytest.raises(ModelTooLongError):
        Completion().take(
            chunk(tool_calls=[{"index": n, "id": str(n), "function": {"name": "f"}} for n in range(MAX_CALLS + 1)])
        )
    with pytest.raises(ModelTooLongError):
        Completion().take(chunk(content="x" * (MAX_ANSWER_CHARACTERS + 1)))


def test_thinking_is_a_sign_of_life_and_no_text():
    assert Completion().take(chunk(reasoning_content="Hmm, let me see")) == [Piece("")]
    assert Completion().take(chunk(role="assistant", content="")) == []


PLAIN = st.text(alphabet="abc <>/thinkDONE\n", max_size=60)


def cut(text, places):
    ends = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


@given(PLAIN, st.lists(st.integers(0, 90), max_size=12))
def test_thoughts_are_taken_off_wherever_the_pieces_are_cut(thought, places):
    thought = thought.replace("</think>", "")
    text = f"\n<think>{thought}</think>\n\nThe answer."
    thoughts = Thoughts()
    assert "".join(map(thoughts.without, cut(text, places))) == "The answer."


@given(st.text(alphabet="abc <>\n", max_size=60), st.lists(st.integers(0, 60), max_size=12))
def test_an_answer_without_thoughts_stays_whole_from_its_first_word(text, places):
    thoughts = Thoughts()
    given_out = "".join(map(thoughts.without, cut(text, places)))
    assert text.lstrip().startswith(given_out)
    assert given_out == text.lstrip() or "<think>".startswith(text.lstrip()[len(given_out) :])


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1, max_size=20), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 200), max_size=20),
)
def test_events_are_the_same_wherever_the_bytes_are_cut(texts, end, places):
    wire = "".join(f": note{end}event: x{end}data: {text}{end}{end}" for text in texts).encode()
    stream = EventStream()
    events = [event for part in cut(wire, places) for event in stream.feed(part)] + stream.close()
    assert events == [text.encode() for text in texts]


def test_the_field_of_two_lines_a_byte_order_mark_and_an_end_without_an_empty_line():
    stream = EventStream()
    assert stream.feed(b"\xef\xbb\xbfdata:one\ndata: two\n\ndata: la") == [b"one\ntwo"]
    assert stream.feed(b"st") == []
    assert stream.close() == [b"last"]


@pytest.mark.parametrize("part", [b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_an_event_has_a_limit(part):
    stream = EventStream()
    for _ in range(MAX_EVENT_BYTES // 1010):
        assert stream.feed(part) == []
    with pytest.raises(ModelTooLongError):
        stream.feed(part * 10)
