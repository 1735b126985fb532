"""torch's tensors for the losses of `gankit.functional`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from gankit.functional import Operations, Tensors
from gankit_torch import torch_functions


class TorchOperations(Operations):
    """The operations on torch's tensors."""

    xp = torch_functions

    def array(self, values: NDArray[Any], /) -> Tensor:
        """Return a tensor."""
        return torch.tensor(values, device=self.device)

    def constant(self, tensor: Tensor, /) -> Tensor:
        """Return the numbers without their gradient."""
        return tensor.detach()

    def scale(self, number: float | Tensor, tensor: Tensor, /) -> Tensor:
        """Return the product in the tensor's precision, also for a tensor of one number."""
        return (number.to(tensor.dtype) if isinstance(number, Tensor) else number) * tensor

    def float64(self, tensor: Tensor, /) -> Tensor:
        """Return a tensor in float64, which mps does not have."""
        return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()

    def input_vjp(
        self, f: Callable[[Tensor], tuple[Tensor, Tensors]], x: Tensor, /
    ) -> tuple[Tensor, Tensors, Callable[[Tensor], Tensor]]:
        """Return the values, and the derivative, which can be differentiated again."""
        x = x.detach().requires_grad_()
        value, extra = f(x)

        def pull(gradient: Tensor) -> Tensor:
            return torch.autograd.grad(value, x, gradient, create_graph=True)[0]

        return value, extra, pull

    def softplus(self, x: Tensor, /) -> Tensor:
        """Return log(1 + exp(x)); torch's own is linear above 20, too coarse for float64.

        The second derivative, which no update needs, is NaN where exp(-x) overflows: below -709 in
        float64, -88 in float32.
        """
        return torch.logaddexp(x, x.new_zeros(()))

    def relu(self, x: Tensor, /) -> Tensor:
        """Return max(x, 0)."""
        return x.relu()

    def cross_entropy(self, logits: Tensor, labels: Tensor, /) -> Tensor:
        """Return the mean of logsumexp(c) - c[label] for `(B,)` int64 labels, -1 for none."""
        summed = functional.cross_entropy(logits, labels, ignore_index=-1, reduction="sum")
        return summed / (labels >= 0).sum().clamp(min=1)

    def transpose(self, images: Tensor, /) -> Tensor:
        """Return images with rows in place of columns."""
        return images.transpose(1, 2)

    def shift(self, images: Tensor, offsets: Tensor, /) -> Tensor:
        """Shift each image by its row of offsets, int64; fill with zeros."""
        shifted: Tensor = _Shift.apply(images, offsets)  # type: ignore[no-untyped-call]
        return shifted

    def warp(self, images: Tensor, maps: Tensor, /) -> Tensor:
        """Return warped images: on a CPU by reading two pixels for each.

        Elsewhere the sums of the derivative would come in any order, and so with other bits.
        """
        if images.device.type != "cpu":
            warped: Tensor = super().warp(images, maps)
            return warped
        return _moved(_moved(images, maps[:, 0], 2), maps[:, 1], 1)

    def column_products(self, matrices: Tensor, images: Tensor, /) -> Tensor:
        """Return the product of a matrix for each column of each image with that column."""
        return torch.einsum("nxiy,nyxc->nixc", matrices, images)


class _Shift(Function):
    """A shift, whose derivative is the shift back; indexing would have to sum its gradients."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, offsets: Tensor) -> Tensor:  # noqa: ANN401 - torch's.
        ctx.save_for_backward(offsets)
        return _shift(images, offsets)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch's.
        (offsets,) = ctx.saved_tensors
        back: Tensor = _Shift.apply(gradient, -offsets)  # type: ignore[no-untyped-call]
        return back, None


def _shift(images: Tensor, offsets: Tensor) -> Tensor:
    count, height, width, _ = images.shape
    rows = torch.arange(height, device=images.device) - offsets[:, :1]
    columns = torch.arange(width, device=images.device) - offsets[:, 1:]
    inside = _inside(rows, height)[:, :, None] & _inside(columns, width)[:, None]
    image = torch.arange(count, device=images.device)[:, None, None]
    row, column = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    return images[image, row[:, :, None], column[:, None]] * inside[..., None]


def _moved(images: Tensor, numbers: Tensor, axis: int) -> Tensor:
    """Stretch, shear and shift the lines of images along an `axis`, 1 or 2.

    `numbers` are `(B, 3)`: scale, shear and shift, as in `gankit.augment.AugmentOps.warp`.
    """
    last, across = images.shape[axis] - 1, 3 - axis
    scale, shear, shift = (numbers[:, i].reshape(-1, 1, 1) for i in range(3))
    along, lines = (
        (torch.arange(count, dtype=images.dtype) - (count - 1) / 2).reshape(shape)
        for count, shape in ((last + 1, (-1, 1)), (images.shape[across], (1, -1)))
    )
    places = (scale * along + shear * lines + shift + last / 2).clamp(0, last)
    places = (places if axis == 1 else places.transpose(1, 2)).unsqueeze(3)
    first = places.floor().clamp(max=max(last - 1, 0))
    share, index = places - first, first.long().expand(-1, -1, -1, images.shape[3])
    low, high = images.gather(axis, index), images.gather(axis, (index + 1).clamp(max=last))
    return low + share * (high - low)


def _inside(positions: Tensor, side: int) -> Tensor:
    return (positions >= 0) & (positions < side)
