"""An expert's loop in JAX: steps are one `lax.scan`, its state donated."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from loops import BATCH, BETA1, BETA2, DISCRIMINATOR, DROP, GENERATOR, LATENT, RATE, SLOPE

EPSILON = 1e-7


def stack(key: jax.Array, widths: tuple[int, ...]) -> list[tuple[jax.Array, jax.Array]]:
    """Return the weights of dense layers, Glorot uniform."""
    glorot, keys = jax.nn.initializers.glorot_uniform(), jax.random.split(key, len(widths))
    pairs = zip(keys, itertools.pairwise(widths), strict=False)
    return [(glorot(k, pair, jnp.float32), jnp.zeros(pair[1], jnp.float32)) for k, pair in pairs]


def paint(weights: Any, noise: jax.Array) -> jax.Array:
    """Return `(n, 784)` images."""
    *hidden, (kernel, bias) = weights
    for w, b in hidden:
        noise = jax.nn.leaky_relu(noise @ w + b, SLOPE)
    return jnp.tanh(noise @ kernel + bias)


def discriminate(weights: Any, images: jax.Array, key: jax.Array) -> jax.Array:
    """Return `(n, 1)` logits, with dropout."""
    *hidden, (kernel, bias) = weights
    for k, (w, b) in zip(jax.random.split(key, len(hidden)), hidden, strict=True):
        images = jax.nn.leaky_relu(images @ w + b, SLOPE)
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


def loop(images: np.ndarray, random: str = "threefry2x32") -> Callable[[int], None]:
    """Return a function that runs n steps; "unsafe_rbg" is JAX's cheapest generator."""
    key = jax.random.key(0, impl=random)
    data = jnp.asarray((images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5)
    networks = stack(key, GENERATOR), stack(key, DISCRIMINATOR)
    zeros = [jax.tree.map(jnp.zeros_like, weights) for weights in networks]
    start = [(z, jax.tree.map(jnp.copy, z), jnp.zeros((), jnp.float32)) for z in zeros]

    def one_step(state: Any, key: jax.Array) -> tuple[Any, Any]:
        (g, d), (g_adam, d_adam) = state
        of_noise, of_index, first, second = jax.random.split(key, 4)
        noise = jax.random.normal(of_noise, (BATCH, LATENT), jnp.float32)
        real = data[jax.random.randint(of_index, (BATCH,), 0, len(data))]
        joined = jnp.concatenate([paint(g, noise), real])
        sign = jnp.repeat(jnp.array([1.0, -1.0], jnp.float32), BATCH)[:, None]

        def of_discriminator(d: Any) -> jax.Array:
            return 2 * jax.nn.softplus(sign * discriminate(d, joined, first)).mean()

        def of_generator(g: Any) -> jax.Array:
            return jax.nn.softplus(-discriminate(d, paint(g, noise), second)).mean()

        d_loss, slopes = jax.value_and_grad(of_discriminator)(d)
        d, d_adam = adam(d, slopes, d_adam)
        g_loss, slopes = jax.value_and_grad(of_generator)(g)
        g, g_adam = adam(g, slopes, g_adam)
        return ((g, d), (g_adam, d_adam)), (d_loss, g_loss)

    compiled = jax.jit(lambda state, keys: lax.scan(one_step, state, keys), donate_argnums=0)
    held = [(networks, tuple(start)), key]

    def run(steps: int) -> None:
        held[1], *keys = jax.random.split(held[1], steps + 1)
        held[0], losses = compiled(held[0], jnp.stack(keys))
        jax.block_until_ready(losses)

    return run
