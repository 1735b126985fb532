"""The algorithm's two steps, as pure functions of a state and a step, and blocks: scans of them."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
from gankit import augment
from gankit.layers import is_running
from gankit.state import part, under
from jax import lax

from gankit_jax.layers import Pass
from gankit_jax.optimizers import blended, updated


class Game:
    """The steps for one problem; a state is one flat dictionary, by the core's names."""

    def __init__(self, problem):
        self.problem = problem

    def discriminator_step(self, state, step):
        """Return the state after the discriminator's move, and its loss before."""
        fake, _ = self._paint(part(state, "generator"), step)

        def objective(arrays):
            fakes, reals, running = self._judge(arrays, fake, step.real, state, step)
            loss = self.problem.loss.discriminator(OPS, reals[:, 0], fakes[:, 0])
            return loss + self._told_apart(step, reals, fakes), (running, reals[:, 0])

        numbers = range(len(self.problem.penalties))
        penalties = [self._penalty(number, fake, state, step) for number in numbers]
        state, loss, logits = self._descend(
            "discriminator", objective, state, step, penalties
        )
        return state | self._followed(state, logits), loss

    def generator_step(self, state, step):
        """Return the state after the generator's move and its average's, and the loss before."""
        judge = part(state, "discriminator")

        def objective(arrays):
            fake, running = self._paint(arrays, step)
            real = step.real if self.problem.loss.paired else None
            fakes, reals, _ = self._judge(judge, fake, real, state, step)
            loss = self.problem.loss.generator(OPS, reals[:, 0], fakes[:, 0])
            return loss + self._told_apart(step, fakes), (running, None)

        state, loss, _ = self._descend("generator", objective, state, step)
        for name, new in (
            part(state, "generator").items() if self.problem.average else ()
        ):
            old, beta = state[f"average/{name}"], step.rates["average"]
            state[f"average/{name}"] = (
                new if is_running(name) else blended(beta, old, new)
            )
        return state | {"round": state["round"] + 1}, loss

    def block(self, state, data, critic, last):
        """Return the state after the rounds, and each step's loss, `(K, S - 1)` and `(K,)`."""

        def one_step(state, step):
            return self.discriminator_step(state, self._found(data, step))

        def one_round(state, steps):
            critic, last = steps
            if (
                not self.problem.fresh_noise
            ):  # So that XLA sees one forward pass in the two.
                last = last._replace(noise=critic.noise[-1])
            state, losses = lax.scan(one_step, state, critic)
            state, loss = self.generator_step(state, self._found(data, last))
            return state, (losses, loss)

        return lax.scan(one_round, state, (critic, last))

    def _found(self, data, step):
        """Return a step of a block with images and labels in the place of indices."""
        images, labels = data
        real = images[step.real]
        real = (
            jnp.asarray(self.problem.pixels)[real] if real.dtype == jnp.uint8 else real
        )
        if (flip := step.draws.get("flip")) is not None:
            real = jnp.where(flip, real[:, :, ::-1], real)
        return step._replace(
            real=real, labels=None if labels is None else labels[step.real]
        )

    def _descend(self, player, objective, state, step, penalties=()):
        """Move a player's weights down its loss; its running state is what the pass left."""
        arrays = part(state, player)
        weights = {
            name: array for name, array in arrays.items() if not is_running(name)
        }
        slope = jax.value_and_grad(
            lambda weights: objective(arrays | weights), has_aux=True
        )
        (loss, (running, more)), slopes = slope(weights)
        for penalty in penalties:
            loss, slopes = jax.tree.map(jnp.add, (loss, slopes), penalty(weights))
        optimizer = getattr(self.problem, f"{player}_optimizer")
        old, rates = part(state, f"optimizer/{player}"), part(step.rates, player)
        weights, kept = updated(optimizer, weights, slopes, old, rates)
        moved = under(player, weights | running) | under(f"optimizer/{player}", kept)
        return state | moved, loss, more

    def _paint(self, arrays, step):
        """Return generated images, and the running state that this leaves."""
        once = Pass(arrays, step.labels, part(step.masks, "generator"))
        return once.run(self.problem.generator, step.noise), once.running

    def _judge(self, arrays, fake, real, state, step):
        """Return the outputs for fakes and, if given, for reals, and the running state left."""
        seen, labels, halves = self._view(fake, "fake", state, step), step.labels, 1
        if real is not None:
            seen, halves = (
                jnp.concatenate([seen, self._view(real, "real", state, step)]),
                2,
            )
            labels = None if labels is None else jnp.concatenate([labels, labels])
        once = Pass(arrays, labels, part(step.masks, "discriminator"), halves)
        made = once.run(self.problem.discriminator, seen)
        return made[: len(fake)], made[len(fake) :], once.running

    def _view(self, images, half, state, step):
        sigma = jnp.asarray(step.rates.get("instance_noise", 0), images.dtype)
        p, how = state.get("ada/p"), self.problem.augment
        return augment.view(OPS, how, images, half, step.draws, sigma, p)

    def _told_apart(self, step, *halves):
        """Return what an auxiliary classifier adds to a loss."""
        if not self.problem.auxiliary:
            return 0.0
        chances = [jax.nn.log_softmax(made[:, 1:]) for made in halves]
        own = [jnp.take_along_axis(rows, step.labels[:, None], 1) for rows in chances]
        return -self.problem.auxiliary * sum(rows.mean() for rows in own)

    def _penalty(self, number, fake, state, step):
        """Return a penalty and its gradient as a function of the discriminator's weights."""
        penalty, name = self.problem.penalties[number], f"penalty/{number}"
        half = "fake" if penalty.where == "fake" else "real"
        images = _points(penalty, step.real, fake, part(step.draws, name))

        def judge(images, weights):
            seen, arrays = (
                self._view(images, half, state, step),
                part(state, "discriminator"),
            )
            once = Pass(arrays | weights, step.labels, part(step.masks, name))
            return once.run(self.problem.discriminator, seen)[:, 0].sum()

        def cost(weights):
            squares = jnp.square(jax.grad(judge)(images, weights)).sum((1, 2, 3))
            far = jnp.square(jnp.sqrt(squares + penalty.epsilon) - penalty.target)
            value = (far if penalty.target else 0.5 * squares).mean()
            return jnp.asarray(step.rates[name], value.dtype) * value

        def nothing(weights):
            return jnp.zeros((), fake.dtype), jax.tree.map(jnp.zeros_like, weights)

        due = step.rates[name] > 0
        return lambda weights: lax.cond(due, jax.value_and_grad(cost), nothing, weights)

    def _followed(self, state, logits):
        """Return an adaptive augmentation's chance, and what it remembers, after a step."""
        how = self.problem.augment
        if not (how and how.adaptive):
            return {}
        signs = state["ada/signs"] + jnp.sign(logits).mean(dtype=jnp.float64)
        steps, p = state["ada/steps"] + 1, state["ada/p"]
        move = (
            jnp.sign(signs / steps - how.target) * len(logits) * how.every / how.images
        )
        due = steps == how.every
        return {
            "ada/p": jnp.where(due, jnp.clip(p + move, 0, 1), p),
            "ada/signs": jnp.where(due, 0, signs),
            "ada/steps": jnp.where(due, 0, steps),
        }


def _points(penalty, real, fake, draws):
    """Return the images at which a penalty takes its gradient."""
    match penalty.where:
        case "real":
            return real
        case "fake":
            return fake
        case "between":
            return real + draws["alpha"] * (fake - real)
    return real + draws["alpha"] * 0.5 * real.std() * draws["noise"]


def _shifted(images, offsets):
    """Return images moved down and right: products with zeros and ones, which are exact."""
    places = [
        jnp.arange(side) - offsets[:, i, None]
        for i, side in enumerate(images.shape[1:3])
    ]
    down, right = (jax.nn.one_hot(p, p.shape[1], dtype=images.dtype) for p in places)
    return jnp.einsum("nik,nkjc,nlj->nilc", down, images, right)


OPS = SimpleNamespace(
    softplus=jax.nn.softplus,
    relu=jax.nn.relu,
    mean=jnp.mean,
    mean_over=lambda images, axes: images.mean(axes, keepdims=True),
    shift=_shifted,
    below=lambda numbers, threshold: (numbers < threshold).astype(numbers.dtype),
)
"""What losses and augmentations are written in."""
