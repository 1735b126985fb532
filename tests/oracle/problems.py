"""Random problems, each from a seed.

Three things are left out, since two right programs may differ there by more than rounding:

- A bias in front of a batch normalisation: its gradient is rounding alone, and an optimizer that
  divides by its size makes an update of it. Layers before a batch normalisation have no bias.
- Batches of fewer than 4 images: a batch normalisation of nearly equal rows divides by nearly 0.
- A kink (relu, leaky-relu) right after a batch normalisation in a network with dropout, or behind
  another kink: rows that are equal there lie on the kink, and rounding says on which side.
  A batch normalisation is followed by tanh or sigmoid.
"""

import math
import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from gankit.augment import TRANSFORMS, Augment
from gankit.codes import Code
from gankit.conditions import Condition
from gankit.contract import Problem
from gankit.layers import (
    AveragePool,
    BatchNorm,
    BlurPool,
    BlurUpsample,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    MinibatchStd,
    Projection,
    ReconstructionLogit,
    ReLU,
    Reshape,
    Residual,
    SelfAttention,
    Sigmoid,
    Tanh,
    Upsample,
)
from gankit.losses import BUILTIN, began, ebgan, lecam, smoothed, swapped
from gankit.optimizers import SGD, Adam, Average, RMSprop
from gankit.passes import FurtherNetwork
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.terms import Term
from gankit.testing.following_loss import FOLLOWING
from tests.oracle import losses

CLASSES = 3
IMAGES = 24
FIRST, LATER = BUILTIN[:7], BUILTIN[7:10]
"""The losses of the first problems; later ones are drawn apart, so that old problems stay."""


@dataclass(frozen=True)
class Case:
    """A problem with its data; `smoothing` is already in the problem's loss."""

    problem: Problem
    images: np.ndarray
    labels: np.ndarray | None
    batch: int
    n_critic: int
    smoothing: float
    source: np.ndarray | None = None


@cache
def case(number):
    """Return the random problem of this seed."""
    chance = random.Random(number)  # noqa: S311 - no secret hangs on it.
    shape = (2 * chance.randint(2, 4), 2 * chance.randint(2, 3), chance.randint(1, 3))
    labelled = chance.random() < 0.5
    auxiliary = chance.choice([0.5, 1.0]) if labelled and chance.random() < 0.4 else 0.0
    loss, smoothing = chance.choice(FIRST), 0.0
    if loss.of_fakes and chance.random() < 0.3:
        smoothing = chance.choice([0.1, 0.25])
    problem = Problem(
        generator=painter(chance, shape, labelled=labelled),
        discriminator=critic(chance, shape, labelled=labelled, classifier=auxiliary > 0),
        latent=chance.randint(2, 6),
        image_shape=shape,
        loss=smoothed(loss, smoothing),
        generator_optimizer=optimizer(chance),
        discriminator_optimizer=optimizer(chance),
        fresh_noise=chance.random() < 0.5,
        average=Average(half_life=50.0, ramp=chance.choice([0, 0.5]))
        if chance.random() < 0.5
        else None,
        classes=CLASSES if labelled else 0,
        auxiliary=auxiliary,
        penalties=tuple(penalty(chance) for _ in range(chance.choice([0, 1, 1, 2]))),
        augment=augment(chance),
        instance_noise=chance.choice([0.0, 0.0, 0.1, Schedule("linear", 0.3, 0.0, 60)]),
        flip=chance.random() < 0.3,
        precision="float64",
        seed=number,
    )
    problem = replace(problem, freeze=frozen(problem, random.Random(f"freeze {number}")))  # noqa: S311
    if not smoothing and random.Random(f"follow {number}").random() < 0.15:  # noqa: S311
        problem = replace(problem, loss=FOLLOWING)
    later = random.Random(f"one of the later losses {number}")  # noqa: S311
    if not smoothing and later.random() < 0.3:
        problem = replace(problem, loss=later.choice(LATER))
    powers = random.Random(f"power {number}")  # noqa: S311
    problem = replace(problem, penalties=tuple(raised(powers, p) for p in problem.penalties))
    problem = replace(problem, discriminator=attentive(random.Random(f"see {number}"), problem))  # noqa: S311
    problem = replace(problem, **coded(random.Random(f"codes {number}"), problem))  # noqa: S311
    problem = replace(problem, **mapped(random.Random(f"maps {number}"), problem))  # noqa: S311
    problem = replace(problem, terms=matched(random.Random(f"match {number}"), problem))  # noqa: S311
    problem = replace(problem, **sourced(random.Random(f"sources {number}"), problem))  # noqa: S311
    problem = replace(problem, **encoded(random.Random(f"encode {number}"), problem))  # noqa: S311
    problem = replace(problem, **vectored(random.Random(f"vectors {number}"), problem))  # noqa: S311
    problem = replace(problem, **scheduled(random.Random(f"schedules {number}"), problem))  # noqa: S311
    problem = replace(problem, discriminator=compared(random.Random(f"compare {number}"), problem))  # noqa: S311
    problem = replace(problem, generator=classed(random.Random(f"classes {number}"), problem))  # noqa: S311
    energies = random.Random(f"errors {number}")  # noqa: S311
    problem = replace(problem, **energetic(energies, problem, smoothing))
    problem = replace(problem, **informed(random.Random(f"views {number}"), problem))  # noqa: S311
    pixels = np.random.default_rng(number)
    images = pixels.integers(0, 256, (IMAGES, *shape), np.uint8)
    labels = pixels.integers(0, CLASSES, IMAGES) if labelled else None
    if problem.classifies and problem.takes_unlabelled:
        labels[pixels.random(IMAGES) < 0.7] = -1
    if problem.conditions:
        labels = pixels.uniform(-1, 1, (IMAGES, CLASSES))
        labels = (labels > 0).astype(np.float64) if problem.conditions[0].binary else labels
    source = pixels.integers(0, 256, images.shape, np.uint8) if problem.source else None
    counts = chance.randint(4, 7), chance.randint(1, 2)
    return Case(problem, images, labels, *counts, smoothing, source)


