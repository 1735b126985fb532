"""gankit's original script: `predict` and two calls of `train_on_batch` per step.

Keras 3 settles what is trainable when a model is compiled, so the networks are compiled in the
order in which the script means it: the discriminator by itself, then frozen inside the whole.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from loops import BATCH, BETA1, DISCRIMINATOR, DROP, GENERATOR, LATENT, RATE, SLOPE


def stack(widths: tuple[int, ...], last: str, drop: float = 0.0) -> keras.Sequential:
    """Return the script's dense layers."""
    parts: list[keras.layers.Layer] = [keras.Input(widths[:1])]
    for units in widths[1:-1]:
        parts += [layers.Dense(units), layers.LeakyReLU(SLOPE)]
        parts += [layers.Dropout(drop)] if drop else []
    return keras.Sequential([*parts, layers.Dense(widths[-1], activation=last)])


def compiled(model: keras.Model) -> keras.Model:
    """Return a model with the script's loss and optimizer."""
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(RATE, BETA1))
    return model


def loop(images: np.ndarray) -> Callable[[int], None]:
    """Return a function that runs n steps."""
    generator = compiled(stack(GENERATOR, "tanh"))
    discriminator = compiled(stack(DISCRIMINATOR, "sigmoid", DROP))
    discriminator.trainable = False
    noise = keras.Input((LATENT,))
    gan = compiled(keras.Model(noise, discriminator(generator(noise))))
    data = (images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5
    target = np.concatenate([np.zeros(BATCH), np.ones(BATCH)])

    def run(steps: int) -> None:
        for _ in range(steps):
            noise = np.random.normal(0, 1, (BATCH, LATENT))
            fake = generator.predict(noise, verbose=0)
            real = data[np.random.randint(0, len(data), BATCH)]
            discriminator.trainable = True
            discriminator.train_on_batch(np.concatenate([fake, real]), target)
            discriminator.trainable = False
            gan.train_on_batch(noise, target[BATCH:])

    return run
