"""Build a problem's networks with their initial weights, and their updates."""

from __future__ import annotations

from gankit.contract import Problem, strip_prefix
from gankit.contract.random_streams import Role
from gankit_keras.adaptive import Adaptive
from gankit_keras.critic import Critic
from gankit_keras.draws import Drawer
from gankit_keras.forms import form
from gankit_keras.framework import compiled, tf
from gankit_keras.inputs import signature
from gankit_keras.judge import Judge
from gankit_keras.networks import Network
from gankit_keras.optimizers import updater
from gankit_keras.penalties import Steepness
from gankit_keras.updates import Updates


def updates(problem: Problem, device: str | None) -> tuple[Updates, Critic]:
    """Build the updates of `problem`."""
    generator = Network(form(problem, Role.GENERATOR), device)
    discriminator = Network(form(problem, Role.DISCRIMINATOR), device)
    weights = problem.initial_weights()
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not network.form.native:
            network.load_weights(strip_prefix(weights, name))
    updaters = [
        updater(optimizer, network.weights_in_training, problem.precision)
        for optimizer, network in (
            (problem.generator_optimizer, generator),
            (problem.discriminator_optimizer, discriminator),
        )
    ]
    judge = Judge(discriminator, problem.augment, _adaptive(problem))
    penalties = tuple(Steepness(judge, p, i) for i, p in enumerate(problem.penalties))
    critic = Critic(judge, updaters[1], problem.loss, problem.auxiliary, penalties)
    seen = signature(problem, drawers(problem, generator, discriminator)[0])
    built = Updates(
        generator=generator,
        average=generator.copied() if problem.average else None,
        updater=updaters[0],
        judge=judge,
        critic=compiled(critic.move, device, seen.real, seen),
        loss=problem.loss,
        auxiliary=problem.auxiliary,
        steps=tf.Variable(0, dtype=tf.int64),
    )
    return built, critic


def _adaptive(problem: Problem) -> Adaptive | None:
    augment = problem.augment
    return Adaptive(augment) if augment and augment.adaptive else None


def drawers(problem: Problem, generator: Network, discriminator: Network) -> tuple[Drawer, Drawer]:
    """Return the drawers of the discriminator's and of the generator's updates."""
    draws = generator.form.random, discriminator.form.random
    critic = Drawer(*draws, joined=True, penalties=len(problem.penalties))
    return critic, Drawer(*draws, joined=problem.loss.paired)