def coded(chance, problem):
    """Return codes, with heads and terms, for a quarter of the problems whose last layer is dense.

    A head of labels is that of SGAN.
    """
    last = problem.discriminator[-1]
    if chance.random() < 0.75 or not isinstance(last, Dense):
        return {}
    both = ("generator", "discriminator")
    codes, heads, terms = [], {}, []
    for name in ("one", "two")[: chance.randint(1, 2)]:
        kind = chance.choice(["cross-entropy", "l2", "gaussian"])
        code_kind = (
            chance.choice(["uniform", "normal"]) if kind != "cross-entropy" else "categorical"
        )
        code = Code(name, code_kind, chance.randint(2, 3))
        codes.append(code)
        heads[name] = 2 * code.size if kind == "gaussian" else code.size
        sides = chance.choice([both, ("generator",), ("discriminator",)])
        weight = chance.choice([0.1, 1.0])
        kind = "l1" if kind == "l2" and chance.random() < 0.5 else kind
        terms.append(Term(kind, f"fake/{name}", f"code/{name}", sides, weight))
    if problem.classes and not problem.auxiliary and chance.random() < 0.5:
        heads["class"] = problem.classes
        terms.append(Term("cross-entropy", "real/class", "label", ("discriminator",), 0.5))
    wider = replace(last, units=last.units + sum(heads.values()))
    discriminator = (*problem.discriminator[:-1], wider)
    return {"discriminator": discriminator, "codes": codes, "heads": heads, "terms": terms}


def informed(chance, problem):
    """Return the terms, with the information of two views of a head in half of the problems."""
    heads = [name for name, size in problem.heads.items() if size > 1]
    if not heads or not (problem.augment or problem.noisy) or chance.random() < 0.5:
        return {}
    term = Term("mutual-information", f"real/{chance.choice(heads)}", weight=0.5)
    return {"terms": (*problem.terms, term)}


def vectored(chance, problem):
    """Return labels that are vectors, of attributes or real numbers, for half of the problems.

    If the last layer is dense, a head learns them.
    """
    if not problem.classes or problem.classifies or chance.random() < 0.5:
        return {}
    binary = chance.random() < 0.5
    conditions = [Condition(name, 0 if binary else -1, 1, binary=binary) for name in "abc"]
    changes = {"classes": 0, "conditions": conditions}
    last = problem.discriminator[-1]
    if problem.logits_per_image > 1 or not isinstance(last, Dense):
        return changes
    kind = "binary-cross-entropy" if binary else chance.choice(["l1", "l2", "gaussian"])
    size = CLASSES * (2 if kind == "gaussian" else 1)
    terms = (
        Term(kind, "real/values", "label", ("discriminator",), 0.5),
        Term(kind, "fake/values", "label"),
    )
    wider = replace(last, units=last.units + size)
    return changes | {
        "discriminator": (*problem.discriminator[:-1], wider),
        "heads": {**problem.heads, "values": size},
        "terms": (*problem.terms, *terms),
    }


