"""The augmentation of the discriminator's images: the transforms of DiffAugment, and noise."""

import torch
from torch.nn import functional


def view(images, half, batch, policy, p):
    """Return augmented images `(n, height, width, channels)`; `p` None means always."""
    for name in policy:
        drawn = {role: batch.random.get(f"augment/{half}/{name}/{role}") for role in ROLES}
        changed = TRANSFORMS[name](images, drawn)
        if p is not None:
            changed = torch.where(drawn["gate"] < p, changed, images)
        images = changed
    noise = batch.random.get(f"instance/{half}")
    return images if noise is None else images + batch.scalars["instance_noise"] * noise


ROLES = ("value", "offsets", "rows", "columns", "maps", "transposed", "gate")


def brightness(images, drawn):
    return images + drawn["value"]


def saturation(images, drawn):
    grey = images.mean(-1, keepdim=True)
    return torch.lerp(grey.expand_as(images), images, drawn["value"].expand_as(images))


def contrast(images, drawn):
    grey = images.mean((1, 2, 3), keepdim=True)
    return torch.lerp(grey.expand_as(images), images, drawn["value"].expand_as(images))


def translation(images, drawn):
    height, width = images.shape[1:3]
    moved = []
    for image, (down, right) in zip(images, drawn["offsets"].tolist(), strict=True):
        around = functional.pad(image, (0, 0, width, width, height, height))
        top, left = height - down, width - right
        moved.append(around[top : top + height, left : left + width])
    return torch.stack(moved)


def cutout(images, drawn):
    hidden = (drawn["rows"] > 0) & (drawn["columns"] > 0)
    return images.masked_fill(hidden, 0.0)


def affine(images, drawn):
    """Two passes of grid_sample, whose places are in [-1, 1] from the first to the last pixel."""
    height, width = images.shape[1:3]
    y, x = torch.meshgrid(
        *(torch.arange(side, dtype=images.dtype) - (side - 1) / 2 for side in (height, width)),
        indexing="ij",
    )
    across, down = drawn["maps"][:, :, :, None, None].unbind(1)
    moved = images.movedim(-1, 1)
    for places in (
        (across[:, 0] * x + across[:, 1] * y + across[:, 2], y.expand(len(images), -1, -1)),
        (x.expand(len(images), -1, -1), down[:, 0] * y + down[:, 1] * x + down[:, 2]),
    ):
        ends = zip(places, (width - 1, height - 1), strict=True)
        grid = torch.stack([2 * place / end for place, end in ends], -1)
        moved = functional.grid_sample(moved, grid, "bilinear", "border", align_corners=True)
    return moved.movedim(1, -1)


def turn(images, drawn):
    """Turn by quarters: which of the four, the numbers say."""
    down, across = (drawn["maps"][:, i, 0] < 0 for i in (1, 0))
    odd = drawn["transposed"]
    if odd is None:
        odd = torch.zeros(len(images))
    turned = []
    for image, *bits in zip(images, odd.flatten().tolist(), down, across, strict=True):
        quarters = {(0, 0): 0, (1, 0): 1, (1, 1): 2, (0, 1): 3}[tuple(int(b) for b in bits[1:])]
        assert quarters % 2 == bits[0]
        turned.append(torch.rot90(image, quarters, (0, 1)))
    return torch.stack(turned)


def flip(images, drawn):
    return torch.where(drawn["maps"][:, :1, :1, None] < 0, images.flip(2), images)


TRANSFORMS = {
    "brightness": brightness,
    "saturation": saturation,
    "contrast": contrast,
    "translation": translation,
    "cutout": cutout,
    "affine": affine,
    "flip": flip,
    "turn": turn,
}
