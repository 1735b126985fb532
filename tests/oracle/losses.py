"""The built-in losses by torch's functions: `(discriminator's, generator's)` of logits."""

import torch
from torch.nn import functional

MARGIN, GAMMA, RATE = 0.3, 0.7, 0.5
"""The options of the losses "ebgan" and "began"."""
LECAM, DECAY = 0.3, 0.9
"""The weight and the decay of LeCam."""


def told(logits, target):
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def squared(logits, target):
    return 0.5 * functional.mse_loss(logits, torch.full_like(logits, target))


def margin(logits, side):
    return functional.hinge_embedding_loss(side * logits, -torch.ones_like(logits), margin=1.0)


def placed(real, fake, share):
    """Return the cross-entropy of one softmax over the batch: `share` of the mass is on `real`."""
    parts = (real, share), (fake, 1 - share)
    target = torch.cat([torch.full_like(half, mass / len(half)) for half, mass in parts])
    return functional.cross_entropy(torch.cat([real, fake])[None], target[None])


def followed(scalars, real, fake):
    """Return the scalars of a follower after an update, by its logits; their names tell which."""
    if "convergence" in scalars:
        return balanced(scalars, real, fake)
    if "real" in scalars:
        return averaged(scalars, real, fake)
    share = scalars["k"] + 0.05 * (real.mean() - fake.mean())
    return {
        "k": share.clamp(0, 1),
        "mean": torch.lerp(real.mean(), scalars["mean"], 0.9),
        "updates": scalars["updates"] + 1,
    }


def balanced(scalars, real, fake):
    """Return k and the convergence of BEGAN after an update; energies are minus the logits."""
    real, fake = -real.mean(), -fake.mean()
    balance = GAMMA * real - fake
    return {"k": (scalars["k"] + RATE * balance).clamp(0, 1), "convergence": real + balance.abs()}


def averaged(scalars, real, fake):
    """Return LeCam's means of the logits after an update."""
    return {
        name: torch.lerp(half.mean(), scalars[name], DECAY)
        for name, half in (("real", real), ("fake", fake))
    }


def lecam(real, fake, scalars):
    """Return LeCam's regularisation: each half is pulled to the other's mean."""
    pairs = (real, scalars["fake"]), (fake, scalars["real"])
    return LECAM * sum(functional.mse_loss(half, to.expand_as(half)) for half, to in pairs)


def discriminator(name, real, fake, smoothing, scalars):
    """Return the discriminator's loss with label smoothing by the share `smoothing`."""
    match name:
        case "nonsaturating" | "minimax" | "kl" | "bgan":
            return told(real, 1.0 - smoothing) + told(fake, 0.0)
        case "softmax":
            return placed(real, fake, 1.0)
        case "least-squares":
            constant = 0.5 * smoothing * (1 - smoothing)
            return squared(real, 1.0 - smoothing) + squared(fake, 0.0) + constant
        case "hinge":
            smooth = (1 - smoothing) * margin(real, 1) + smoothing * margin(real, -1)
            return smooth + margin(fake, -1)
        case "wasserstein":
            return fake.mean() - (1 - 2 * smoothing) * real.mean()
        case "relativistic":
            return told(real - fake, 1.0)
        case "relativistic-average":
            return told(real - fake.mean(), 1.0) + told(fake - real.mean(), 0.0)
        case "ebgan":
            return -real.mean() + functional.relu(MARGIN + fake).mean()
        case "began":
            return -real.mean() + scalars["k"] * fake.mean()
        case "following":
            pull = functional.mse_loss(fake, scalars["mean"].expand_as(fake))
            return told(real - fake, 1.0) + scalars["k"] * pull
    raise ValueError(name)


def generator(name, real, fake, scalars):
    match name:
        case "nonsaturating":
            return told(fake, 1.0)
        case "minimax":
            return -told(fake, 0.0)
        case "kl":
            return -fake.mean()
        case "bgan":
            return 0.5 * functional.mse_loss(fake, torch.zeros_like(fake))
        case "softmax":
            return placed(real, fake, 0.5)
        case "least-squares":
            return squared(fake, 1.0)
        case "hinge" | "wasserstein" | "ebgan" | "began":
            return -fake.mean()
        case "relativistic":
            return told(fake - real, 1.0)
        case "relativistic-average":
            return told(fake - real.mean(), 1.0) + told(real - fake.mean(), 0.0)
        case "following":
            return told(fake - real, 1.0) + scalars["k"] * told(fake, 1.0)
    raise ValueError(name)


PAIRED = ("relativistic", "relativistic-average", "softmax", "following")
