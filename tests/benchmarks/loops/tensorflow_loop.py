"""An expert's loop over a recipe's networks in Keras: each update is one `tf.function`."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras.ops import softplus

from loops.keras_layers import model
from loops.problems import SHAPE
from loops.recipes import Recipe, named


def loop(images: np.ndarray, recipe: str) -> Callable[[int], None]:
    """Return a function that runs n steps of a recipe."""
    known = named(recipe)
    latent, batch = known.problem.latent, known.step_shape.batch
    generator = model(known.generator, (latent,))
    discriminator = model(known.discriminator, SHAPE)
    g_adam, d_adam = (
        keras.optimizers.Adam(known.rate, known.beta1, known.beta2, known.epsilon) for _ in range(2)
    )
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)
    data = tf.constant((images.astype(np.float32) - 127.5) / 127.5)
    d_loss, g_loss = LOSSES[known.problem.loss.name]

    def reals() -> tf.Tensor:
        return tf.gather(data, tf.random.uniform((batch,), 0, len(images), tf.int32))

    @tf.function
    def update_discriminator() -> None:
        real, fake = reals(), generator(tf.random.normal((batch, latent)), training=True)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([v.value for v in discriminator.trainable_variables])
            loss = d_loss(discriminator(real, training=True), discriminator(fake, training=True))
            loss += penalties(known, discriminator, real, fake)
        d_adam.apply(tape.gradient(loss, discriminator.trainable_variables))

    @tf.function
    def update_generator() -> None:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([v.value for v in generator.trainable_variables])
            made = generator(tf.random.normal((batch, latent)), training=True)
            fake = discriminator(made, training=True)
            paired = known.problem.loss.paired
            loss = g_loss(discriminator(reals(), training=True) if paired else fake, fake)
        g_adam.apply(tape.gradient(loss, generator.trainable_variables))

    def run(steps: int) -> None:
        for _ in range(steps):
            for _ in range(known.step_shape.n_critic):
                update_discriminator()
            update_generator()

    return run


def penalties(
    known: Recipe, discriminator: keras.Model, real: tf.Tensor, fake: tf.Tensor
) -> tf.Tensor:
    """Return the sum of the recipe's gradient penalties."""
    total = tf.constant(0.0)
    for penalty, weight in zip(known.problem.penalties, known.weights, strict=True):
        mixed = fake + tf.random.uniform((len(real), 1, 1, 1)) * (real - fake)
        points = {"real": real, "fake": fake}.get(penalty.where, mixed)
        with tf.GradientTape() as tape:
            tape.watch(points)
            logits = discriminator(points, training=True)
        squares = tf.reduce_sum(tape.gradient(logits, points) ** 2, axis=(1, 2, 3))
        if penalty.target:
            excess = tf.sqrt(squares + penalty.epsilon) - penalty.target
            total += weight * tf.reduce_mean(excess**2)
        else:
            total += weight / 2 * tf.reduce_mean(squares)
    return total


Formula = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
LOSSES: dict[str, tuple[Formula, Formula]] = {
    "nonsaturating": (
        lambda real, fake: tf.reduce_mean(softplus(-real)) + tf.reduce_mean(softplus(fake)),
        lambda _, fake: tf.reduce_mean(softplus(-fake)),
    ),
    "hinge": (
        lambda real, fake: (
            tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(tf.nn.relu(1 + fake))
        ),
        lambda _, fake: -tf.reduce_mean(fake),
    ),
    "wasserstein": (
        lambda real, fake: tf.reduce_mean(fake) - tf.reduce_mean(real),
        lambda _, fake: -tf.reduce_mean(fake),
    ),
    "relativistic": (
        lambda real, fake: tf.reduce_mean(softplus(fake - real)),
        lambda real, fake: tf.reduce_mean(softplus(real - fake)),
    ),
}
"""The losses of both networks, from the logits of real and of generated images."""
