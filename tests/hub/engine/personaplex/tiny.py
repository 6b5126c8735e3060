"""Writes a folder of weights of the real shape and a tiny size, the same bytes for the same seed.

`python tests/hub/engine/personaplex/tiny.py DIR [--seed N] [--dtype float32|bfloat16]`, with torch and moshi installed.
The names are those of NVIDIA's files (`dep_q` 16, fused projections), so that NVIDIA's own code loads it too. Numbers
come from PCG64's uniform bits alone: no library function of the platform is in them.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
from moshi.models.compression import MimiModel
from moshi.models.lm import LMModel
from moshi.models.loaders import get_mimi
from numpy.typing import NDArray
from safetensors.torch import save_file

TEXT_CARD = 640
CONTEXT = 300
VOICES = ("TINYF0.pt", "TINYM0.pt", "TINYW0.wav")
VOICE_FRAMES = 20
_TOKENIZER = Path(__file__).parents[3] / "vectors" / "personaplex" / "tokenizer_spm.model"
_DEP_DIM = 64

LM: dict[str, Any] = {
    "dim": 128, "num_layers": 2, "num_heads": 4, "hidden_scale": 4.125, "text_card": TEXT_CARD,
    "existing_text_padding_id": 3, "n_q": 16, "dep_q": 16, "card": 2048, "context": CONTEXT, "max_period": 10000,
    "causal": True, "layer_scale": None, "gating": "silu", "norm": "rms_norm_f32", "positional_embedding": "rope",
    "depformer_dim": _DEP_DIM, "depformer_dim_feedforward": int(4.125 * _DEP_DIM), "depformer_num_layers": 1,
    "depformer_num_heads": 4, "depformer_causal": True, "depformer_layer_scale": None, "depformer_multi_linear": True,
    "depformer_context": 8, "depformer_max_period": 10000, "depformer_gating": "silu", "depformer_pos_emb": "none",
    "depformer_weights_per_step": True, "delays": [0, 0, *[1] * 7, 0, *[1] * 7],
}  # fmt: skip
MIMI: dict[str, Any] = {
    "sample_rate": 24000, "channels": 1, "frame_rate": 12.5,
    "seanet": {
        "channels": 1, "dimension": 64, "causal": True, "n_filters": 4, "n_residual_layers": 1, "activation": "ELU",
        "compress": 2, "dilation_base": 2, "disable_norm_outer_blocks": 0, "kernel_size": 7, "residual_kernel_size": 3,
        "last_kernel_size": 3, "norm": "none", "pad_mode": "constant", "ratios": [8, 6, 5, 4], "true_skip": True,
    },
    "quantizer": {"dimension": 16, "n_q": 32, "bins": 2048, "input_dimension": 64, "output_dimension": 64},
    "transformer": {
        "d_model": 64, "num_heads": 4, "num_layers": 1, "causal": True, "layer_scale": 0.01, "context": 250,
        "conv_layout": True, "max_period": 10000, "gating": "none", "norm": "layer_norm", "dim_feedforward": 128,
        "positional_embedding": "rope", "input_dimension": 64, "output_dimensions": [64],
    },
}  # fmt: skip

LM_FILES = {
    "moshi_name": "model.safetensors",
    "mimi_name": "tokenizer-e351c8d8-checkpoint125.safetensors",
    "tokenizer_name": "tokenizer_spm_32k_3.model",
    "mimi_config_name": "mimi_config.json",
}


class Numbers:
    """A stream of uniform numbers of mean zero."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.Generator(np.random.PCG64(seed))

    def of(self, shape: tuple[int, ...], deviation: float) -> torch.Tensor:
        """float32 of this standard deviation."""
        values = (self._bits.random(shape, dtype=np.float32) - np.float32(0.5)) * np.float32(deviation * 12**0.5)
        return torch.from_numpy(values)

    def codes(self, shape: tuple[int, ...], card: int) -> torch.Tensor:
        """int64 from 0 to card - 1."""
        return torch.from_numpy((self._bits.random(shape) * card).astype(np.int64))


