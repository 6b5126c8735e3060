"""Cuts an ONNX model in two at one tensor. Pure; works on the bytes of the file, without the `onnx` package.

An ONNX file is one protocol buffer. Everything that both halves keep is copied as it stands; only the lists of nodes
and weights are sorted out, and the tensor at the cut becomes an output of one half and an input of the other.
Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_MODEL_GRAPH = 7
_GRAPH_INPUT, _GRAPH_OUTPUT = 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR = 1, 2, 4
_TENSOR_NAME, _VALUE_NAME = 8, 1
_BRANCHING = frozenset({"If", "Loop", "Scan"})  # their inner graphs take tensors that no list of inputs names
_VARINT_MAX_BITS = 63
# ValueInfoProto: name = 1, type = 2 (TypeProto) -> tensor_type = 1 -> elem_type = 1 (FLOAT = 1); any shape.
_FLOAT_TENSOR = bytes((0x12, 4, 0x0A, 2, 0x08, 1))


class NotCuttableError(ValueError):
    """The model does not fall into two halves there."""


@dataclass(frozen=True, slots=True)
class Halves:
    """Two models. `tensor`: the name by which the first gives and the second takes what is between them."""

    first: bytes
    second: bytes
    tensor: str


@dataclass(slots=True)
class _Node:
    raw: memoryview
    operator: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Graph:
    nodes: list[_Node] = field(default_factory=list)
    initializers: dict[str, memoryview] = field(default_factory=dict)
    inputs: dict[str, memoryview] = field(default_factory=dict)
    outputs: dict[str, memoryview] = field(default_factory=dict)
    rest: list[memoryview] = field(default_factory=list)


def cut_at_input(model: bytes, operator: str, weight: str) -> Halves:
    """Cut in front of the node `operator` whose second input is `weight`.

    Raises:
        NotCuttableError: there is no such node, the second half needs more of the first than that one tensor, or
            these bytes are no ONNX model.
    """
    try:
        envelope, graph = _read_model(memoryview(model))
    except (IndexError, UnicodeDecodeError) as fault:
        raise NotCuttableError("These bytes are no ONNX model.") from fault
    tensor = next((n.inputs[0] for n in graph.nodes if n.operator == operator and weight in n.inputs[1:2]), None)
    if tensor is None or len(graph.outputs) != 1:
        raise NotCuttableError(f"There is no {operator} with {weight} in this model.")
    made_by = {name: node for node in graph.nodes for name in node.outputs}
    second = _needed(made_by, next(iter(graph.outputs)), tensor)
    if second & graph.inputs.keys():
        raise NotCuttableError("The second half needs more than the tensor at the cut.")
    between = _field(1, tensor.encode()) + _FLOAT_TENSOR
    outputs = [bytes(raw) for raw in graph.outputs.values()]
    return Halves(
        first=_write(envelope, graph, _needed(made_by, tensor), outputs=[_field(_GRAPH_OUTPUT, between)]),
        second=_write(envelope, graph, second, outputs=outputs, inputs=[_field(_GRAPH_INPUT, between)]),
        tensor=tensor,
    )


def _needed(made_by: dict[str, _Node], target: str, given: str = "") -> set[str]:
    """Names of all tensors from which `target` is made, itself included, where `given` need not be made."""
    needed: set[str] = set()
    open_names = [target]
    while open_names:
        name = open_names.pop()
        if name in needed or name in (given, ""):
            continue
        needed.add(name)
        node = made_by.get(name)
        if node is None:
            continue
        if node.operator in _BRANCHING:
            raise NotCuttableError(f"The model branches ({node.operator}).")
        open_names += node.inputs
    return needed


def _write(
    envelope: list[memoryview], graph: _Graph, needed: set[str], *, outputs: list[bytes], inputs: Iterable[bytes] = ()
) -> bytes:
    body: list[bytes | memoryview] = [node.raw for node in graph.nodes if needed.intersection(node.outputs)]
    body += [raw for name, raw in graph.initializers.items() if name in needed]
    body += [raw for name, raw in graph.inputs.items() if name in needed]
    return b"".join([*envelope, _field(_MODEL_GRAPH, b"".join([*body, *graph.rest, *inputs, *outputs]))])


def _read_model(data: memoryview) -> tuple[list[memoryview], _Graph]:
    envelope, graph = [], _Graph()
    for number, value, raw in _fields(data):
        if number == _MODEL_GRAPH:
            _read_graph(value, graph)
        else:
            envelope.append(raw)
    return envelope, graph


def _read_graph(data: memoryview, graph: _Graph) -> None:
    for number, value, raw in _fields(data):
        match number:
            case 1:
                graph.nodes.append(_read_node(value, raw))
            case 5:
                graph.initializers[_text(value, _TENSOR_NAME)] = raw
            case 11:
                graph.inputs[_text(value, _VALUE_NAME)] = raw
            case 12:
                graph.outputs[_text(value, _VALUE_NAME)] = raw
            case 13:
                pass  # shapes of tensors in between: hints only, and some would name tensors of the other half
            case _:
                graph.rest.append(raw)


def _read_node(data: memoryview, raw: memoryview) -> _Node:
    node = _Node(raw)
    for number, value, _raw in _fields(data):
        if number == _NODE_INPUT:
            node.inputs.append(str(value, "utf-8"))
        elif number == _NODE_OUTPUT:
            node.outputs.append(str(value, "utf-8"))
        elif number == _NODE_OPERATOR:
            node.operator = str(value, "utf-8")
    return node


def _text(data: memoryview, wanted: int) -> str:
    return next((str(value, "utf-8") for number, value, _raw in _fields(data) if number == wanted), "")


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content and whole bytes of each field; the content of a number is empty."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        content = data[at:at]
        match key & 7:
            case 0:
                _value, at = _varint(data, at)
            case 1:
                at += 8
            case 2:
                length, at = _varint(data, at)
                content = data[at : at + length]
                at += length
            case 5:
                at += 4
            case _:
                raise NotCuttableError("These bytes are no ONNX model.")
        if at > len(data):
            raise NotCuttableError("This ONNX model is cut short.")
        yield key >> 3, content, data[start:at]


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _VARINT_MAX_BITS + 1, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise NotCuttableError("These bytes are no ONNX model.")


def _field(number: int, content: bytes) -> bytes:
    """A field with a length; numbers up to 15."""
    length, head = len(content), bytearray([number << 3 | 2])
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + content
