"""A custom `train_step` in Keras's `fit`, as in its guide to GANs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from loops import BATCH, BETA1, DISCRIMINATOR, DROP, GENERATOR, LATENT, RATE
from loops.tensorflow_function import stack


class GAN(keras.Model):
    """Both networks and their training step."""

    def __init__(self) -> None:
        super().__init__()
        self.generator, self.discriminator = stack(GENERATOR), stack(DISCRIMINATOR, DROP)
        self.generator.add(layers.Activation("tanh"))
        self.g_adam, self.d_adam = (keras.optimizers.Adam(RATE, BETA1) for _ in range(2))
        self.cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.built = True

    def train_step(self, real: Any) -> dict[str, Any]:
        """Take a step with each network."""
        noise = tf.random.normal((BATCH, LATENT))
        joined = tf.concat([self.generator(noise, training=True), real], 0)
        target = tf.concat([tf.zeros((BATCH, 1)), tf.ones((BATCH, 1))], 0)
        with tf.GradientTape() as tape:
            d_loss = self.cross_entropy(target, self.discriminator(joined, training=True))
        weights = self.discriminator.trainable_weights
        self.d_adam.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        with tf.GradientTape() as tape:
            fooled = self.discriminator(self.generator(noise, training=True), training=True)
            g_loss = self.cross_entropy(target[BATCH:], fooled)
        weights = self.generator.trainable_weights
        self.g_adam.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


def loop(images: np.ndarray) -> Callable[[int], None]:
    """Return a function that runs n steps."""
    scaled = (images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5
    data = tf.data.Dataset.from_tensor_slices(scaled).shuffle(len(images)).repeat()
    data = data.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    gan = GAN()
    gan.compile()

    def run(steps: int) -> None:
        gan.fit(data, steps_per_epoch=steps, verbose=0)

    return run
