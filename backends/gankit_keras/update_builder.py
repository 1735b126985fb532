"""Build a problem's networks with their initial weights, and their updates."""

from __future__ import annotations

from gankit.contract import Problem, strip_prefix
from gankit.contract.random_streams import Role
from gankit_keras.ada import AdaptiveProbability
from gankit_keras.batches import batch_signature
from gankit_keras.discriminator_forward import DiscriminatorForward
from gankit_keras.discriminator_update import DiscriminatorUpdate
from gankit_keras.framework import compiled, tf
from gankit_keras.network_spec import network_spec
from gankit_keras.networks import Network
from gankit_keras.optimizers import updater
from gankit_keras.penalties import GradientPenalty
from gankit_keras.random_inputs import RandomInputSampler
from gankit_keras.updates import Updates


def build_updates(problem: Problem, device: str | None) -> tuple[Updates, DiscriminatorUpdate]:
    """Build the updates of `problem`."""
    generator = Network(network_spec(problem, Role.GENERATOR), device)
    discriminator = Network(network_spec(problem, Role.DISCRIMINATOR), device)
    weights = problem.initial_weights()
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not network.spec.native:
            network.load_weights(strip_prefix(weights, name))
    generator_updater, discriminator_updater = (
        updater(optimizer, network.trainable_weights, problem.precision)
        for optimizer, network in (
            (problem.generator_optimizer, generator),
            (problem.discriminator_optimizer, discriminator),
        )
    )
    forward = DiscriminatorForward(discriminator, problem.augment, _adaptive_probability(problem))
    penalties = tuple(GradientPenalty(forward, p, i) for i, p in enumerate(problem.penalties))
    discriminator_update = DiscriminatorUpdate(
        forward, discriminator_updater, problem.loss, problem.auxiliary, penalties
    )
    signature = batch_signature(problem, samplers(problem, generator, discriminator)[0])
    updates = Updates(
        generator=generator,
        average=generator.copied() if problem.average else None,
        updater=generator_updater,
        discriminator=forward,
        compiled_discriminator_update=compiled(
            discriminator_update.run, device, signature.real, signature
        ),
        loss=problem.loss,
        auxiliary=problem.auxiliary,
        steps=tf.Variable(0, dtype=tf.int64),
    )
    return updates, discriminator_update


def samplers(
    problem: Problem, generator: Network, discriminator: Network
) -> tuple[RandomInputSampler, RandomInputSampler]:
    """Return the samplers of the discriminator's and of the generator's updates."""
    inputs = generator.spec.random, discriminator.spec.random
    penalties = len(problem.penalties)
    return (
        RandomInputSampler(*inputs, joined=True, penalties=penalties),
        RandomInputSampler(*inputs, joined=problem.loss.paired),
    )


def _adaptive_probability(problem: Problem) -> AdaptiveProbability | None:
    augment = problem.augment
    return AdaptiveProbability(augment) if augment and augment.adaptive else None
