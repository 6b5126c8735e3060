import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.cascade.onnx_cut import NotCuttableError, cut_at_input

FLOAT = 1


def varint(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def part(number, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def number(field, value):
    return varint(field << 3) + varint(value)


def node(operator, inputs, output):
    named = b"".join(part(1, name) for name in inputs)
    return part(1, named + part(2, output) + part(3, f"/{output}") + part(4, operator))


def weight(name, values):
    values = np.asarray(values, "<f4")
    dims = b"".join(number(1, size) for size in values.shape)
    return part(5, dims + number(2, FLOAT) + part(8, name) + part(9, values.tobytes()))


def value(field, name, *dims):
    shape = b"".join(part(1, number(1, dim)) for dim in dims)
    return part(field, part(1, name) + part(2, part(1, number(1, FLOAT) + part(2, shape))))


def model(*graph):
    return number(1, 8) + part(7, b"".join(graph) + part(2, "test")) + part(8, part(1, "") + number(2, 17))


def run(data, **inputs):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    assert {taken.name for taken in session.get_inputs()} == inputs.keys()
    return session.run(None, inputs)[0]


KERNEL = np.arange(6).reshape(1, 2, 3)
WHOLE = (
    node("Add", ["x", "bias"], "shifted"),
    node("Mul", ["shifted", "shifted"], "squared"),
    node("Conv", ["squared", "dec.weight"], "filtered"),
    node("Add", ["filtered", "bias"], "y"),
    weight("bias", [0.5]),
    weight("dec.weight", KERNEL),
    value(11, "x", 1, 2, 5),
    value(12, "y", 1, 1, 3),
    value(13, "squared", 1, 2, 5),
)


def test_the_halves_together_are_the_whole():
    x = np.random.default_rng(0).normal(0, 1, (1, 2, 5)).astype(np.float32)
    halves = cut_at_input(model(*WHOLE), "Conv", "dec.weight")
    assert halves.tensor == "squared"
    between = run(halves.first, x=x)
    assert np.allclose(between, (x + 0.5) ** 2)
    assert np.array_equal(run(halves.second, squared=between), run(model(*WHOLE), x=x))
    assert b"dec.weight" not in halves.first
    assert b"bias" in halves.first
    assert b"bias" in halves.second


@pytest.mark.parametrize(
    "spoilt",
    [
        (*WHOLE[:3], node("Add", ["filtered", "shifted"], "y"), *WHOLE[4:]),  # a second tensor crosses the cut
        (*WHOLE[:2], node("Conv", ["squared", "other"], "filtered"), *WHOLE[3:]),  # nothing is called so
        (node("If", ["x", "bias"], "shifted"), *WHOLE[1:]),
        (*WHOLE, value(12, "filtered", 1, 1, 3)),
    ],
)
def test_what_does_not_fall_into_two_is_refused(spoilt):
    with pytest.raises(NotCuttableError):
        cut_at_input(model(*spoilt), "Conv", "dec.weight")


@given(st.binary(max_size=200) | st.integers(0, 300).map(lambda size: model(*WHOLE)[:size]))
def test_other_bytes_are_refused_and_nothing_else_happens(data):
    with pytest.raises(NotCuttableError):
        cut_at_input(data, "Conv", "dec.weight")
