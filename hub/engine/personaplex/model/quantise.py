"""Weights as int8, one scale for each output channel: 7.7 GB instead of 15.4, for cards of 16 GB.

Activations stay as they are. Each weight is made a float again right before it is used.
"""

from __future__ import annotations

from typing import Final

import torch
from moshi.models.lm import LMModel
from torch import nn

_LARGEST: Final = 127


class Int8Linear(nn.Linear):  # type: ignore[misc]  # torch is unknown to mypy
    """A linear layer without bias whose `weight` is computed from int8 each time it is asked for.

    `moshi` reads `weight` of its layers directly and takes their type for its caches: so it stays what it was.
    """

    def __init__(self, layer: nn.Linear) -> None:
        """Round the weights of a layer to the nearest of 255 steps per output channel."""
        nn.Module.__init__(self)
        if "bias" in dict(layer.named_parameters()):
            raise ValueError("a layer with a bias is not quantised")
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.register_parameter("bias", None)
        exact = layer.weight.detach().float()
        scale = exact.abs().amax(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny) / _LARGEST
        self.register_buffer("steps", torch.round(exact / scale).to(torch.int8))
        self.register_buffer("scale", scale.to(layer.weight.dtype))

    @property
    def weight(self) -> torch.Tensor:
        """[out, in], of the type the layer had."""
        return self.get_buffer("steps") * self.get_buffer("scale")


def quantise(model: LMModel) -> None:
    """Replace every linear layer of a language model, one after the other, by its int8 form."""
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear):
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, Int8Linear(layer))