def matched(chance, problem):
    """Return the terms, with feature matching in a fifth of the problems.

    It is beside the implied adversarial loss, or one that a term names, or alone.
    """
    if chance.random() < 0.8:
        return problem.terms
    count = len(problem.discriminator)
    layer = chance.randrange(-count, count)
    names = f"fake/logit@{layer}", f"real/logit@{layer}"
    term = Term("feature-matching", *names, weight=chance.choice([0.1, 1.0]))
    named = chance.choice([
        (),
        (Term("adversarial", weight=0.5),),
        (Term("adversarial", sides=("discriminator",)),),
    ])  # fmt: skip
    return (*named, *problem.terms, term)


def encoded(chance, problem):
    """Return an encoder whose codes the discriminator sees beside images, for some problems.

    Real images have their code, fakes their noise; a loss that is not paired is swapped.
    """
    rows = isinstance(problem.discriminator[0], Flatten)
    between = any(penalty.where in ("between", "around") for penalty in problem.penalties)
    if problem.source or not rows or between or problem.freeze or chance.random() < 0.3:
        return {}
    width = problem.noise_width
    drop = (Dropout(0.25),) if chance.random() < 0.5 else ()
    encoder = (Flatten(), *hidden(chance, 5), *drop, Dense(width))
    first, *others = problem.discriminator
    return {
        "networks": {"encoder": FurtherNetwork("generator", encoder)},
        "passes": {"code": "encoder(real)"},
        "sees": {"real": ("real", "code"), "fake": ("fake", "noise")},
        "discriminator": (first, Concat(1), *shifted(others)),
        "loss": problem.loss if problem.loss.paired else swapped(problem.loss),
    }


def shifted(spec):
    """Return layers that follow one more: those that name an earlier layer count it."""
    return [
        Concat(f"@{layer.source + 1}")
        if isinstance(layer, Concat) and layer.source is not None
        else layer
        for layer in spec
    ]


def sourced(chance, problem):
    """Return pairs, a generator of sources and a term of images, for some of the problems."""
    plain = not (problem.freeze or problem.augment or problem.noisy or problem.codes)
    if not plain or chance.random() < 0.4:
        return {}
    channels = problem.image_shape[2]
    generator = (Conv(2, 3, padding=1), smooth(chance), Concat("@0"), Conv(channels, 1), Tanh())
    term = Term(chance.choice(["l1", "l2"]), "fake", "real", weight=2.0)
    return {
        "generator": generator,
        "discriminator": (Concat(1), *problem.discriminator),
        "inputs": "source",
        "sees": {"real": ("real", "source"), "fake": ("fake", "source")},
        "source": "paired",
        "source_shape": problem.image_shape,
        "terms": (*problem.terms, term),
    }


def mapped(chance, problem):
    """Return a discriminator with instance normalisation, concat or a map of logits, or nothing."""
    spec = problem.discriminator
    if not problem.freeze and chance.random() < 0.25:
        spec = (InstanceNorm(1e-2), Tanh(), Concat("@0"), *spec)
    last = spec[-1]
    plain = isinstance(last, Dense) and last.units == 1 and not (problem.auxiliary or problem.heads)
    if plain and chance.random() < 0.25:
        spec = (*spec[:-1], replace(last, units=6), Reshape((3, 2, 1)))
    return {"discriminator": spec}


def attentive(chance, problem):
    """Return the discriminator, in some problems with attention before its first layer."""
    spectral, frozen = chance.random() < 0.5, any("disc" in part for part in problem.freeze)
    if frozen or chance.random() < 0.8:
        return problem.discriminator
    attention = SelfAttention(chance.randint(1, 3), gain=2.0, spectral=spectral)
    return (attention, Tanh(), *problem.discriminator)


def scheduled(chance, problem):
    """Return schedules of an augmentation's chance and of the average's half-life, for some."""
    changes = {}
    if problem.augment and not problem.augment.adaptive and chance.random() < 0.5:
        rising = Schedule("cosine", 0.2, 0.9, 60)
        changes["augment"] = replace(problem.augment, chance=rising)
    if problem.average and chance.random() < 0.5:
        rising = Schedule("linear", 0.0, 50.0, 60)
        changes["average"] = replace(problem.average, half_life=rising)
    return changes


