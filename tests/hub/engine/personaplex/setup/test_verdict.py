"""What measurements mean: rows, sentence, table."""

from hub.engine.personaplex.setup.checking import BatchMeasurement
from hub.engine.personaplex.setup.gpu import Gpu
from hub.engine.personaplex.setup.verdict import judge, table

GIB = 1 << 30


def size(rows, p99_ms, memory_gib):
    return BatchMeasurement(
        rows=rows,
        device="cuda",
        dtype="bfloat16",
        parameters=7_687_729_152,
        frames=250,
        step_p50_ms=p99_ms * 0.9,
        step_p99_ms=p99_ms,
        prefill_ms=120.0,
        prompt_frames=90,
        start_p50_ms=31.0,
        memory_bytes=int(memory_gib * GIB),
        load_s=20.0,
    )


def gpu(gib):
    return Gpu("NVIDIA H200", int(gib * GIB), int(gib * GIB), "580.95")


def test_memory_of_one_conversation_is_the_slope_and_sets_the_limit():
    verdict = judge([size(1, 30, 18.0), size(2, 30, 19.5), size(4, 31, 22.5)], gpu(24))
    assert verdict.row_bytes == int(1.5 * GIB)
    # 24 less 16.5 for the model, 1 for prompts and 2 in reserve.
    assert (verdict.rows_in_memory, verdict.rows) == (3, 3)
    assert "which is what its free memory allows" in verdict.sentence


def test_the_time_sets_the_limit_where_memory_is_plenty():
    verdict = judge([size(1, 30, 18), size(8, 45, 28), size(16, 75, 40)], gpu(139))
    assert (verdict.rows, verdict.rows_in_time, verdict.rows_in_memory) == (8, 8, 16)
    assert "holds 8 conversations at once" in verdict.sentence
    assert "45.0 ms" in verdict.sentence


def test_a_gpu_that_is_too_slow_is_told_with_its_figure():
    verdict = judge([size(1, 95, 18)], gpu(24))
    assert verdict.rows == 0
    assert "too slow" in verdict.sentence
    assert "95.0 ms" in verdict.sentence


def test_a_gpu_that_is_too_small_is_told_so():
    verdict = judge([size(1, 30, 18), size(2, 30, 19.5)], gpu(18))
    assert verdict.rows == 0
    assert "too little free memory" in verdict.sentence


def test_a_cpu_is_judged_by_time_alone_and_not_beyond_what_was_measured():
    verdict = judge([size(1, 10, 0.1), size(2, 12, 0.1)], None)
    assert (verdict.rows, verdict.rows_in_memory) == (2, None)
    assert "This CPU holds 2 conversations" in verdict.sentence


def test_nothing_measured_is_no_verdict_in_favour():
    assert judge([], gpu(139)).rows == 0


def test_the_table_has_a_line_for_each_size_in_order():
    lines = table([size(8, 45, 28), size(1, 30, 18)]).splitlines()
    assert len(lines) == 3
    assert lines[1].split()[0] == "1"
    assert "56%" in lines[2]
    assert "28.00 GiB" in lines[2]
