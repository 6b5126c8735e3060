from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from moshi.models.lm import LMModel
from safetensors.torch import load_file, save_file

from hub.engine.personaplex.model import loading
from hub.engine.personaplex.model.folder import ModelConfig, read_config
from hub.engine.personaplex.model.weights import load_lm
from hub.engine.personaplex.port import ModelOptions, Prompt, WeightsError
from tests.hub.engine.personaplex import tiny
from tests.hub.engine.personaplex.model.talk import JANE, RECORDED, heard, read, talk

pytestmark = pytest.mark.engine

_LM = tiny.LM_FILES["moshi_name"]
_MIMI = tiny.LM_FILES["mimi_name"]
_TEXT = tiny.LM_FILES["tokenizer_name"]
Change = Callable[[Path], None]


@pytest.fixture
def folder(weights: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(weights, tmp_path / "weights"))


def config(**changes) -> Change:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def tensors(name: str, edit: Callable[[dict[str, torch.Tensor]], object]) -> Change:
    def change(folder: Path) -> None:
        found = load_file(folder / name)
        edit(found)
        save_file(found, folder / name)

    return change


def cut(name: str, share: float) -> Change:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * share)])

    return change


def text(name: str, content: str) -> Change:
    return lambda folder: (folder / name).write_text(content) and None


def gone(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (gone(_LM), [_LM, "lacks"]),
        (gone(_MIMI), [_MIMI, "lacks"]),
        (gone(_TEXT), [_TEXT, "lacks"]),
        (gone("mimi_config.json"), ["mimi_config.json", "lacks"]),
        (cut(_LM, 0.5), [_LM, "damaged or incomplete"]),
        (cut(_LM, 0), [_LM, "damaged or incomplete"]),
        (cut(_MIMI, 0.9), [_MIMI, "damaged or incomplete"]),
        (cut(_TEXT, 0.5), [_TEXT, "no SentencePiece model"]),
        (text(_LM, "not a safetensors file, but long enough to look like one"), [_LM, "damaged or incomplete"]),
        (text("config.json", "{"), ["config.json", "Invalid JSON"]),
        (text("config.json", "[1]"), ["config.json", "the file"]),
        (text("config.json", '{"dim": "wide"}'), ["config.json", "dim"]),
        (text("config.json", " " * (2 << 20)), ["config.json", "too large"]),
        (config(dim=0), ["config.json", "dim"]),
        (config(num_heads=3), ["config.json", "no model that can be built"]),
        (config(norm="batch"), ["config.json", "Unknown norm type: batch"]),
        (config(n_q=8), ["config.json", "n_q"]),
        (config(delays=[0, 1]), ["config.json", "delays"]),
        (config(delays=[0, 0, *[2] * 7, 0, *[2] * 7]), ["config.json", "delays"]),
        (config(moshi_name="../model.safetensors"), ["lacks"]),
        (config(mimi_config_name="/etc/passwd"), ["lacks"]),
        (config(dim=256), [_LM, "does not belong to this model", "size mismatch"]),
        (config(num_layers=3), [_LM, "does not belong", "Missing key"]),
        (config(num_layers=1), [_LM, "does not belong", "Unexpected key"]),
        (config(dep_q=11), [_LM, "3072 rows for 11 depth steps"]),
        (config(text_card=639), [_TEXT, "640 pieces but the model 639"]),
        (tensors(_LM, lambda found: found.pop("out_norm.alpha")), [_LM, "out_norm.alpha"]),
        (tensors(_LM, lambda found: found.update(stray=torch.zeros(1))), [_LM, "stray"]),
        (tensors(_LM, lambda found: found.update({"out_norm.alpha": torch.ones(1, 1, 64)})), [_LM, "out_norm.alpha"]),
        (
            tensors(_LM, lambda found: found.update({"out_norm.alpha": torch.ones(1, 1, 128, dtype=torch.float64)})),
            [_LM, "out_norm.alpha", "float64"],
        ),
        (text("mimi_config.json", "no"), ["mimi_config.json", "not JSON"]),
        (text("mimi_config.json", "[]"), ["mimi_config.json", "JSON object"]),
        (text("mimi_config.json", "{}"), ["mimi_config.json", "no codec that can be built"]),
        (
            text("mimi_config.json", json.dumps(tiny.MIMI | {"frame_rate": 25.0})),
            [_MIMI, "does not belong to this model"],
        ),
        (text("mimi_config.json", json.dumps(tiny.MIMI | {"sample_rate": 48_000, "frame_rate": 25.0})), ["48000 Hz"]),
    ],
)
def test_a_folder_that_cannot_be_loaded_names_the_file_and_the_fault(
    change: Change, names: list[str], folder: Path, load
):
    change(folder)
    with pytest.raises(WeightsError) as refused:
        load(weights=folder)
    for name in names:
        assert name in refused.value.sentence
    assert refused.value.code == "engine_weights"
    assert not refused.value.retry


def test_no_folder_no_device_no_rows(load, tmp_path: Path):
    with pytest.raises(WeightsError, match="no weights folder"):
        load(weights=tmp_path / "nowhere")
    for device in ("cuda", "cuda:1", "tpu", "mps", ""):
        with pytest.raises(WeightsError, match=r"CUDA|There is no device|does not run"):
            load(device=device)
    with pytest.raises(WeightsError, match="at least one row"):
        load(rows=0)