def compared(chance, problem):
    """Return the discriminator, in some problems with images blurred and compared."""
    spec, source = problem.discriminator, problem.source
    if problem.freeze or source or any("@" in term.of for term in problem.terms):
        return spec
    if chance.random() < 0.2 and not any(isinstance(layer, Concat) for layer in spec):
        spec = (BlurPool(), BlurUpsample(), *spec)
    if chance.random() < 0.3 and isinstance(spec[-1], Dense):
        spec = (*spec[:-1], MinibatchStd(0, chance.choice([0.5, 0.9]), 1e-3), spec[-1])
    return spec


def classed(chance, problem):
    """Return the generator; if there are labels, some batch normalisations are those of classes."""
    return tuple(
        replace(layer, conditional=chance.random() < 0.5)
        if isinstance(layer, BatchNorm) and problem.label_format and not problem.takes_unlabelled
        else layer
        for layer in problem.generator
    )


def energetic(chance, problem, smoothing):
    """Return an autoencoder as the discriminator, another loss, LeCam, and features apart.

    Each is for some of the problems.
    """
    changes, shape, last = {}, problem.image_shape, problem.discriminator[-1]
    plain = problem.discriminator_output_shape == (1,) and not isinstance(last, Reshape)
    if plain and chance.random() < 0.4:
        image = (Dense(math.prod(shape)), Tanh(), Reshape(shape))
        logit = ReconstructionLogit(chance.choice(["l1", "l2"]))
        changes["discriminator"] = (*problem.discriminator[:-1], *image, logit)
        if not (smoothing or problem.networks):
            own = chance.choice([ebgan(losses.MARGIN), began(losses.GAMMA, losses.RATE)])
            changes["loss"] = own
    loss = changes.get("loss", problem.loss)
    if not loss.follower and chance.random() < 0.2:
        changes["loss"] = lecam(loss, losses.LECAM, losses.DECAY)
    if chance.random() < 0.15:
        layer = chance.randrange(len(problem.discriminator) - 1)
        term = Term("pulling-away", f"fake/logit@{layer}", weight=0.5)
        changes["terms"] = (*problem.terms, term)
    return changes


def frozen(problem, chance):
    """Return up to two layers of each network that has more, for a third of the problems."""
    if chance.random() < 0.67:
        return ()
    parts = []
    for side in ("generator", "discriminator"):
        names = {n.split("/")[1] for n in problem.initial_weights() if n.startswith(f"{side}/")}
        weighted = sorted({int(name.split(".")[0]) for name in names})
        count = min(chance.randint(0, 2), len(weighted) - 1)
        parts += [f"{side}:{position}" for position in chance.sample(weighted, count)]
    return tuple(parts)


