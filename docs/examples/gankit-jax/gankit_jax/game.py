"""The algorithm's two steps, as pure functions of a state and a step, and blocks: scans of them."""

from collections import namedtuple
from types import SimpleNamespace

import jax
import jax.numpy as jnp
from gankit._utils.state import part, under
from gankit.layers import is_running
from jax import lax

from gankit_jax.layers import Pass
from gankit_jax.optimizers import blended, updated

Step = namedtuple("Step", "real noise labels draws rates masks")
"""A batch, or many with axes in front; `masks` are dropout's, from `gankit.contract.dropout_masks`."""
OPS = SimpleNamespace(softplus=jax.nn.softplus, relu=jax.nn.relu, mean=jnp.mean)
"""What losses are written in."""


class Game:
    """The steps for one problem; a state is one flat dictionary, by the core's names."""

    def __init__(self, problem):
        self.problem = problem

    def discriminator_step(self, state, step):
        """Return the state after the discriminator's move, and its loss before."""
        fake, _ = self._paint(part(state, "generator"), step)
        penalties = [
            self._penalty(number, fake, state, step)
            for number in range(len(self.problem.penalties))
        ]

        def objective(arrays):
            fakes, reals, running = self._judge(arrays, fake, step.real, step)
            return self.problem.loss.discriminator(OPS, reals, fakes), running

        return self._descend("discriminator", objective, state, step, penalties)

    def generator_step(self, state, step):
        """Return the state after the generator's move and its average's, and the loss before."""

        def objective(arrays):
            fake, running = self._paint(arrays, step)
            real = step.real if self.problem.loss.paired else None
            fakes, reals, _ = self._judge(part(state, "discriminator"), fake, real, step)
            return self.problem.loss.generator(OPS, reals, fakes), running

        state, loss = self._descend("generator", objective, state, step)
        for name, old in part(state, "average").items():
            new, beta = state[f"generator/{name}"], step.rates["average"]
            state[f"average/{name}"] = new if is_running(name) else blended(beta, old, new)
        return state | {"round": state["round"] + 1}, loss

    def block(self, state, data, critic, last):
        """Return the state after the rounds, and each step's loss, `(K, S - 1)` and `(K,)`."""

        def seen(step):
            images, labels = data
            real, pixels = images[step.real], jnp.asarray(self.problem.pixels)
            real = pixels[real] if real.dtype == jnp.uint8 else real
            return step._replace(real=real, labels=None if labels is None else labels[step.real])

        def one_step(state, step):
            return self.discriminator_step(state, seen(step))

        def one_round(state, steps):
            critic, last = steps
            if not self.problem.fresh_noise:  # So that XLA sees one forward pass in the two.
                last = last._replace(noise=critic.noise[-1])
            state, losses = lax.scan(one_step, state, critic)
            state, loss = self.generator_step(state, seen(last))
            return state, (losses, loss)

        return lax.scan(one_round, state, (critic, last))

    def _descend(self, player, objective, state, step, penalties=()):
        """Move a player's weights down its loss; its running state is what the pass left."""
        arrays = part(state, player)
        weights = {name: array for name, array in arrays.items() if not is_running(name)}
        slope = jax.value_and_grad(lambda weights: objective(arrays | weights), has_aux=True)
        (loss, running), slopes = slope(weights)
        for penalty in penalties:
            loss, slopes = jax.tree.map(jnp.add, (loss, slopes), penalty(weights))
        optimizer, rates = getattr(self.problem, f"{player}_optimizer"), part(step.rates, player)
        old = part(state, f"optimizer/{player}")
        weights, kept = updated(optimizer, weights, slopes, old, rates)
        moved = under(player, weights | running) | under(f"optimizer/{player}", kept)
        return state | moved, loss

    def _paint(self, arrays, step):
        """Return generated images, and the running state that this leaves."""
        once = Pass(arrays, step.labels, part(step.masks, "generator"))
        return once.run(self.problem.generator, step.noise), once.running

    def _judge(self, arrays, fake, real, step):
        """Return the logits of fakes and, if given, of reals, and the running state left."""
        halves = [fake] if real is None else [fake, real]
        labels = None if step.labels is None else jnp.tile(step.labels, len(halves))
        once = Pass(arrays, labels, part(step.masks, "discriminator"), len(halves))
        made = once.run(self.problem.discriminator, jnp.concatenate(halves))[:, 0]
        return made[: len(fake)], None if real is None else made[len(fake) :], once.running

    def _penalty(self, number, fake, state, step):
        """Return a penalty and its gradient as a function of the discriminator's weights."""
        penalty, name = self.problem.penalties[number], f"penalty/{number}"
        arrays, masks = part(state, "discriminator"), part(step.masks, name)
        images = penalty.points(step.real, fake, part(step.draws, name), jnp.std)

        def judge(images, weights):
            once = Pass(arrays | weights, step.labels, masks)
            return once.run(self.problem.discriminator, images).sum()

        def cost(weights):
            squares = jnp.square(jax.grad(judge)(images, weights)).sum((1, 2, 3))
            far = jnp.square(jnp.sqrt(squares + penalty.epsilon) - penalty.target)
            value = (far if penalty.target else 0.5 * squares).mean()
            return jnp.asarray(step.rates[name], value.dtype) * value

        def nothing(weights):
            return jnp.zeros((), fake.dtype), jax.tree.map(jnp.zeros_like, weights)

        due = step.rates[name] > 0
        return lambda weights: lax.cond(due, jax.value_and_grad(cost), nothing, weights)
