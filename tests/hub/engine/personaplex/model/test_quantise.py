from __future__ import annotations

import pytest
import torch
from moshi.models.lm import LMModel
from torch import nn

from hub.engine.personaplex.model.folder import read_config
from hub.engine.personaplex.model.quantise import Int8Linear, quantise
from hub.engine.personaplex.model.weights import load_lm
from tests.hub.engine.personaplex.model.talk import JANE, RECORDED, heard, read, talk

pytestmark = pytest.mark.engine


def cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(nn.functional.cosine_similarity(one.flatten().double(), other.flatten().double(), dim=0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_every_layer_of_the_model_keeps_its_direction(dtype: torch.dtype, weights):
    model: LMModel = load_lm(weights, read_config(weights), device=torch.device("cpu"), dtype=dtype)
    exact = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    weights_before = {name: layer.weight.detach().clone() for name, layer in exact.items()}
    outputs = {}
    torch.manual_seed(1)
    inputs = {name: torch.randn(1, 5, layer.in_features, dtype=dtype) for name, layer in exact.items()}
    with torch.no_grad():
        for name, layer in exact.items():
            outputs[name] = layer(inputs[name])
        quantise(model)
        for name in exact:
            layer = model.get_submodule(name)
            assert isinstance(layer, Int8Linear)
            assert layer.weight.dtype == dtype
            assert cosine(layer.weight, weights_before[name]) >= 0.999
            assert cosine(layer(inputs[name]), outputs[name]) >= 0.999
    assert len(exact) == 2 * 4 + 8 * 4 + 8 + 8 + 1  # temporal and depth layers, inputs and outputs of the depth, text


@pytest.mark.parametrize("shape", [(16_896, 512), (64, 4_096)], ids=["tall", "wide"])
def test_layers_as_wide_as_the_released_ones_keep_theirs(shape: tuple[int, int]):
    torch.manual_seed(2)
    layer = nn.Linear(shape[1], shape[0], bias=False, dtype=torch.bfloat16)
    # Weights of trained layers have long tails.
    layer.weight.data = (torch.randn(shape) * torch.randn(shape).abs().exp() * 0.02).to(torch.bfloat16)
    x = torch.randn(1, 4, shape[1], dtype=torch.bfloat16)
    with torch.no_grad():
        assert cosine(Int8Linear(layer)(x), layer(x)) >= 0.999


def test_it_takes_half_the_memory_of_bfloat16():
    layer = nn.Linear(1024, 1024, bias=False, dtype=torch.bfloat16)
    packed = Int8Linear(layer)
    held = sum(tensor.nbytes for tensor in (*packed.parameters(), *packed.buffers()))
    assert held <= 0.51 * layer.weight.nbytes


def test_a_row_of_zeros_stays_zeros_and_a_bias_is_refused():
    layer = nn.Linear(8, 2, bias=False)
    layer.weight.data[0] = 0
    packed, other = Int8Linear(layer).weight, layer.weight.data[1]
    assert packed[0].tolist() == [0.0] * 8
    torch.testing.assert_close(packed[1], other, atol=float(other.abs().max()) / 250, rtol=0)
    with pytest.raises(ValueError, match="bias"):
        Int8Linear(nn.Linear(8, 2))


def test_a_quantised_model_talks_in_batch_as_alone(load):
    model = load(rows=2, int8=True)
    for prompt in (JANE, RECORDED):
        model.join(0, read(model, prompt))
        model.join(1, read(model, prompt))
        first, second = talk(model, 0, heard(71, 6)), talk(model, 1, heard(71, 6))
        assert first == second
    assert model.info.snapshot_bytes_per_frame * read(model, JANE).frames == read(model, JANE).size_bytes
