"""Time a round of `simple` on each backend against a hand-written loop of its framework.

    python tests/benchmarks/rounds.py [--rounds 32] [--repeats 7]

Both train the seed's networks at batch 128 in float32, on the same random images. They take
turns in one process per framework, so that a noisy machine is unkind to both; the last column is
the median of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BATCH, LATENT = 128, 100


def gankit_loop(name: str, images: np.ndarray) -> Callable[[int], None]:
    """Return what runs so many rounds of `simple` by gankit."""
    from gankit import plugins
    from gankit.config import from_settings
    from gankit.recipes import recipe
    from gankit.training import fit

    config = from_settings(recipe("simple").settings)
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    trainer = plugins.get_backend(name).trainer(problem)
    done = [0]

    def run(rounds: int) -> None:
        end = done[0] + rounds
        fit(trainer, problem, config.regime(), images, rounds=end, start=done[0])
        done[0] = end

    return run


def torch_loop(images: np.ndarray) -> Callable[[int], None]:
    """Return a PyTorch loop as a careful tutorial writes it."""
    import torch
    from torch import nn
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

    def stack(*widths: int, drop: float = 0.0) -> nn.Sequential:
        layers: list[nn.Module] = []
        for inputs, units in itertools.pairwise(widths):
            layers += [nn.Linear(inputs, units), nn.LeakyReLU(0.2)]
            layers += [nn.Dropout(drop)] if drop else []
        return nn.Sequential(*layers[: -2 if drop else -1])

    generator = nn.Sequential(stack(LATENT, 256, 512, 1024, 784), nn.Tanh())
    discriminator = stack(784, 1024, 512, 256, 1, drop=0.3)
    g_adam = torch.optim.Adam(generator.parameters(), 2e-4, (0.5, 0.999))
    d_adam = torch.optim.Adam(discriminator.parameters(), 2e-4, (0.5, 0.999))
    data = torch.from_numpy((images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5)
    target = torch.cat([torch.zeros(BATCH, 1), torch.ones(BATCH, 1)])

    def run(rounds: int) -> None:
        for _ in range(rounds):
            noise = torch.randn(BATCH, LATENT)
            real = data[torch.randint(len(data), (BATCH,))]
            joined = torch.cat([generator(noise).detach(), real])
            d_adam.zero_grad()
            cross_entropy(discriminator(joined), target).backward()
            d_adam.step()
            g_adam.zero_grad()
            cross_entropy(discriminator(generator(noise)), target[BATCH:]).backward()
            g_adam.step()

    return run


def keras_loop(images: np.ndarray) -> Callable[[int], None]:
    """Return a Keras loop with its round in one `tf.function`."""
    import keras
    import tensorflow as tf
    from keras import layers

    def stack(inputs: int, *widths: int, drop: float = 0.0) -> keras.Sequential:
        parts: list[keras.layers.Layer] = [keras.Input((inputs,))]
        for units in widths[:-1]:
            parts += [layers.Dense(units), layers.LeakyReLU(0.2)]
            parts += [layers.Dropout(drop)] if drop else []
        return keras.Sequential([*parts, layers.Dense(widths[-1])])

    generator = stack(LATENT, 256, 512, 1024, 784)
    generator.add(layers.Activation("tanh"))
    discriminator = stack(784, 1024, 512, 256, 1, drop=0.3)
    g_adam, d_adam = (keras.optimizers.Adam(2e-4, 0.5) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    data = tf.constant((images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5)
    target = tf.concat([tf.zeros((BATCH, 1)), tf.ones((BATCH, 1))], 0)

    @tf.function
    def one_round() -> None:
        noise = tf.random.normal((BATCH, LATENT))
        real = tf.gather(data, tf.random.uniform((BATCH,), 0, len(images), tf.int32))
        joined = tf.concat([generator(noise, training=True), real], 0)
        with tf.GradientTape() as tape:
            loss = cross_entropy(target, discriminator(joined, training=True))
        d_adam.apply(tape.gradient(loss, discriminator.trainable_variables))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([v.value for v in generator.trainable_variables])
            fooled = discriminator(generator(noise, training=True), training=True)
            loss = cross_entropy(target[BATCH:], fooled)
        g_adam.apply(tape.gradient(loss, generator.trainable_variables))

    def run(rounds: int) -> None:
        for _ in range(rounds):
            one_round()

    return run


LOOPS = {"torch": torch_loop, "keras": keras_loop}


def measure(name: str, rounds: int, repeats: int) -> None:
    """Print one framework's line."""
    images = np.random.default_rng(0).integers(0, 256, (10000, 28, 28, 1), dtype=np.uint8)
    runs = gankit_loop(name, images), LOOPS[name](images)
    times: list[list[float]] = [[], []]
    for repeat in range(-2, repeats):
        for run, spent in zip(runs, times, strict=True):
            began = time.perf_counter()
            run(rounds)
            if repeat >= 0:
                spent.append((time.perf_counter() - began) / rounds * 1e3)
    ours, theirs = map(statistics.median, times)
    ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
    print(f"{name:<8} gankit {ours:6.1f} ms   by hand {theirs:6.1f} ms   ratio {ratio:.2f}")


def main() -> None:
    """Measure each framework in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", choices=LOOPS)
    chosen = parser.parse_args()
    if chosen.only:
        measure(chosen.only, chosen.rounds, chosen.repeats)
        return
    for name in LOOPS:
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--only", name], check=True)


if __name__ == "__main__":
    main()
