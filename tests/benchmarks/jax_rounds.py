"""Time a round of `simple` on the JAX backend against a hand-written loop in JAX.

    python tests/benchmarks/jax_rounds.py [--rounds 32] [--repeats 7]

It needs `docs/examples/gankit-jax` installed. Both train the seed's networks at batch 128 in
float32, on the same random images, in one process. They take turns, so that a noisy machine is
unkind to both; the last columns are medians of the ratios of neighbours, by the clock and by the
work of all processors, which other people's work disturbs less. The loop by hand comes twice: with
JAX's own random numbers, and with those that cost it least.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from rounds import BATCH, LATENT, gankit_loop

G_WIDTHS, D_WIDTHS = (LATENT, 256, 512, 1024, 784), (784, 1024, 512, 256, 1)
DROP = 0.3
RATE, BETA1, BETA2, EPSILON = 2e-4, 0.5, 0.999, 1e-7
KINDS = ("threefry2x32", "unsafe_rbg")
"""JAX's own random numbers, and those that cost it least."""


def stack(key: jax.Array, widths: tuple[int, ...]) -> list[tuple[jax.Array, jax.Array]]:
    """Return the weights of dense layers, Glorot uniform."""
    glorot, keys = jax.nn.initializers.glorot_uniform(), jax.random.split(key, len(widths))
    pairs = zip(keys, itertools.pairwise(widths), strict=False)
    return [(glorot(k, pair, jnp.float32), jnp.zeros(pair[1], jnp.float32)) for k, pair in pairs]


def paint(weights: Any, noise: jax.Array) -> jax.Array:
    """Return `(n, 784)` images."""
    *hidden, (kernel, bias) = weights
    for w, b in hidden:
        noise = jax.nn.leaky_relu(noise @ w + b, 0.2)
    return jnp.tanh(noise @ kernel + bias)


def judge(weights: Any, images: jax.Array, key: jax.Array) -> jax.Array:
    """Return `(n, 1)` logits, with dropout."""
    *hidden, (kernel, bias) = weights
    for k, (w, b) in zip(jax.random.split(key, len(hidden)), hidden, strict=True):
        images = jax.nn.leaky_relu(images @ w + b, 0.2)
        kept = jax.random.bernoulli(k, 1 - DROP, images.shape)
        images = jnp.where(kept, images / (1 - DROP), 0)
    return images @ kernel + bias


def adam(weights: Any, slopes: Any, moments: Any) -> tuple[Any, Any]:
    """Return weights and moments after an update."""
    m, v, t = moments
    t = t + 1
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, slopes)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, slopes)
    rate, share = RATE / (1 - BETA1**t), 1 / (1 - BETA2**t)
    weights = jax.tree.map(
        lambda w, m, v: w - rate * m / (jnp.sqrt(share * v) + EPSILON), weights, m, v
    )
    return weights, (m, v, t)


def hand_loop(images: np.ndarray, kind: str) -> Callable[[int], None]:
    """Return a loop as a careful tutorial writes it: rounds are one `lax.scan`, its state donated.

    `kind` is one of `KINDS`.
    """
    key = jax.random.key(0, impl=kind)
    data = jnp.asarray((images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5)
    networks = stack(key, G_WIDTHS), stack(key, D_WIDTHS)
    zeros = [jax.tree.map(jnp.zeros_like, weights) for weights in networks]
    start = [(z, jax.tree.map(jnp.copy, z), jnp.zeros((), jnp.float32)) for z in zeros]

    def one_round(state: Any, key: jax.Array) -> tuple[Any, Any]:
        (g, d), (g_adam, d_adam) = state
        of_noise, of_index, first, second = jax.random.split(key, 4)
        noise = jax.random.normal(of_noise, (BATCH, LATENT), jnp.float32)
        real = data[jax.random.randint(of_index, (BATCH,), 0, len(data))]
        joined = jnp.concatenate([paint(g, noise), real])
        sign = jnp.repeat(jnp.array([1.0, -1.0], jnp.float32), BATCH)[:, None]

        def of_discriminator(d: Any) -> jax.Array:
            return 2 * jax.nn.softplus(sign * judge(d, joined, first)).mean()

        def of_generator(g: Any) -> jax.Array:
            return jax.nn.softplus(-judge(d, paint(g, noise), second)).mean()

        d_loss, slopes = jax.value_and_grad(of_discriminator)(d)
        d, d_adam = adam(d, slopes, d_adam)
        g_loss, slopes = jax.value_and_grad(of_generator)(g)
        g, g_adam = adam(g, slopes, g_adam)
        return ((g, d), (g_adam, d_adam)), (d_loss, g_loss)

    compiled = jax.jit(lambda state, keys: lax.scan(one_round, state, keys), donate_argnums=0)
    held = [(networks, tuple(start)), key]

    def run(rounds: int) -> None:
        held[1], *keys = jax.random.split(held[1], rounds + 1)
        held[0], losses = compiled(held[0], jnp.stack(keys))
        jax.block_until_ready(losses)

    return run


def timed(run: Callable[[int], None], rounds: int) -> tuple[float, float]:
    """Return the milliseconds that a round takes: those that pass, and those of all processors."""
    began, worked = time.perf_counter(), time.process_time()
    run(rounds)
    spent = time.perf_counter() - began, time.process_time() - worked
    return spent[0] / rounds * 1e3, spent[1] / rounds * 1e3


def measure(rounds: int, repeats: int) -> None:
    """Print a line for each loop."""
    images = np.random.default_rng(0).integers(0, 256, (10000, 28, 28, 1), dtype=np.uint8)
    runs = {"gankit": gankit_loop("jax", images)}
    runs |= {f"by hand, {kind}": hand_loop(images, kind) for kind in KINDS}
    turns = [{name: timed(run, rounds) for name, run in runs.items()} for _ in range(repeats + 2)]
    for name in runs:
        wall, work = (statistics.median(turn[name][i] for turn in turns[2:]) for i in (0, 1))
        ratios = [[turn["gankit"][i] / turn[name][i] for turn in turns[2:]] for i in (0, 1)]
        told = " and ".join(f"{statistics.median(ratio):.2f}" for ratio in ratios)
        print(f"{name:<22} {wall:6.1f} ms, processors {work:6.1f} ms   gankit's part of it {told}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=7)
    chosen = parser.parse_args()
    measure(chosen.rounds, chosen.repeats)


if __name__ == "__main__":
    main()
