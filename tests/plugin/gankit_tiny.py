"""A whole backend for gankit: dense networks, trained by NumPy with derivatives by hand.

It is here to be read. A layer is a function that returns its outputs and the way back: a function
that turns the gradient of the outputs into that of the inputs.
"""

from types import SimpleNamespace

import numpy as np

import gankit
from gankit import layers
from gankit.backend import Backend
from gankit.optimizers import Adam
from gankit.randomness import Site, dropout_mask, keep_chance
from gankit.state import check_state, part, under


@gankit.hookimpl
def gankit_backends():
    """Offer the backend `tiny`."""
    yield Backend(
        "tiny", requires=(), build=Trainer, capabilities=frozenset({"float32", "float64"})
    )


class Network:
    """A network's weights by name, and what may be asked of it."""

    def __init__(self, spec, weights, site):
        self.spec, self.values, self.site = spec, weights, site

    def __call__(self, inputs, _labels=None):
        dtype = self.values[min(self.values)].dtype
        outputs, _ = self.forward(np.asarray(inputs, dtype), key=None, found={})
        return outputs[:, 0] if self.site == Site.DISCRIMINATOR else outputs

    def weights(self):
        return copied(self.values)

    def load_weights(self, weights):
        check_state(weights, self.values)
        assign(self.values, weights)

    def forward(self, x, key, found):
        """Return the outputs and the way back, which leaves the weights' gradients in `found`."""
        backs = []
        for position, layer in enumerate(self.spec):
            x, back = self.apply(position, layer, x, key, found)
            backs.insert(0, back)

        def backward(gradient):
            for back in backs:
                gradient = back(gradient)
            return gradient

        return x, backward

    def apply(self, position, layer, x, key, found):
        """Return the outputs of one layer and the way back; `key` means training mode."""
        match layer:
            case layers.Dense(bias=bias):
                return self.dense(f"{position}.", bias, x, found)
            case layers.LeakyReLU(slope=slope):
                return np.maximum(x, slope * x), lambda g: np.where(x > 0, g, slope * g)
            case layers.ReLU():
                return np.maximum(x, 0), lambda g: g * (x > 0)
            case layers.Tanh():
                return (y := np.tanh(x)), lambda g: g * (1 - y * y)
            case layers.Sigmoid():
                return (y := 0.5 * (1 + np.tanh(0.5 * x))), lambda g: g * y * (1 - y)
            case layers.Flatten():
                return x.reshape(len(x), -1), lambda g: g.reshape(x.shape)
            case layers.Reshape(shape=shape):
                return x.reshape(len(x), *shape), lambda g: g.reshape(x.shape)
            case layers.Dropout(rate=rate) if key:
                mask = dropout_mask(key, self.site, position, x.shape, rate)
                kept = mask.astype(x.dtype) / x.dtype.type(keep_chance(rate))
                return x * kept, lambda g: g * kept
        return x, lambda g: g

    def dense(self, name, bias, x, found):
        kernel = self.values[name + "kernel"]

        def back(gradient):
            found[name + "kernel"] = x.T @ gradient
            if bias:
                found[name + "bias"] = gradient.sum(0)
            return gradient @ kernel.T

        return x @ kernel + (self.values[name + "bias"] if bias else 0), back


class Optimizer:
    """SGD or Adam, by the formulas of `gankit.optimizers`."""

    def __init__(self, numbers, weights):
        self.numbers, self.state = numbers, {}
        if isinstance(numbers, Adam):
            zeros = {name: np.zeros_like(weight) for name, weight in weights.items()}
            self.state = (
                under("m", zeros) | under("v", copied(zeros)) | {"t": np.zeros((), np.int64)}
            )

    def update(self, weights, gradients, rate):
        if self.state:
            self.state["t"] += 1
            gradients = {name: self.adam(name, g) for name, g in gradients.items()}
        for name, gradient in gradients.items():
            weights[name] -= rate * gradient

    def adam(self, name, g):
        m, v, t, n = (
            self.state[f"m/{name}"],
            self.state[f"v/{name}"],
            int(self.state["t"]),
            self.numbers,
        )
        m += (1 - n.beta1) * (g - m)
        v += (1 - n.beta2) * (g * g - v)
        return m / (1 - n.beta1**t) / (np.sqrt(v / (1 - n.beta2**t)) + n.epsilon)


