"""How many conversations fit, and what GPU there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.setup.capacity import CPU_ROWS, MAX_ROWS, remember_rows, rows_that_fit, rows_to_serve
from hub.engine.personaplex.setup.gpu import Gpu, parse_gpus

GIB = 1 << 30
MIB = 1 << 20


def gpu(free_gib, name="NVIDIA RTX 4090"):
    return Gpu(name, 24 * GIB, int(free_gib * GIB), "590.1")


@pytest.mark.parametrize(
    ("free_gib", "int8", "rows"), [(23.6, False, 2), (15.6, False, 0), (15.6, True, 2), (8, True, 0), (139, False, 16)]
)
def test_common_cards(free_gib, int8, rows):
    assert rows_that_fit(int(free_gib * GIB), int8=int8) == rows


@given(free=st.integers(0, 1 << 40), more=st.integers(0, 1 << 36))
def test_more_memory_never_holds_fewer(free, more):
    assert 0 <= rows_that_fit(free) <= rows_that_fit(free + more) <= MAX_ROWS


def test_what_was_measured_goes_before_the_estimate():
    assert rows_that_fit(24 * GIB, base_bytes=10 * GIB, row_bytes=1 * GIB) == 11


def test_the_check_of_this_gpu_is_remembered_and_that_of_another_is_not_used(tmp_path):
    assert rows_to_serve(tmp_path, [gpu(60)], int8=False) == MAX_ROWS
    remember_rows(tmp_path, gpu(60).name, 5, int8=False)
    assert rows_to_serve(tmp_path, [gpu(60)], int8=False) == 5
    assert rows_to_serve(tmp_path, [gpu(60)], int8=True) == MAX_ROWS
    assert rows_to_serve(tmp_path, [gpu(60, "another")], int8=False) == MAX_ROWS


def test_memory_that_others_took_since_the_check_counts(tmp_path):
    remember_rows(tmp_path, gpu(24).name, 5, int8=False)
    assert rows_to_serve(tmp_path, [gpu(23.6)], int8=False) == 2


def test_at_least_one_is_tried_and_a_cpu_has_its_own_number(tmp_path):
    assert rows_to_serve(tmp_path, [gpu(4)], int8=False) == 1
    assert rows_to_serve(tmp_path, [], int8=False) == CPU_ROWS


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"gpu": "NVIDIA RTX 4090"}', '{"gpu": 1, "rows": "x", "int8": false}']
)
def test_a_broken_memory_of_a_check_is_no_check(tmp_path, text):
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "checked.json").write_text(text)
    assert rows_to_serve(tmp_path, [gpu(60)], int8=False) == MAX_ROWS


def test_the_drivers_table_is_read():
    text = "NVIDIA H200, 143771, 143000, 580.95\nTesla T4, 15360, 100, 580.95\n"
    assert parse_gpus(text) == [
        Gpu("NVIDIA H200", 143771 * MIB, 143000 * MIB, "580.95"),
        Gpu("Tesla T4", 15360 * MIB, 100 * MIB, "580.95"),
    ]


def test_a_gpu_that_shares_the_computers_memory_has_that():
    meminfo = "MemTotal:       125000000 kB\nMemFree: 1 kB\nMemAvailable:   100000000 kB\n"
    assert parse_gpus("NVIDIA GB10, [N/A], [N/A], 580.95", meminfo) == [
        Gpu("NVIDIA GB10", 125_000_000 << 10, 100_000_000 << 10, "580.95")
    ]
    assert parse_gpus("NVIDIA GB10, [N/A], [N/A], 580.95", "") == []


@given(st.text(max_size=200))
def test_any_text_is_a_table_of_nothing_or_of_gpus(text):
    for found in parse_gpus(text, ""):
        assert found.total_bytes >= 0
