"""An expert's step of Keras networks: one `tf.function`."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from loops import BATCH, BETA1, DISCRIMINATOR, DROP, GENERATOR, LATENT, RATE, SLOPE


def stack(widths: tuple[int, ...], drop: float = 0.0) -> keras.Sequential:
    """Return dense layers; the last one has no activation or dropout."""
    parts: list[keras.layers.Layer] = [keras.Input(widths[:1])]
    for units in widths[1:-1]:
        parts += [layers.Dense(units), layers.LeakyReLU(SLOPE)]
        parts += [layers.Dropout(drop)] if drop else []
    return keras.Sequential([*parts, layers.Dense(widths[-1])])


def loop(images: np.ndarray) -> Callable[[int], None]:
    """Return a function that runs n steps."""
    generator, discriminator = stack(GENERATOR), stack(DISCRIMINATOR, DROP)
    generator.add(layers.Activation("tanh"))
    g_adam, d_adam = (keras.optimizers.Adam(RATE, BETA1) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    data = tf.constant((images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5)
    target = tf.concat([tf.zeros((BATCH, 1)), tf.ones((BATCH, 1))], 0)

    @tf.function
    def one_step() -> None:
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

    def run(steps: int) -> None:
        for _ in range(steps):
            one_step()

    return run
