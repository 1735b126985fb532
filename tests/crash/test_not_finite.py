"""Any number that is not finite stops the run and is never saved."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import sys

import numpy as np
import pytest

import gankit.training
from gankit import plugins
from gankit.callbacks import Checkpoints, Losses, every
from gankit.errors import Diverged
from gankit.losses import NONSATURATING
from gankit.runs import LossLog, RunFolder, loss_log
from gankit.testing.problems import full, images
from gankit.training import StepShape, fit
from tests.crash.repetitions import record
from tests.testing.test_contract import chosen

VALUES = (math.nan, math.inf, -math.inf)
STEPS, STRUCK = 12, 6
STATE = {
    "weights of G": "generator/0.kernel",
    "weights of D": "discriminator/1.kernel",
    "first moments": "optimizer/generator/m/0.kernel",
    "second moments": "optimizer/discriminator/v/1.kernel",
}
CASES = [*itertools.product(("batch", "noise", "loss", *STATE), VALUES)]


@pytest.fixture(params=chosen(), scope="module")
def backend(request):
    return plugins.get_backend(request.param)


@functools.cache
def trained(backend, value):
    """Return a problem and its trainer, which adds `value` to the loss if `struck` is not empty."""
    loss = NONSATURATING
    if value is not None:
        loss = dataclasses.replace(
            loss, discriminator=lambda ops, r, f: NONSATURATING.discriminator(ops, r, f) + value
        )
    problem = full(backend, loss=loss, fresh_noise=True)
    trainer = backend.trainer(problem)
    return problem, trainer, trainer.state()


def run(folder, problem, trainer, data, *callbacks):
    """Train as the command does, with a checkpoint after every other step."""
    log = LossLog(folder.losses)
    keeping = [Losses(log), Checkpoints(folder.checkpoints, 2, 20, dict, log)]
    try:
        fit(trainer, problem, StepShape(8), data, steps=STEPS, callbacks=[*keeping, *callbacks])
    finally:
        log.close()


def struck(trainer, name, value):
    """Return the callback that replaces one number of the state, after the checkpoint."""

    def spoil(progress):
        if progress.step == STRUCK:
            state = trainer.state()
            state[name].flat[0] = value
            trainer.load_state(state)

    return every(STRUCK, spoil)


def poisoned(value):
    """Return `plan` with one number of noise replaced from step STRUCK on."""
    plan = gankit.training.plan

    def spoilt(problem, step_shape, images, start, *given, **named):
        block = plan(problem, step_shape, images, start, *given, **named)
        if start >= STRUCK:
            block.noise[0, 0, 0, 0] = value
        return block

    return spoilt


@pytest.mark.parametrize(("where", "value"), CASES)
def test_a_number_that_is_not_finite_stops_the_run_within_two_blocks_and_is_never_saved(
    backend, tmp_path, monkeypatch, where, value
):
    problem, trainer, first = trained(backend, value if where == "loss" else None)
    trainer.load_state(first)
    folder, data, callbacks = RunFolder(tmp_path), problem.scale(images()), []
    began = STRUCK
    match where:
        case "batch":
            data, began = np.where(data == data.max(), value, data).astype(data.dtype), 0
        case "noise":
            monkeypatch.setattr(sys.modules["gankit.training.fit"], "plan", poisoned(value))
        case "loss":
            began = 0
        case _:
            callbacks = [struck(trainer, STATE[where], value)]
    with pytest.raises(Diverged) as caught:
        run(folder, problem, trainer, data, *callbacks)
    assert "step" in str(caught.value)
    assert_nothing_published(folder, began)
    record("not-finite", f"{len(CASES)} of {len(CASES)} caught on {backend.name}, none published")


def assert_nothing_published(folder, began):
    """Fail unless the run ended within two blocks of `began`, with only finite numbers on disk."""
    refused = []
    newest = folder.checkpoints.newest_valid(refused.append)
    assert refused == []
    assert (newest.step if newest else 0) == began
    logged = loss_log.read(folder.losses)
    assert began <= len(logged) <= began + 2
    assert np.isfinite(logged).all()


def test_the_same_run_without_the_number_ends_normally(backend, tmp_path):
    problem, trainer, first = trained(backend, None)
    trainer.load_state(first)
    run(RunFolder(tmp_path), problem, trainer, images())
    assert RunFolder(tmp_path).checkpoints.newest_valid().step == STEPS
