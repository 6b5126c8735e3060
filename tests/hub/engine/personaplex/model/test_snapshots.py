from __future__ import annotations

import pytest
import torch
from moshi.modules.transformer import RingKVCache, _MHAState

from hub.engine.personaplex.model.snapshots import PromptSnapshot, SnapshotCache
from tests.hub.engine.personaplex.model.talk import JANE, TEACHER, heard, read, talk

pytestmark = pytest.mark.engine


def snapshot(positions: int) -> PromptSnapshot:
    """Of 1000 bytes for each position."""
    cpu = torch.device("cpu")
    ring = RingKVCache(1, 5, 20, positions, device=cpu, dtype=torch.float32)
    ring.cache = ring.cache.repeat(1, 1, 1, 1, 1)
    state = _MHAState(1, cpu, ring, offset=torch.zeros(1, dtype=torch.long), offset_cpu=0)
    return PromptSnapshot(positions, {"attention": state}, torch.zeros(17, dtype=torch.long))


def test_the_longest_unused_goes_first_when_the_budget_is_spent():
    cache = SnapshotCache(3 * snapshot(10).size_bytes)
    first, second, third, fourth = (snapshot(10) for _ in range(4))
    for key, made in (("first", first), ("second", second), ("third", third)):
        cache.put(key, made)
    assert cache.get("first") is first
    cache.put("fourth", fourth)
    assert cache.get("second") is None
    assert cache.get("first") is first
    assert cache.get("third") is third
    assert cache.get("fourth") is fourth
    assert cache.size_bytes == 3 * snapshot(10).size_bytes


def test_a_large_one_pushes_out_several_and_too_large_a_one_none():
    cache = SnapshotCache(snapshot(30).size_bytes)
    for key in "abc":
        cache.put(key, snapshot(10))
    cache.put("too large", snapshot(31))
    assert cache.size_bytes == snapshot(30).size_bytes
    cache.put("large", snapshot(20))
    assert [key for key in "abc" if cache.get(key)] == ["c"]
    cache.put("c", snapshot(5))
    assert cache.size_bytes == snapshot(25).size_bytes
    cache.clear()
    assert cache.size_bytes == 0
    assert cache.get("c") is None


def test_a_snapshot_starts_any_row_any_number_of_times(four):
    snapshot = read(four, JANE)
    user = heard(31, 12)
    said = []
    for row in (0, 3, 0, 1):
        four.join(row, snapshot)
        said.append(talk(four, row, user))
    assert said[1:] == said[:1] * 3


def test_a_read_prompt_is_kept_until_the_budget_is_spent(load):
    model = load(snapshot_budget_bytes=150_000)  # one prompt of 59 frames takes 120 832
    jane = read(model, JANE)
    assert jane.size_bytes == jane.frames * model.info.snapshot_bytes_per_frame
    assert model.prefill(JANE).advance() is jane
    read(model, TEACHER)
    again = read(model, JANE)
    assert again is not jane
    assert again.column.tolist() == jane.column.tolist()