class Trainer:
    """A generator and a discriminator in training."""

    average = None

    def __init__(self, problem):
        weights = problem.initial_weights()
        self.loss, self.round = problem.loss, np.zeros((), np.int64)
        self.generator = Network(problem.generator, part(weights, "generator"), Site.GENERATOR)
        self.discriminator = Network(
            problem.discriminator, part(weights, "discriminator"), Site.DISCRIMINATOR
        )
        self.g_optimizer = Optimizer(problem.generator_optimizer, self.generator.values)
        self.d_optimizer = Optimizer(problem.discriminator_optimizer, self.discriminator.values)

    def discriminator_step(self, batch):
        fake, _ = self.generator.forward(batch.noise, batch.key, {})
        loss, _, moves = self.judge(batch, fake, self.loss.discriminator)
        rate = batch.rates["discriminator/learning_rate"]
        self.d_optimizer.update(self.discriminator.values, moves, rate)
        return loss

    def generator_step(self, batch):
        fake, back = self.generator.forward(batch.noise, batch.key, moves := {})
        loss, to_fake, _ = self.judge(batch, fake, self.loss.generator)
        back(to_fake)
        rate = batch.rates["generator/learning_rate"]
        self.g_optimizer.update(self.generator.values, moves, rate)
        self.round += 1
        return loss

    def judge(self, batch, fake, formula):
        """Return the loss, its gradient by the fake images, and those by D's weights."""
        joined = np.concatenate([fake, batch.real])
        logits, back = self.discriminator.forward(joined, batch.key, moves := {})
        loss, gradient = slope(formula, logits[:, 0], len(fake))
        return loss, back(gradient[:, None])[: len(fake)], moves

    def values(self):
        return {
            **under("generator", self.generator.values),
            **under("discriminator", self.discriminator.values),
            **under("optimizer/generator", self.g_optimizer.state),
            **under("optimizer/discriminator", self.d_optimizer.state),
            "round": self.round,
        }

    def state(self):
        return copied(self.values())

    def load_state(self, state):
        check_state(state, self.values())
        assign(self.values(), state)


class Dual:
    """A number or an array beside its derivatives by every logit: forward differentiation."""

    __array_ufunc__ = None

    def __init__(self, value, slopes):
        self.value, self.slopes = value, slopes

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other, 0)
        return Dual(self.value + other.value, self.slopes + other.slopes)

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other, 0)
        return Dual(self.value * other.value, self.slopes * other.value + self.value * other.slopes)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return other + -self


def slope(formula, logits, fakes):
    """Return the loss and its derivative by each logit; the first `fakes` are of fake images."""
    each = np.eye(len(logits), dtype=logits.dtype)  # Row: by which logit; column: of which.
    fake, real = Dual(logits[:fakes], each[:, :fakes]), Dual(logits[fakes:], each[:, fakes:])
    loss = formula(OPS, real, fake)
    return float(loss.value), loss.slopes[:, 0]


OPS = SimpleNamespace(
    softplus=lambda x: Dual(
        np.logaddexp(x.value, 0, dtype=x.value.dtype),
        x.slopes * (0.5 * (1 + np.tanh(0.5 * x.value))),
    ),
    relu=lambda x: Dual(x.value * (x.value > 0), x.slopes * (x.value > 0)),
    mean=lambda x: Dual(x.value.mean(), x.slopes.mean(axis=1, keepdims=True)),
)
"""The three operations that losses are written in."""


def copied(values):
    """Return copies of arrays."""
    return {name: value.copy() for name, value in values.items()}


def assign(values, state):
    """Copy numbers in place."""
    for name, value in values.items():
        value[...] = state[name]
