"""The followers of a problem: scalars that follow the discriminator's logits."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gankit.contract import Problem, State, add_prefix, strip_prefix
from gankit.functional import Tensors, follow
from gankit_torch.operations import TorchOperations


class Followers:
    """The scalars of all followers, on the device.

    Attributes
    ----------
    scalars
        Those of each follower, by its name in the state; float64.
    """

    def __init__(self, problem: Problem, ops: TorchOperations, device: torch.device) -> None:
        self._followers, self._ops = problem.followers, ops
        self._names = problem.logged_scalars
        self._initial = {name: f.initial_scalars() for name, f in self._followers.items()}
        exact = "cpu" if device.type == "mps" else device  # mps has no float64.
        self.scalars: dict[str, Tensors] = {
            name: {
                key: torch.tensor(float(number), dtype=torch.float64, device=exact)
                for key, number in scalars.items()
            }
            for name, scalars in self._initial.items()
        }

    def move(self, real: Tensor, fake: Tensor) -> None:
        """Move all after a discriminator update with these `(B,)` logits."""
        for name, follower in self._followers.items():
            scalars = self.scalars[name]
            self.scalars[name] = follow(self._ops, follower, scalars, real.detach(), fake.detach())

    def logged(self, like: Tensor) -> list[Tensor]:
        """Return the scalars that are columns of the losses, as the loss `like` is."""
        state = {f"{n}/{key}": x for n, own in self.scalars.items() for key, x in own.items()}
        return [state[name].to(like) for name in self._names]

    def state(self) -> State:
        """Return copies, with the dtypes of the start."""
        state: State = {}
        for name, scalars in self._initial.items():
            copies = {
                key: np.array(self.scalars[name][key].item(), first.dtype)
                for key, first in scalars.items()
            }
            state |= add_prefix(name, copies)
        return state

    def load_state(self, state: State) -> None:
        """Load a validated state."""
        for name, scalars in self.scalars.items():
            for key, number in strip_prefix(state, name).items():
                scalars[key] = torch.full_like(scalars[key], float(number))
