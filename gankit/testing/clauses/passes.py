"""Clauses on further networks, and on values that passes of networks make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gankit.codes import Code
from gankit.contract import Array, Backend, Batch, Network, NetworksTrainer, Problem, Trainer
from gankit.layers import BatchNorm, Concat, Dense, Dropout, Flatten, LeakyReLU, Spec, Tanh
from gankit.losses import HINGE, NONSATURATING, swapped
from gankit.passes import FurtherNetwork
from gankit.penalties import Penalty
from gankit.terms import Side, Term
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.running_state import running_state_of
from gankit.testing.clauses.updates import update_row
from gankit.testing.harness import assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import ADAM, AVERAGE, LATENT, bound
from gankit.testing.rgb import rgb_problem, rgb_setup

DISCRIMINATOR: tuple[Side, ...] = ("discriminator",)
ENCODER: Spec = (Flatten(), Dense(20), Tanh(), Dense(LATENT))
PAIRS: dict[str, Any] = {
    "generator": (Dense(24), LeakyReLU(0.2), *TO_IMAGE),
    "discriminator": (Flatten(), Concat(1), Dense(16), Tanh(), Dense(1)),
    "loss": swapped(NONSATURATING),
    "networks": {"encoder": FurtherNetwork("generator", ENCODER)},
    "passes": {"code": "encoder(real)"},
    "sees": {"real": ("real", "code"), "fake": ("fake", "noise")},
}
"""Pairs of images and codes (Donahue et al. 2017)."""
VARIED: dict[str, Any] = {
    "discriminator": (Concat(2), Flatten(), Concat(1), Dense(16), Dropout(0.2), Tanh(), Dense(1)),
    "loss": swapped(HINGE),
    "passes": {"again": "generator(code)", "code": "encoder(real)"},
    "sees": {"real": ("real", "code", "again"), "fake": ("fake", "noise", "fake")},
    "generator_optimizer": ADAM,
    "discriminator_optimizer": ADAM,
}
"""A generator that runs twice in an update, with random numbers and running state in each pass."""


POSTERIOR: Spec = (Flatten(), Dense(20), Tanh(), Dense(2 * LATENT))
DRAWN: dict[str, Any] = {
    "discriminator": (Flatten(), Dense(16), Tanh(), Dense(1)),
    "loss": NONSATURATING,
    "networks": {
        "encoder": FurtherNetwork("generator", POSTERIOR),
        "critic": FurtherNetwork("discriminator", (Dense(6), Tanh(), Dense(1))),
    },
    "passes": {
        "posterior": "encoder(real)",
        "code": "sample(posterior)",
        "again": "generator(code)",
        "shown": "generator(stop(code))",
    },
    "sees": {"real": ("real",), "fake": ("shown",)},
    "terms": (
        Term("kl", "posterior", weight=0.2),
        Term("l1", "again", "real", weight=0.5),
        Term("l2", "code", "noise", weight=0.3),
        Term("adversarial", by="critic", real=("noise",), fake=("code",), weight=0.7),
    ),
}
"""Codes that are drawn, terms that compare values, and a second network that compares halves."""
LAYERS: dict[str, Any] = {
    "networks": {"encoder": DRAWN["networks"]["encoder"]},
    "passes": DRAWN["passes"] | {"again_logit": "discriminator(again)"},
    "sees": {"real": ("real",), "fake": ("fake",)},
    "terms": (
        Term("l2", "again_logit@2", "real/logit@2", weight=0.5),
        Term("adversarial", real=("real",), fake=("fake",)),
        Term("adversarial", by="discriminator", real=("real",), fake=("shown",), weight=0.4),
    ),
}
"""Layers of the discriminator as values, and two adversarial losses of it (Larsen et al. 2016)."""
CRITICS: tuple[Term, ...] = (
    Term("adversarial", real=("real",), fake=("fake",)),
    Term("adversarial", by="discriminator", real=("real",), fake=("shown",), weight=0.4),
    Term("adversarial", by="critic", real=("noise",), fake=("code",), weight=0.7),
    Term("adversarial", sides=DISCRIMINATOR, by="critic", real=("noise",), fake=("other",)),
)
"""Four adversarial losses: of two networks, each in two passes, and one of them on one side."""


@level("protocol")
class PassClauses:
    """Passes: further networks, and values that they make for the discriminator and for terms.

    They need the capability "networks".
    """

    def test_a_further_network_is_called(self, backend: Backend) -> None:
        """It takes the inputs of its first pass, and returns the outputs of its formula."""
        trainer, batch, problem = pass_trainer(backend)
        found = further(trainer)["encoder"](batch.real)
        wanted = encoded(further(trainer)["encoder"], batch.real)
        assert_close({"codes": found}, {"codes": wanted}, bound(problem))

    @pytest.mark.parametrize("side", ["generator", "discriminator"])
    def test_the_discriminator_sees_the_values_of_passes(self, backend: Backend, side: str) -> None:
        """Each side's loss is that of the logits of real images with their codes, and of fakes."""
        trainer, batch, problem = pass_trainer(backend)
        code = encoded(further(trainer)["encoder"], batch.real)
        halves = (batch.real, code), (trainer.generator(batch.noise), batch.noise)
        real, fake = (logits_of(trainer, *half) for half in halves)
        wanted = getattr(problem.loss, side)(NumpyOps, real, fake)
        found = update_row(trainer, side, batch)[:1]
        assert_close({"loss": found}, {"loss": np.array([wanted])}, bound(problem))

    @pytest.mark.parametrize("side", ["generator", "discriminator"])
    def test_an_update_moves_the_networks_of_its_side(self, backend: Backend, side: str) -> None:
        """The generator's update moves the encoder too, the discriminator's does not."""
        trainer, batch, _ = pass_trainer(backend)
        before = trainer.state()
        update_row(trainer, side, batch)
        after = trainer.state()
        moved = {
            name.partition("/")[0]
            for name in before
            if not np.array_equal(before[name], after[name]) and name != "step"
        }
        assert moved - {"optimizer"} == (
            {"generator", "encoder"} if side == "generator" else {"discriminator"}
        )

    def test_terms_of_values_add_their_formulas(self, backend: Backend) -> None:
        """The generator's loss has each term of values, times its weight, and that of the critic.

        A value may be drawn: means, plus deviations times the random input of the pass.
        """
        trainer, batch, problem = pass_trainer(backend, **DRAWN)
        values = drawn_values(trainer, batch)
        means, logs = np.split(values["posterior"], 2, axis=1)
        wanted = [
            float((means**2 + np.exp(logs) - logs - 1).sum(axis=1).mean() / 2),
            float(np.abs(values["again"] - batch.real).mean()),
            float(((values["code"] - batch.noise) ** 2).mean()),
        ]
        critic = further(trainer)["critic"]
        loss = float(problem.loss.generator(NumpyOps, None, trainer.discriminator(values["again"])))
        loss += 0.7 * float(problem.loss.generator(NumpyOps, None, critic(values["code"])))
        loss += float(np.dot([0.2, 0.5, 0.3], wanted))
        found = update_row(trainer, "generator", batch)
        assert_close({"losses": found}, {"losses": np.array([loss, *wanted])}, bound(problem))

    def test_a_further_critic_adds_its_loss(self, backend: Backend) -> None:
        """The discriminator's loss has that of the second network that compares two halves."""
        trainer, batch, problem = pass_trainer(backend, **DRAWN)
        values, critic = drawn_values(trainer, batch), further(trainer)["critic"]
        wanted = problem.loss.discriminator(
            NumpyOps, trainer.discriminator(batch.real), trainer.discriminator(values["again"])
        )
        logits = critic(batch.noise), critic(values["code"])
        wanted = wanted + 0.7 * problem.loss.discriminator(NumpyOps, *logits)
        found = update_row(trainer, "discriminator", batch)[:1]
        assert_close({"loss": found}, {"loss": np.array([wanted])}, bound(problem))

    @level("numerics")
    @pytest.mark.parametrize("kind", ["pairs", "varied", "penalised", "drawn", "layers", "critics"])
    def test_passes_match_the_reference(self, backend: Backend, kind: str) -> None:
        """Three steps match the reference within 1e-9.

        It is so for pairs, for a generator that runs twice in an update, with dropout and running
        state in each network, with a penalty and an average, with codes that are drawn, for
        layers of the discriminator as values, and for several adversarial losses, each if claimed.
        """
        require(backend, "float64")
        setup = rgb_setup(varied_problem(backend, kind), 2)
        assert_matches_reference(backend, setup, 3, 1e-9)

    @level("numerics")
    @pytest.mark.parametrize("kind", ["pairs", "varied", "drawn", "critics"])
    def test_a_block_with_passes_equals_its_updates(self, backend: Backend, kind: str) -> None:
        """A block of steps leaves the state of its updates."""
        setup = rgb_setup(varied_problem(backend, kind), 2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))

    def test_running_state_moves_in_the_first_pass_of_its_side(self, backend: Backend) -> None:
        """A discriminator's update leaves the running state of the encoder."""
        problem = varied_problem(backend, "varied")
        trainer, batch = ready(backend, problem), rgb_setup(problem).batch()
        before = running_state_of(further(trainer)["encoder"].weights())
        if not before:
            require(backend, "norm")
        update_row(trainer, "discriminator", batch)
        kept = running_state_of(further(trainer)["encoder"].weights())
        update_row(trainer, "generator", batch)
        after = running_state_of(further(trainer)["encoder"].weights())
        assert all(np.array_equal(before[name], kept[name]) for name in before)
        assert all((before[name] != after[name]).any() for name in before)


