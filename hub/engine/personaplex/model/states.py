"""Several states over one set of weights, and rows copied from one state into another, in place.

A streaming module of `moshi` holds one state. A *view* is the same module again, with the same tensors as weights, that
holds another. In-place copies keep the addresses that CUDA graphs were captured with.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TypeVar

import torch
from moshi.modules.streaming import State, StreamingModule
from moshi.modules.transformer import RingKVCache
from torch import nn

_M = TypeVar("_M", bound=nn.Module)


def view(module: _M) -> _M:
    """The module again with the same weights and no state; it must not be streaming."""
    shared: dict[int, Any] = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    return copy.deepcopy(module, shared)


def copy_row(source: StreamingModule[Any], target: StreamingModule[Any], row: int) -> None:
    """Make row `row` of a streaming module what the only row of its view is.

    A key-value cache may be shorter in the source, if it has not been full yet.
    """
    targets = target.get_streaming_state()
    for name, state in source.get_streaming_state().items():
        copy_state_row(state, targets[name], row)


def copy_state_row(source: State, target: State, row: int) -> None:
    """The same for the state of one module."""
    for field in fields(source):
        value = getattr(source, field.name)
        if isinstance(value, RingKVCache):
            ring = getattr(target, field.name)
            ring.cache[:, row, :, : value.capacity].copy_(value.cache[:, 0])
            ring.end_offset[row] = value.end_offset[0]
        elif isinstance(value, torch.Tensor):
            getattr(target, field.name)[row].copy_(value[0])


def state_bytes(states: dict[str, State]) -> int:
    """Memory of the key-value caches, which is nearly all."""
    caches = [value for state in states.values() for value in vars(state).values() if isinstance(value, RingKVCache)]
    return sum(cache.cache.nbytes for cache in caches)


def fresh_states(module: StreamingModule[Any]) -> dict[str, State]:
    """The state of one row at its beginning; the module itself is left without one."""
    with module.streaming(1):
        states: dict[str, State] = module.get_streaming_state()
    return states


@contextmanager
def using(module: StreamingModule[Any], states: dict[str, State]) -> Iterator[None]:
    """The module goes on from these states, for this block."""
    module.set_streaming_state(states)
    try:
        yield
    finally:
        module.set_streaming_state(dict.fromkeys(states))