def painter(chance, shape, *, labelled):
    """Return a random generator."""
    height, width, channels = shape
    first = (Embedding(chance.randint(1, 3)),) if labelled and chance.random() < 0.7 else ()
    form = chance.choice(["dense", "transposed", "upsampled"])
    if form == "dense":
        body = hidden(chance, chance.randint(4, 9)) + residual(chance)
        return (*first, *body, Dense(height * width * channels), Tanh(), Reshape(shape))
    filters = chance.randint(1, 4)
    small = (height // 2, width // 2, filters)
    body = (*hidden(chance, height * width * filters // 4), Reshape(small))
    spectral = chance.random() < 0.3
    if form == "transposed":
        side = chance.choice([2, 4])
        last = ConvTranspose(channels, side, 2, side // 2 - 1, spectral=spectral)
        return (*first, *body, last, Tanh())
    block = convolved(chance, filters, chance.randint(1, 4))
    return (*first, *body, Upsample(2), *block, Conv(channels, 3, padding=1), Tanh())


def critic(chance, shape, *, labelled, classifier):
    """Return a random discriminator."""
    told = labelled and not classifier
    first = (Embedding(2),) if told and chance.random() < 0.4 else ()
    body = (Flatten(), *hidden(chance, chance.randint(4, 9)), *residual(chance))
    if chance.random() < 0.6:
        pool = (AveragePool(2),) if chance.random() < 0.5 else ()
        channels = shape[2] + (2 if first else 0)
        body = (*convolved(chance, channels, chance.choice([1, 2, 4])), *pool, Flatten())
        body += hidden(chance, 5) if chance.random() < 0.4 else ()
    drop = (Dropout(chance.choice([0.1, 0.3, 0.5])),) if chance.random() < 0.4 else ()
    spectral = chance.random() < 0.3
    last = Dense(1 + CLASSES if classifier else 1, spectral=spectral)
    if told and chance.random() < 0.6:
        last = Projection(spectral=spectral)
    return (*first, *body, *drop, last)


def hidden(chance, units):
    """Return a dense layer and random layers after it."""
    norm = chance.choice(["none", "none", "batch", "layer"])
    if norm == "batch":
        return (Dense(units, bias=False), batch_norm(chance), smooth(chance))
    init = chance.choice(["glorot-uniform", "fan-in-normal", "normal"])
    dense = Dense(units, bias=chance.random() < 0.8, init=init, spectral=chance.random() < 0.3)
    return (dense, *([LayerNorm(1e-3)] if norm == "layer" else []), bent(chance))


def residual(chance):
    """Return no layer, or a residual block."""
    kind = chance.choice(["none", "plain", "dropped"])
    if kind == "none":
        return ()
    inner = (Dropout(0.25),) if kind == "dropped" else (smooth(chance),)
    return (Residual(inner), Residual((Dense(6), bent(chance)), shortcut=(Dense(6, bias=False),)))


def convolved(chance, channels, filters):
    """Return a convolution that keeps the size, and random layers after it."""
    groups = 2 if channels % 2 == filters % 2 == 0 and chance.random() < 0.5 else 1
    spectral, side = chance.random() < 0.4, chance.choice([1, 3])
    conv = Conv(filters, side, padding=side // 2, groups=groups, spectral=spectral)
    match chance.choice(["none", "batch", "layer"]):
        case "batch":
            return (replace(conv, bias=False), batch_norm(chance), smooth(chance))
        case "layer":
            return (conv, LayerNorm(1e-3), bent(chance))
    return (conv, bent(chance))


def batch_norm(chance):
    return BatchNorm(chance.choice([0.0, 0.7, 0.9]), chance.choice([1e-3, 1e-5]))


def smooth(chance):
    return chance.choice([Tanh(), Sigmoid()])


def bent(chance):
    return chance.choice([Tanh(), Sigmoid(), LeakyReLU(0.2), LeakyReLU(0.01), ReLU()])


def optimizer(chance):
    """Return one of the three optimizers, sometimes with a schedule or a clip."""
    rate = chance.choice([0.01, 0.003, Schedule("cosine", 0.01, 0.001, 60)])
    clip = 0.3 if chance.random() < 0.2 else None
    match chance.choice(["sgd", "rmsprop", "adam", "adam"]):
        case "sgd":
            return SGD(rate, clip=clip)
        case "rmsprop":
            return RMSprop(rate, decay=0.9, epsilon=1e-4, clip=clip)
    beta2 = chance.choice([0.999, 0.9, Schedule("linear", 0.9, 0.99, 60)])
    return Adam(rate, chance.choice([0.0, 0.5]), beta2, epsilon=1e-4, clip=clip)


def penalty(chance):
    """Return a penalty of any kind."""
    where = chance.choice(["real", "fake", "between", "around"])
    weight = chance.choice([0.1, 1.0, Schedule("linear", 1.0, 0.1, 60)])
    return Penalty(where, chance.choice([0.0, 1.0]), weight, 1e-4, every=chance.choice([1, 1, 2]))


def raised(chance, penalty):
    """Return a penalty, sometimes with another power of the norm if its target is 0."""
    power = chance.choice([2.0, 2.0, 3.0, 6.0])
    if penalty.target or power == 2:
        return penalty
    return replace(penalty, power=power, weight=1e-4)  # A larger one makes a run diverge.


def augment(chance):
    """Return no augmentation, or some transforms, adaptive or fixed."""
    if chance.random() < 0.5:
        return None
    policy = tuple(chance.sample(TRANSFORMS, chance.randint(1, len(TRANSFORMS))))
    adaptive = chance.random() < 0.4
    # No mean of signs is the target: rounding would decide between the two sides of it.
    return Augment(policy, adaptive, target=0.03, images=20.0, every=chance.choice([1, 2]))