def pass_problem(backend: Backend, **changes: Any) -> Problem:  # noqa: ANN401 - any field.
    """Return a problem with pairs, or skip."""
    given = PAIRS | changes
    networks = given.pop("generator"), given.pop("discriminator")
    return supported(backend, rgb_problem(backend, *networks, **given))


def varied_problem(backend: Backend, kind: str) -> Problem:
    """Return a problem with passes of one kind, with what the backend claims."""
    claimed = backend.capabilities
    if kind == "pairs":
        return pass_problem(backend)
    if kind in ("drawn", "layers"):
        return pass_problem(backend, **DRAWN | (LAYERS if kind == "layers" else {}))
    if kind == "penalised":
        average = AVERAGE if "average" in claimed else None
        changes: dict[str, Any] = {"average": average, "fresh_noise": False}
        if "input-gradients" in claimed:
            changes["penalties"] = (Penalty("real", 0.0, 0.5), Penalty("fake", 1.0, 0.5, every=2))
        return pass_problem(backend, **changes)
    norm: Spec = (BatchNorm(0.9, 1e-3),) if "norm" in claimed else ()
    spectral = "spectral" in claimed
    if kind == "critics":
        return critics_problem(backend, norm, spectral)
    generator = (
        Dense(24, bias=False, spectral=spectral),
        *norm,
        LeakyReLU(0.2),
        Dropout(0.2),
        *TO_IMAGE,
    )
    encoder: Spec = (
        Flatten(),
        Dense(20, spectral=spectral),
        *norm,
        Tanh(),
        Dropout(0.3),
        Dense(LATENT),
    )
    networks = {"encoder": FurtherNetwork("generator", encoder)}
    return pass_problem(backend, **VARIED | {"generator": generator, "networks": networks})


