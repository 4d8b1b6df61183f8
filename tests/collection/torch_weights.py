"""The weights of PyTorch's networks: values as after training, and their number."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tests.collection.trained import trained

_Norm = nn.modules.batchnorm._BatchNorm
_Layer = (nn.modules.conv._ConvNd, nn.Linear)
"""Layers whose weights can hold those of a batch normalization behind them."""


def train(model: nn.Module) -> nn.Module:
    """Give every parameter and every number of a normalization seeded values of its own.

    Frozen weights of several axes are left as they are: they are random, or tables of sines.
    """
    named = model.named_parameters()
    changing = [(name, p) for name, p in named if p.requires_grad or p.ndim == 1]
    norms = [
        pair for module in model.modules() if _is_norm(module) for pair in module.named_buffers()
    ]
    floats = [(name, buffer) for name, buffer in norms if buffer.is_floating_point()]
    with torch.no_grad():
        for number, (name, tensor) in enumerate(changing + floats):
            values = trained(tensor.numpy(), number, positive=name.endswith("running_var"))
            tensor.copy_(torch.from_numpy(values))
    return model


def parameters_of(model: nn.Module) -> int:
    """Number of parameters, frozen ones too; one that several modules share counts once."""
    return sum(p.numel() for p in model.parameters())


def folded_of(model: nn.Module, inputs: tuple[object, ...]) -> int | None:
    """Number of parameters after all batch normalizations are folded into the layers before them.

    A normalization that does not directly follow a layer stays as it is; None if all do. Frozen
    ones, which have no parameters, are constant factors and terms in a file: those are added.
    """
    frozen = [norm for norm in model.modules() if _is_norm(norm) and not isinstance(norm, _Norm)]
    added = sum(norm.weight.numel() + norm.bias.numel() for norm in frozen)
    made: dict[int, tuple[nn.Module, Tensor]] = {}
    taken: dict[nn.Module, int] = {}

    def after_layer(layer: nn.Module, _: object, output: Tensor) -> None:
        made[id(output)] = (layer, output)  # kept, so that no other tensor gets its id

    def before_norm(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        if id(given[0]) in made:
            layer, _ = made[id(given[0])]
            gained = norm.num_features if layer.bias is None else 0
            taken[norm] = parameters_of(norm) - gained

    hooks = [
        module.register_forward_hook(after_layer)
        if isinstance(module, _Layer)
        else module.register_forward_pre_hook(before_norm)
        for module in model.modules()
        if isinstance(module, (*_Layer, _Norm))
    ]
    with torch.no_grad():
        model(*inputs)
    for hook in hooks:
        hook.remove()
    if not taken and not frozen:
        return None
    return parameters_of(model) - sum(taken.values()) + added


def _is_norm(module: nn.Module) -> bool:
    """Whether it has running statistics: PyTorch's, or torchvision's frozen normalization."""
    return hasattr(module, "running_mean")
