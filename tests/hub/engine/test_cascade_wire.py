import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.cascade.wire import LENGTH, MAX_REQUEST_BYTES, Kind, SpeechRequest, pack_answer, parse_answer


@given(st.builds(SpeechRequest, st.integers(0, 2**32 - 1), st.text(max_size=2000), st.floats(0, 1)))
def test_a_request_comes_back_whole(request_):
    packed = request_.pack()
    assert LENGTH.unpack(packed[: LENGTH.size]) == (len(packed) - LENGTH.size,)
    assert SpeechRequest.parse(packed[LENGTH.size :]) == request_


@given(st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary(max_size=3000))
def test_an_answer_comes_back_whole(kind, request_id, payload):
    packed = pack_answer(kind, request_id, payload)
    assert LENGTH.unpack(packed[: LENGTH.size]) == (len(packed) - LENGTH.size,)
    assert parse_answer(packed[LENGTH.size :]) == (kind, request_id, payload)


@given(st.binary(max_size=40))
def test_garbage_is_refused_with_one_kind_of_error(garbage):
    for parse in (SpeechRequest.parse, parse_answer):
        try:
            parse(garbage)
        except ValueError:
            continue


def test_an_endless_text_is_refused():
    with pytest.raises(ValueError, match="2000"):
        SpeechRequest(1, "x" * 2001).pack()
    assert len(SpeechRequest(1, "\U0001f4a1" * 1300).pack()) < MAX_REQUEST_BYTES