def test_an_absent_or_empty_configuration_is_the_released_size(folder: Path):
    for content in (None, "", "{}", "\n"):
        (folder / "config.json").unlink(missing_ok=True)
        if content is not None:
            (folder / "config.json").write_text(content)
        assert read_config(folder) == ModelConfig()
    released = ModelConfig()
    assert (released.dim, released.num_layers, released.context, released.text_card) == (4096, 32, 3000, 32_000)
    with pytest.raises(WeightsError, match="does not belong to this model"):
        load_lm(folder, released, device=torch.device("cpu"), dtype=torch.float32)


def test_the_released_size_at_eight_depth_steps_has_7_69_thousand_million_parameters():
    model = LMModel(device=torch.device("meta"), dtype=torch.bfloat16, **ModelConfig().lm_arguments)
    assert sum(tensor.numel() for tensor in model.parameters()) == 7_687_729_152


def test_a_file_of_eight_depth_steps_loads_as_it_is(folder: Path, load, alone):
    def first_eight(found: dict[str, torch.Tensor]) -> None:
        for name in list(found):
            if name.startswith("depformer.layers.") and "self_attn" in name:
                found[name] = found[name].chunk(2)[0].clone()
            step = [int(part) for part in name.split(".") if part.isdigit()]
            if name.startswith(("depformer_in.", "linears.")) and step[0] >= 8:
                del found[name]
            if name.startswith("depformer_emb.") and step[0] >= 7:
                del found[name]
            if ".gating." in name and name.startswith("depformer.") and step[1] >= 8:
                del found[name]

    tensors(_LM, first_eight)(folder)
    config(dep_q=8)(folder)
    model = load(weights=folder)
    model.join(0, read(model, JANE))
    alone.join(0, read(alone, JANE))
    assert talk(model, 0, heard(61, 10)) == talk(alone, 0, heard(61, 10))


def test_the_user_s_depth_steps_have_no_say(folder: Path, load, alone):
    def scramble(found: dict[str, torch.Tensor]) -> None:
        for name, value in found.items():
            if name.startswith("depformer.layers.") and "self_attn" in name:
                value[len(value) // 2 :] = 7.0
        for step in range(8, 16):
            found[f"linears.{step}.weight"].fill_(7.0)

    tensors(_LM, scramble)(folder)
    model = load(weights=folder)
    model.join(0, read(model, JANE))
    alone.join(0, read(alone, JANE))
    assert talk(model, 0, heard(62, 10)) == talk(alone, 0, heard(62, 10))


def test_bfloat16_on_disk_computes_as_the_same_numbers_in_float32(tmp_path: Path, load):
    half = tiny.write(tmp_path / "half", dtype=torch.bfloat16)
    whole = Path(shutil.copytree(half, tmp_path / "whole"))
    save_file({name: value.float() for name, value in load_file(half / _LM).items()}, whole / _LM)
    assert (half / _LM).stat().st_size < 0.6 * (whole / _LM).stat().st_size
    said = []
    for folder in (half, whole):
        model = load(weights=folder)
        assert model.info.dtype == "float32"
        for prompt in (JANE, RECORDED):
            model.join(0, read(model, prompt))
            said.append(talk(model, 0, heard(63, 10)))
    assert said[:2] == said[2:]


def test_a_smaller_window_can_be_had_and_a_larger_one_not(load):
    assert load(context_frames=128).info.context_frames == 128
    for frames in (63, 301):
        with pytest.raises(WeightsError, match="64 to 300"):
            load(context_frames=frames)


def test_what_was_loaded_is_told(alone, weights: Path):
    info = alone.info
    assert (info.name, info.device, info.dtype, info.rows) == (weights.name, "cpu", "float32", 1)
    assert info.context_frames == tiny.CONTEXT
    assert info.snapshot_bytes_per_frame == 2 * 2 * 128 * 4


def test_ids_become_words_and_words_ids(alone):
    ids = alone.encode("The garage door is open.")
    assert "".join(alone.piece(text_id) for text_id in ids) == " The garage door is open."
    assert [alone.piece(text_id) for text_id in (0, 3, -2, 640, 10**6)] == [""] * 5


def test_sampling_follows_the_seed(load):
    def said(**options) -> list[list[int]]:
        model = load(greedy=False, **options)
        model.join(0, read(model, JANE))
        return talk(model, 0, heard(64, 6))

    first = said(seed=1)
    assert said(seed=1) == first
    assert said(seed=2) != first
    assert said() != said()


def test_one_candidate_is_the_likeliest(load, alone):
    model = load(greedy=False, top_k_audio=1, top_k_text=1)
    model.join(0, read(model, JANE))
    alone.join(0, read(alone, JANE))
    assert talk(model, 0, heard(64, 6)) == talk(alone, 0, heard(64, 6))


def test_options_without_a_folder_are_the_released_model_with_random_weights(monkeypatch: pytest.MonkeyPatch):
    small = ModelConfig(**{name: value for name, value in tiny.LM.items() if name != "depformer_causal"})
    monkeypatch.setattr(loading, "ModelConfig", lambda: small)
    monkeypatch.setattr(loading, "random_mimi", lambda device: tiny.mimi(0).to(device))
    model = loading.load_model(ModelOptions(weights=None, device="cpu", rows=1))
    assert model.voices == ("random.pt",)
    model.join(0, read(model, Prompt("random.pt", "You are brief.")))
    assert len(talk(model, 0, heard(65, 3))) == 3
    assert model.piece(model.encode("a")[0]) == "a"