def write(folder: Path, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> Path:
    """Write the whole folder; it may exist. Returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = Numbers(seed)
    lm = lm_weights(numbers)
    save_file({name: value.to(dtype) for name, value in lm.items()}, folder / LM_FILES["moshi_name"])
    save_file(mimi_weights(numbers), folder / LM_FILES["mimi_name"])
    shutil.copyfile(_TOKENIZER, folder / LM_FILES["tokenizer_name"])
    (folder / "config.json").write_text(json.dumps(LM | LM_FILES, indent=1))
    (folder / LM_FILES["mimi_config_name"]).write_text(json.dumps(MIMI, indent=1))
    (folder / "voices").mkdir(exist_ok=True)
    for name in VOICES:
        path = folder / "voices" / name
        if path.suffix == ".pt":
            torch.save(voice(numbers, lm), path)
        else:
            write_wav(path, numbers)
    return folder


def user_audio(seed: int, frames: int) -> NDArray[np.float32]:
    """What a user says, float32 [frames, 1920]: noise that swells and fades each second, with pauses."""
    samples = torch.arange(frames * 1920)
    swell = (samples % 24_000) / 24_000 * ((samples // 36_000) % 3 != 2)
    pcm: NDArray[np.float32] = (Numbers(seed).of((frames * 1920,), 0.1) * swell).numpy()
    return pcm.reshape(frames, 1920)


def lm_weights(numbers: Numbers) -> dict[str, torch.Tensor]:
    """The language model in NVIDIA's names."""
    with torch.device("meta"):
        model = LMModel(**{key: value for key, value in LM.items() if key != "depformer_causal"})
    shapes = _fused({name: tuple(value.shape) for name, value in model.state_dict().items()})
    return {name: _weight(name, shape, numbers) for name, shape in sorted(shapes.items())}


def mimi(seed: int) -> MimiModel:
    """The codec itself."""
    model: MimiModel = get_mimi(None, MIMI)
    model.load_state_dict(mimi_weights(Numbers(seed)))
    return model


def mimi_weights(numbers: Numbers) -> dict[str, torch.Tensor]:
    """The codec in the names of the released file."""
    mimi: MimiModel = get_mimi(None, MIMI)
    shapes = _fused({name: tuple(value.shape) for name, value in mimi.state_dict().items()})
    return {name: _weight(name, shape, numbers) for name, shape in sorted(shapes.items())}


def voice(numbers: Numbers, lm: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A packaged voice: what NVIDIA's code saves after it has stepped through a recording."""
    codes = numbers.codes((17, VOICE_FRAMES), LM["card"])
    codes[0] = LM["existing_text_padding_id"]
    columns = torch.full((17, VOICE_FRAMES + 1), LM["card"])
    columns[0] = LM["text_card"]
    for stream, delay in enumerate(LM["delays"]):
        columns[stream, delay + 1 : delay + VOICE_FRAMES] = codes[stream, 1:]
    embeddings = sum(lm[f"emb.{stream}.weight"][columns[stream + 1, : VOICE_FRAMES - 1]] for stream in range(16))
    embeddings = embeddings + lm["text_emb.weight"][columns[0, : VOICE_FRAMES - 1]]
    cache = torch.zeros((1, 17, 4), dtype=torch.int64)
    for position in range(VOICE_FRAMES - 3, VOICE_FRAMES + 1):
        cache[0, :, position % 4] = columns[:, position]
    return {"embeddings": embeddings[:, None, None, :].contiguous(), "cache": cache}


def write_wav(path: Path, numbers: Numbers, seconds: float = 1.5) -> None:
    """A recording: noise that swells and fades, int16 at 24 kHz."""
    samples = int(seconds * 24_000)
    swell = torch.arange(samples) % 6000 / 6000
    pcm = (numbers.of((samples,), 0.1) * swell * 32767).to(torch.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(pcm.numpy().tobytes())


def _fused(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    fused: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        found = re.fullmatch(r"(.*)\.(in|out)_projs\.\d+\.weight", name)
        if found is None:
            fused[name] = shape
            continue
        one = f"{found[1]}.in_proj_weight" if found[2] == "in" else f"{found[1]}.out_proj.weight"
        fused[one] = (fused.get(one, (0,))[0] + shape[0], *shape[1:])
    return fused


def _weight(name: str, shape: tuple[int, ...], numbers: Numbers) -> torch.Tensor:
    if name.endswith((".alpha", "cluster_usage", "_initialized")) or re.search(r"norm\d\.weight$", name):
        return torch.ones(shape)
    if name.endswith(".scale"):
        return torch.full(shape, MIMI["transformer"]["layer_scale"])
    if re.search(r"norm\d\.bias$", name):
        return torch.zeros(shape)
    inputs = shape[0] if ".convtr." in name else int(np.prod(shape[1:]))
    deviation = 1 / inputs**0.5
    if name.endswith(".bias"):
        deviation = 0.02
    elif name.endswith("embedding_sum"):
        deviation = 0.1
    elif name == "decoder.model.14.conv.conv.weight":
        deviation = 0.02  # the loudness of the whole codec, well below clipping
    return numbers.of(shape, deviation)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Write tiny random weights in the layout of the released ones.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    given = parser.parse_args()
    print(write(given.folder, seed=given.seed, dtype=getattr(torch, given.dtype)))


if __name__ == "__main__":
    main()
