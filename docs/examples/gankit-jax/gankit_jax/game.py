"""The algorithm's two updates, as pure functions of a state and an update, and blocks: scans of them."""

from collections import namedtuple
from types import SimpleNamespace

import jax
import jax.numpy as jnp
from gankit.contract import add_prefix, strip_prefix
from gankit.layers import is_running
from jax import lax

from gankit_jax.layers import Pass
from gankit_jax.optimizers import blended, updated

Update = namedtuple("Update", "real noise labels random scalars masks")
"""A batch, or many with axes in front; `masks` are dropout's, from `gankit.contract.dropout_masks`."""
OPS = SimpleNamespace(softplus=jax.nn.softplus, relu=jax.nn.relu, mean=jnp.mean)
"""What losses are written in."""


class Game:
    """The updates for one problem; a state is one flat dictionary, by the core's names."""

    def __init__(self, problem):
        self.problem = problem

    def update_discriminator(self, state, update):
        """Return the state after the discriminator's move, and its loss before."""
        fake, _ = self._paint(strip_prefix(state, "generator"), update)
        penalties = [
            self._penalty(number, fake, state, update)
            for number in range(len(self.problem.penalties))
        ]

        def objective(arrays):
            fakes, reals, running = self._judge(arrays, fake, update.real, update)
            return self.problem.loss.discriminator(OPS, reals, fakes), running

        return self._descend("discriminator", objective, state, update, penalties)

    def update_generator(self, state, update):
        """Return the state after the generator's move and its average's, and the loss before."""

        def objective(arrays):
            fake, running = self._paint(arrays, update)
            real = update.real if self.problem.loss.paired else None
            fakes, reals, _ = self._judge(strip_prefix(state, "discriminator"), fake, real, update)
            return self.problem.loss.generator(OPS, reals, fakes), running

        state, loss = self._descend("generator", objective, state, update)
        for name, old in strip_prefix(state, "average").items():
            new, beta = state[f"generator/{name}"], update.scalars["average"]
            state[f"average/{name}"] = new if is_running(name) else blended(beta, old, new)
        return state | {"step": state["step"] + 1}, loss

    def block(self, state, data, critic, last):
        """Return the state after the steps, and each update's loss, `(K, S - 1)` and `(K,)`."""

        def seen(update):
            images, labels = data
            real, pixels = images[update.real], jnp.asarray(self.problem.pixels)
            real = pixels[real] if real.dtype == jnp.uint8 else real
            return update._replace(
                real=real, labels=None if labels is None else labels[update.real]
            )

        def one_update(state, update):
            return self.update_discriminator(state, seen(update))

        def one_step(state, updates):
            critic, last = updates
            if not self.problem.fresh_noise:  # So that XLA sees one forward pass in the two.
                last = last._replace(noise=critic.noise[-1])
            state, losses = lax.scan(one_update, state, critic)
            state, loss = self.update_generator(state, seen(last))
            return state, (losses, loss)

        return lax.scan(one_step, state, (critic, last))

    def _descend(self, player, objective, state, update, penalties=()):
        """Move a player's weights down its loss; its running state is what the pass left."""
        arrays = strip_prefix(state, player)
        weights = {name: array for name, array in arrays.items() if not is_running(name)}
        slope = jax.value_and_grad(lambda weights: objective(arrays | weights), has_aux=True)
        (loss, running), slopes = slope(weights)
        for penalty in penalties:
            loss, slopes = jax.tree.map(jnp.add, (loss, slopes), penalty(weights))
        optimizer, rates = (
            getattr(self.problem, f"{player}_optimizer"),
            strip_prefix(update.scalars, player),
        )
        old = strip_prefix(state, f"optimizer/{player}")
        weights, kept = updated(optimizer, weights, slopes, old, rates)
        moved = add_prefix(player, weights | running) | add_prefix(f"optimizer/{player}", kept)
        return state | moved, loss

    def _paint(self, arrays, update):
        """Return generated images, and the running state that this leaves."""
        once = Pass(arrays, update.labels, strip_prefix(update.masks, "generator"))
        return once.run(self.problem.generator, update.noise), once.running

    def _judge(self, arrays, fake, real, update):
        """Return the logits of fakes and, if given, of reals, and the running state left."""
        halves = [fake] if real is None else [fake, real]
        labels = None if update.labels is None else jnp.tile(update.labels, len(halves))
        once = Pass(arrays, labels, strip_prefix(update.masks, "discriminator"), len(halves))
        made = once.run(self.problem.discriminator, jnp.concatenate(halves))[:, 0]
        return made[: len(fake)], None if real is None else made[len(fake) :], once.running

    def _penalty(self, number, fake, state, update):
        """Return a penalty and its gradient as a function of the discriminator's weights."""
        penalty, name = self.problem.penalties[number], f"penalty/{number}"
        arrays, masks = strip_prefix(state, "discriminator"), strip_prefix(update.masks, name)
        images = penalty.points(update.real, fake, strip_prefix(update.random, name), jnp.std)

        def judge(images, weights):
            once = Pass(arrays | weights, update.labels, masks)
            return once.run(self.problem.discriminator, images).sum()

        def cost(weights):
            squares = jnp.square(jax.grad(judge)(images, weights)).sum((1, 2, 3))
            far = jnp.square(jnp.sqrt(squares + penalty.epsilon) - penalty.target)
            value = (far if penalty.target else 0.5 * squares).mean()
            return jnp.asarray(update.scalars[name], value.dtype) * value

        def nothing(weights):
            return jnp.zeros((), fake.dtype), jax.tree.map(jnp.zeros_like, weights)

        due = update.scalars[name] > 0
        return lambda weights: lax.cond(due, jax.value_and_grad(cost), nothing, weights)