def critics_problem(backend: Backend, norm: Spec, spectral: bool) -> Problem:
    """Return a problem with several adversarial losses, of a discriminator with a head if claimed.

    `norm` and `spectral` say whether the further critic has running state.
    """
    codes: tuple[Code, ...] = ()
    heads: dict[str, int] = {}
    terms = CRITICS
    if "heads" in backend.capabilities:
        codes, heads = (Code("digit", "categorical", 3),), {"digit": 3}
        terms += (Term("cross-entropy", "fake/digit", "code/digit"),)
    width = LATENT + sum(code.size for code in codes)
    encoder: Spec = (Flatten(), Dense(20), Tanh(), Dense(2 * width))
    critic: Spec = (Dense(6, spectral=spectral), *norm, Tanh(), Dense(1))
    networks = {
        "encoder": FurtherNetwork("generator", encoder),
        "critic": FurtherNetwork("discriminator", critic),
    }
    layers = (Flatten(), Dense(16), Tanh(), Dense(1 + sum(heads.values())))
    changes = {"codes": codes, "heads": heads, "terms": terms, "networks": networks}
    changes["passes"] = DRAWN["passes"] | {"other": "sample(posterior)"}
    return pass_problem(backend, **DRAWN | {"discriminator": layers} | changes)


def pass_trainer(backend: Backend, **changes: Any) -> tuple[Trainer, Batch, Problem]:  # noqa: ANN401
    """Return a trainer of pairs, with `changes`, after two steps, a batch, and the problem."""
    problem = pass_problem(backend, **changes)
    trainer, setup = ready(backend, problem), rgb_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, setup.batch(2), problem


def drawn_values(trainer: Trainer, batch: Batch) -> dict[str, Array]:
    """Return the values of the passes of `DRAWN` for a batch."""
    posterior = encoded(further(trainer)["encoder"], batch.real)
    means, logs = np.split(posterior, 2, axis=1)
    code = means + np.exp(logs / 2) * batch.random["sample/code"]
    return {"posterior": posterior, "code": code, "again": trainer.generator(code)}


def further(trainer: Trainer) -> dict[str, Network]:
    """Return a trainer's further networks."""
    assert isinstance(trainer, NetworksTrainer), "the trainer has no networks"
    return dict(trainer.networks)


def encoded(encoder: Network, images: Array) -> Array:
    """Return the codes of images by the encoder's formula."""
    weights = encoder.weights()
    hidden = np.tanh(dense(weights, 1, images.reshape(len(images), -1)))
    return dense(weights, 3, hidden)


def logits_of(trainer: Trainer, images: Array, codes: Array) -> Array:
    """Return the logits of pairs by the discriminator's formula."""
    weights = trainer.discriminator.weights()
    rows = np.concatenate([images.reshape(len(images), -1), codes], axis=1)
    logits: Array = dense(weights, 4, np.tanh(dense(weights, 2, rows)))[:, 0]
    return logits


def dense(weights: Any, number: int, rows: Array) -> Array:  # noqa: ANN401 - a state.
    """Return the outputs of a dense layer."""
    made: Array = rows @ weights[f"{number}.kernel"] + weights[f"{number}.bias"]
    return made
