"""The grid of a run that makes images of images: there, around, and back if it can."""

from __future__ import annotations

import numpy as np

from gankit.callbacks.checkpointing import Draw
from gankit.contract import Array, Trainer
from gankit.contract.network_inputs import SOURCE
from gankit.contract.sample_noise import sample_noise
from gankit.launch.evaluation.pairs import evenly_spaced
from gankit.launch.further_networks import further_networks
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.translations import Translation, translations
from gankit.terms import GENERATOR
from gankit.visual import images

SHOWN = 20
"""The most images that a network translates in a grid; they are evenly spaced in the set."""


def translation_grid(plan: ResolvedPlan) -> Draw | None:
    """Return what draws the same images translated; None unless the generator takes sources.

    Below each image is its translation, and below that the true image if it is known, else what the
    network for the way back makes of the translation. A network for the way back has rows too.
    """
    if not plan.problem.takes_source or plan.data.sources is None:
        return None
    draws = [_drawn(plan, each) for each in translations(plan.problem).values()]
    return lambda trainer: images.below([draw(trainer) for draw in draws])


def _drawn(plan: ResolvedPlan, of: Translation) -> Draw:
    """Return what draws the images that one network translates."""
    problem = plan.problem
    data = plan.data.sources if of.start == SOURCE else plan.data.images
    assert data is not None  # noqa: S101 - see above.
    index = evenly_spaced(len(data), SHOWN)
    given = np.asarray(data[index])
    paired = problem.source == "paired"
    true = np.asarray(plan.data.images[index]) if paired and of.start == SOURCE else None
    noise = sample_noise(problem, len(index), plan.config.seed).astype(problem.precision)
    labels = problem.labels_in_turn(len(index)) if problem.generator_labels else None
    if paired and labels is not None and plan.labels is not None:
        labels = plan.labels[index]

    def translated(trainer: Trainer, network: str, start: Array) -> Array:
        if network != GENERATOR:
            return further_networks(trainer)[network](start, labels)
        generator = trainer.average or trainer.generator
        return generator(problem.generator_inputs(noise, start), labels)

    def draw(trainer: Trainer) -> images.Pixels:
        made = translated(trainer, of.network, problem.scale(given))
        if true is not None or not of.back:
            return images.compared(given, made, true)
        return images.compared(given, made, translated(trainer, of.back, made))

    return draw
