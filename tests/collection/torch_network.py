"""A PyTorch network to be exported, its inputs, and which of its modules a run calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tests.collection.torch_weights import train


@dataclass(frozen=True, slots=True)
class Input:
    """An input: its name, sizes, the axes whose size may change, and a bound of integer values."""

    name: str
    shape: tuple[int, ...]
    dynamic: dict[int, str] = field(default_factory=dict)
    below: int | None = None
    """Values are integers from 0 up to this; None for floats."""

    def value(self) -> Tensor:
        """Random values."""
        if self.below is None:
            return torch.randn(self.shape)
        return torch.randint(self.below, self.shape)


@dataclass(frozen=True, slots=True)
class Network:
    """A function that makes the network, and its inputs."""

    make: Callable[[], nn.Module]
    inputs: tuple[Input, ...]

    def built(self) -> tuple[nn.Module, tuple[Tensor, ...]]:
        """The network in evaluation mode and values of its inputs, the same in every run."""
        torch.manual_seed(0)
        return train(self.make().eval()), tuple(put.value() for put in self.inputs)


def modules_of(model: nn.Module, inputs: tuple[object, ...]) -> list[str]:
    """Names of the modules with parameters of their own that a run calls.

    Without batch normalization, which exporters merge into the convolution before it, and its
    name with it.
    """
    called: dict[str, None] = {}
    hooks = [
        module.register_forward_hook(lambda *_, name=name: called.setdefault(name))
        for name, module in model.named_modules()
        if any(True for _ in module.parameters(recurse=False))
        and not isinstance(module, nn.modules.batchnorm._BatchNorm)
    ]
    with torch.no_grad():
        model(*inputs)
    for hook in hooks:
        hook.remove()
    return [name for name in called if name]


BATCH = {0: "batch"}
