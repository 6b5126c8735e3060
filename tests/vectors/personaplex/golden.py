"""Makes `golden.json` with NVIDIA's own code: what its model says to a tiny set of random weights.

    NO_TORCH_COMPILE=1 NO_CUDA_GRAPH=1 PYTHONPATH=CHECKOUT/moshi \
        python tests/vectors/personaplex/golden.py WEIGHTS tests/vectors/personaplex/golden.json

CHECKOUT is https://github.com/NVIDIA/personaplex at 3428dfd. Its package has the import name of Kyutai's `moshi` and
goes before it (torch 2.13.0 for CPU, sphn 0.2.1, pyloudnorm 0.2.0, numpy 2.4.6, one thread). WEIGHTS is a folder that
`tests/hub/engine/personaplex/tiny.py` wrote with seed 0.

Each case is run twice: with NVIDIA's ring cache as it is, which hides its oldest entry once it is full, and with that
one line corrected, as Kyutai's has it. The codec's cache is full after 125 frames; from then on the two part.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import torch
from moshi.models import loaders
from moshi.models.compression import MimiModel
from moshi.models.lm import LMGen, LMModel
from moshi.modules import SEANetDecoder, SEANetEncoder, transformer
from moshi.quantization import SplitResidualVectorQuantizer
from safetensors.torch import load_file, load_model

sys.path.insert(0, str(Path(__file__).parents[2] / "hub" / "engine" / "personaplex"))
import tiny

FRAMES = 260  # with the prompt more than the 300 positions of the tiny window
PROMPT = "You enjoy having a good conversation. Your name is Jane."
CASES = [("TINYF0.pt", 11), ("TINYW0.wav", 12)]
RINGS = {"as_is": "delta <= 0", "corrected": "delta < 0"}


def language_model(folder: Path) -> LMModel:
    config = json.loads((folder / "config.json").read_text())
    arguments = {name: value for name, value in config.items() if not name.endswith("_name")}
    model = LMModel(**arguments)
    weights = {name: value.float() for name, value in load_file(folder / config["moshi_name"]).items()}
    model.load_state_dict(weights, strict=True)
    return model.eval()


def codec(folder: Path) -> MimiModel:
    config = json.loads((folder / "config.json").read_text())
    sizes = json.loads((folder / config["mimi_config_name"]).read_text())
    encoder, decoder = SEANetEncoder(**sizes["seanet"]), SEANetDecoder(**sizes["seanet"])
    model = MimiModel(
        encoder,
        decoder,
        SplitResidualVectorQuantizer(**sizes["quantizer"]),
        channels=1,
        sample_rate=loaders.SAMPLE_RATE,
        frame_rate=loaders.FRAME_RATE,
        encoder_frame_rate=loaders.SAMPLE_RATE / encoder.hop_length,
        causal=True,
        resample_method="conv",
        encoder_transformer=transformer.ProjectedTransformer(**sizes["transformer"]),
        decoder_transformer=transformer.ProjectedTransformer(**sizes["transformer"]),
    ).eval()
    load_model(model, folder / config["mimi_name"])
    model.set_num_codebooks(8)
    return model


def set_ring(line: str) -> None:
    source = inspect.getsource(transformer.RingKVCache)
    transformer.RingKVCache = _class(source.replace(RINGS["as_is"], line))


def _class(source: str) -> Any:
    names = dict(vars(transformer))
    exec(source, names)
    return names["RingKVCache"]


def run(folder: Path, voice: str, seed: int) -> dict[str, list[list[int]]]:
    config = json.loads((folder / "config.json").read_text())
    tokenizer = sentencepiece.SentencePieceProcessor(str(folder / config["tokenizer_name"]))
    mimi = codec(folder)
    generator = LMGen(
        language_model(folder),
        device="cpu",
        use_sampling=False,
        audio_silence_frame_cnt=int(0.5 * mimi.frame_rate),
        sample_rate=mimi.sample_rate,
        frame_rate=mimi.frame_rate,
    )
    mimi.streaming_forever(1)
    generator.streaming_forever(1)
    mimi.reset_streaming()
    generator.reset_streaming()
    path = str(folder / "voices" / voice)
    if voice.endswith(".pt"):
        generator.load_voice_prompt_embeddings(path)
    else:
        generator.load_voice_prompt(path)
    generator.text_prompt_tokens = tokenizer.encode(f"<system> {PROMPT} <system>")
    generator.step_system_prompts(mimi)
    mimi.reset_streaming()
    tokens, levels = [], []
    for pcm in tiny.user_audio(seed, FRAMES):
        step = generator.step(mimi.encode(torch.from_numpy(pcm)[None, None]))
        tokens.append(step[0, :9, 0].tolist())
        heard = mimi.decode(step[:, 1:9])[0, 0].numpy()
        levels.append(round(float(np.sqrt(np.mean(heard.astype(np.float64) ** 2))), 6))
    return {"tokens": tokens, "rms": levels}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the golden tokens with NVIDIA's code.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    cases = []
    with torch.no_grad():
        for voice, seed in CASES:
            case: dict[str, Any] = {"voice": voice, "prompt": PROMPT, "user_seed": seed, "frames": FRAMES}
            for ring, line in RINGS.items():
                set_ring(line)
                case[ring] = run(given.weights, voice, seed)
            cases.append(case)
    given.out.write_text(json.dumps({"weights_seed": 0, "cases": cases}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
