from __future__ import annotations

import pytest
import torch

from hub.engine.personaplex.model import loading
from hub.engine.personaplex.model.guard import Guard
from hub.engine.personaplex.port import ModelLostError, RowInput, VoiceError, WeightsError
from hub.engine.port import EngineBusyError
from tests.hub.engine.personaplex.model.talk import JANE, TEACHER, heard, read, talk

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nand more"), "ran out of memory"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "failed: CUDA error"),
    ],
    ids=["memory", "kernel"],
)
def test_a_device_that_fails_in_a_tick_is_a_lost_model_for_good(
    fault: RuntimeError, sentence: str, load, monkeypatch: pytest.MonkeyPatch
):
    model = load()
    snapshot = read(model, JANE)
    model.join(0, snapshot)
    reading = model.prefill(TEACHER)
    with monkeypatch.context() as broken:
        broken.setattr(torch.nn.functional, "scaled_dot_product_attention", _raising(fault))
        with pytest.raises(ModelLostError, match=sentence) as lost:
            model.step({0: RowInput(heard(1, 1)[0])})
    assert lost.value.retry
    assert "\n" not in lost.value.sentence
    for later in (
        lambda: model.step({0: RowInput(heard(1, 1)[0])}),
        lambda: model.join(0, snapshot),
        reading.advance,
    ):
        with pytest.raises(ModelLostError, match=sentence):
            later()


def test_memory_that_ends_while_a_prompt_is_read_costs_that_prompt_alone(load, monkeypatch: pytest.MonkeyPatch):
    model = load(rows=2)
    user = heard(51, 12)
    model.join(0, read(model, JANE))
    undisturbed = talk(model, 0, user)
    model.join(0, read(model, JANE))
    reading = model.prefill(TEACHER)
    with monkeypatch.context() as full:
        full.setattr(torch.nn.functional, "scaled_dot_product_attention", _raising(torch.OutOfMemoryError("full")))
        with pytest.raises(EngineBusyError, match="no memory for one more prompt"):
            reading.advance()
    assert talk(model, 0, user) == undisturbed
    model.join(1, read(model, TEACHER))
    assert len(talk(model, 1, user)) == len(user)


def test_a_model_that_does_not_fit_says_what_to_change(load, monkeypatch: pytest.MonkeyPatch):
    for part, sentence in (("_parts", "for the model. Close what else"), ("Batch", "for 3 conversations at once")):
        with monkeypatch.context() as full:
            full.setattr(loading, part, _raising(torch.OutOfMemoryError("CUDA out of memory")))
            with pytest.raises(WeightsError, match=sentence):
                load(rows=3)


def test_faults_of_the_caller_do_not_lose_the_model():
    guard = Guard()
    for fault in (ValueError("row 3 is empty"), VoiceError("no such voice")):
        with pytest.raises(type(fault)), guard():
            raise fault
    with guard():
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_nothing_is_compiled(load, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_TORCH_COMPILE", raising=False)
    monkeypatch.setattr(torch, "compile", _raising(AssertionError("something is compiled")))
    model = load()
    model.join(0, read(model, JANE))
    assert len(talk(model, 0, heard(1, 2))) == 2


def _raising(fault: BaseException):
    def fail(*_args, **_kwargs):
        raise fault

    return fail
