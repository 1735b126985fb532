"""The one door for models: a spec or a native module goes in, a `Player` comes out.

Native modules keep their framework's layout: images are `(n, channels, height, width)` inside
and `(n, height, width, channels)` outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gankit.backend import Array, Labels, Problem, State
from gankit.errors import ConfigError, NotPortable
from gankit.randomness import Key, Site, dropout_mask, framework_seed, keep_chance
from gankit.state import check_state, part
from gankit_torch.layers import Factors, Sequential
from gankit_torch.tensors import copy_into, to_array


@dataclass(frozen=True)
class Player:
    """A network in training and, called with arrays, in inference mode.

    Attributes
    ----------
    module
        A `Sequential` of a spec, or the user's own module.
    site
        Which of the two players it is.
    device, dtype
        Where it computes, and in what.
    """

    module: nn.Module
    site: Site
    device: torch.device
    dtype: torch.dtype

    @property
    def native(self) -> bool:
        """Whether the module is the user's own."""
        return not isinstance(self.module, Sequential)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The weights that training moves, by name."""
        return {name: p for name, p in self.module.named_parameters() if p.requires_grad}

    @property
    def repeats(self) -> bool:
        """Whether a pass gives the same outputs in either step: no dropout, no running state."""
        return isinstance(self.module, Sequential) and not self.module.drops

    def play(self, inputs: Tensor, key: Key, *, own: bool) -> Tensor:
        """Return the outputs in training mode; running state moves only in its `own` step."""
        if not self.native:
            return self._face(self.module(inputs, self._factors(key)))
        with torch.random.fork_rng(devices=_cuda(self.device)):
            torch.manual_seed(framework_seed(key, self.site))
            inputs = self._enter(inputs)
            if own:
                return self._face(self.module(inputs))
            buffers = {name: b.clone() for name, b in self.module.named_buffers()}
            return self._face(functional_call(self.module, buffers, (inputs,)))

    def __call__(self, inputs: Array, _labels: Labels | None = None, /) -> Array:
        """Return the outputs in inference mode, as an array."""
        self.module.eval()
        try:
            with torch.no_grad():
                outputs = self._face(self.module(self._enter(self.tensor(inputs))))
        finally:
            self.module.train()
        return outputs.cpu().numpy()

    def weights(self) -> State:
        """Return copies of the weights by the core's names."""
        if self.native:
            raise NotPortable(
                f"the {self.site.name.lower()} is a native torch module; "
                "give a spec to move its weights between backends"
            )
        return {name: to_array(value) for name, value in self.tensors().items()}

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.weights())
        for name, tensor in self.tensors().items():
            copy_into(tensor, weights[name])

    def tensors(self) -> dict[str, Tensor]:
        """Return the live parameters and running state by name."""
        return dict(self.module.state_dict())

    def tensor(self, array: Array) -> Tensor:
        """Copy an array to where the network computes.

        It is copied on a CPU too: products of matrices that start at other alignments may differ
        in their last bit, and PyTorch's own memory is aligned.
        """
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def _factors(self, key: Key) -> Factors:
        def factors(layer: int, shape: torch.Size, rate: float) -> Tensor:
            mask = torch.from_numpy(dropout_mask(key, self.site, layer, tuple(shape), rate))
            return mask.to(self.device, self.dtype).mul_(1 / keep_chance(rate))

        return factors

    def _enter(self, inputs: Tensor) -> Tensor:
        images = self.native and self.site is Site.DISCRIMINATOR
        return inputs.permute(0, 3, 1, 2).contiguous() if images else inputs

    def _face(self, outputs: Tensor) -> Tensor:
        """Bring outputs to the core's shapes: NHWC images, `(n,)` logits."""
        if self.site is Site.DISCRIMINATOR:
            return outputs.reshape(len(outputs))
        return outputs.permute(0, 2, 3, 1).contiguous() if self.native else outputs


def player(problem: Problem, site: Site, device: torch.device) -> Player:
    """Build a spec with its first weights, or let a native module through once it is checked."""
    dtype = torch.float64 if problem.precision == "float64" else torch.float32
    name = site.name.lower()
    model, shape = (
        (problem.generator, (problem.latent,))
        if site is Site.GENERATOR
        else (problem.discriminator, problem.image_shape)
    )
    if isinstance(model, tuple):
        found = Player(Sequential(model, shape).to(device, dtype), site, device, dtype)
        found.load_weights(part(problem.initial_weights(), name))
        return found
    if not isinstance(model, nn.Module):
        raise ConfigError(
            f"the {name} is a {type(model).__name__}; give a spec or an nn.Module, "
            "or name the backend that it is of"
        )
    found = Player(model.to(device), site, device, dtype)
    _check_native(found, problem, name)
    return found


def _check_native(found: Player, problem: Problem, name: str) -> None:
    """Hold a native module against what the problem says of it."""
    wrong = [p.dtype for p in found.module.parameters() if p.dtype != found.dtype]
    if wrong:
        raise ConfigError(f"the {name}'s weights are {wrong[0]}; the problem says {found.dtype}")
    height, width, channels = problem.image_shape
    shape, wanted = (
        ((problem.latent,), (channels, height, width))
        if found.site is Site.GENERATOR
        else ((channels, height, width), (1,))
    )
    made = _shape_made(found, shape, name)
    if made != wanted and not (wanted == (1,) and made == ()):
        raise ConfigError(f"the {name} makes {made} of {shape}; it must make {wanted}")


def _shape_made(found: Player, shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    """Return the shape that a native module makes of inputs of `shape`, without the batch."""
    found.module.eval()
    try:
        with torch.no_grad():
            outputs = found.module(torch.zeros(2, *shape, dtype=found.dtype, device=found.device))
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"the {name} does not take inputs of {shape}: {reason}") from error
    finally:
        found.module.train()
    return tuple(outputs.shape[1:])


def _cuda(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []
