"""Runs whose generators have weights of every kind, none at its initial value."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np

from gankit import plugins
from gankit.conditions import spread
from gankit.config.layering import config_of, from_recipe
from gankit.contract import Problem
from gankit.contract.sample_noise import sample_noise
from gankit.launch.run import Run
from gankit.launch.translations import translations
from gankit.layers import Dense, Flatten
from gankit.optimizers import SGD
from gankit.report import explorer
from gankit.report.latent_directions import Directions

CLASSES = 10
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
STATIC = Path(explorer.__file__).parent / "static"


def run_of_recipe(name):
    """Return a run of a recipe on the reference with random generator weights."""
    config = dataclasses.replace(config_of([from_recipe(name)]), classes=CLASSES)
    return drawn(config.problem(config.image_shape, plugins.get_loss(config.loss)))


def run_of_spec(generator, shape, latent=5, classes=3, **settings):
    """Return a run of a generator on the reference with random weights."""
    return drawn(
        Problem(
            generator=generator,
            discriminator=(Flatten(), Dense(1)),
            latent=latent,
            image_shape=shape,
            loss=plugins.get_loss("nonsaturating"),
            classes=classes,
            generator_optimizer=SGD(0.1),
            discriminator_optimizer=SGD(0.1),
            **settings,
        )
    )


def drawn(problem):
    """Return a run of a problem at step 0 with random weights of its networks of images."""
    run = Run(problem, plugins.get_backend("numpy").trainer(problem), 0, np.zeros((0, 2)))
    random = np.random.default_rng(7)
    for network in (run.generator, *run.networks.values()):
        weights = network.weights()
        network.load_weights({k: _drawn(k, w, random) for k, w in sorted(weights.items())})
    return run


def _drawn(name, array, random):
    """Return a random array of this shape whose values make images neither grey nor saturated."""
    normal = random.standard_normal(array.shape)
    match name.rpartition(".")[2]:
        case "kernel":
            return normal * math.sqrt(2 / math.prod(array.shape[:-1]))
        case "embedding":
            return normal
        case "variance":
            return random.uniform(0.5, 2, array.shape)
        case "gamma":
            return 1 + 0.2 * normal
        case "kernel_u" | "embedding_u":
            return normal / np.linalg.norm(normal)
    return 0.3 * normal


def any_sources(run, network="generator"):
    """Replace `page_sources`, which loads the run's data set: twelve of what the network takes."""
    shape = translations(run.problem)[network].shape
    return np.random.default_rng(3).integers(0, 256, (12, *shape), np.uint8)


def any_directions(run, count, **_):
    """Replace `principal_directions`, which makes thousands of images."""
    return Directions(np.eye(run.problem.latent)[:count], np.full(count, 0.1))


def page_of(payload):
    """Return a page with a payload and the explorer's files, nothing mounted yet."""
    styles = "".join((STATIC / name).read_text("utf-8") for name in explorer.STYLES)
    scripts = "\n".join((STATIC / name).read_text("utf-8") for name in explorer.SCRIPTS)
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>explorer</title>
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>:root {{ color-scheme: light dark }} {styles}</style><main id="here"></main>
<script type="application/json" id="payload">{json.dumps(payload)}</script>
<script>{scripts}</script>
<script>const payload = JSON.parse(document.getElementById("payload").textContent);</script>
</html>"""


def generated(browser, noise, labels):
    """Return `(n, values)`: the images of the page's generator for noise and labels."""
    made = browser.run(
        "const sources = payload.source ? gankitExplorer.sourceImages(payload.source) : [];"
        "return arguments[0].map((z, i) =>"
        " Array.from(gankitExplorer.generate(payload, z, arguments[1][i], sources[i])))",
        noise.tolist(),
        labels.tolist(),
    )
    return np.array(made)


def largest_difference(browser, run, n=3):
    """Return the largest difference of `n` images of the page's generator from a run's."""
    noise, problem = sample_noise(run.problem, n, 5), run.problem
    labels = np.arange(1, n + 1) % max(problem.generator_classes, 1)
    taken = labels if problem.generator_classes else None
    if problem.generator_labels.columns:
        labels = spread(problem.conditions, n)
        taken = problem.labels_in_turn(n)
    source = problem.scale(any_sources(run)[:n]) if problem.takes_source else None
    wanted = run.generator(problem.generator_inputs(noise, source), taken)
    assert wanted.std() > 0.1  # Images of nothing would agree about anything.
    return np.abs(generated(browser, noise, labels) - wanted.reshape(n, -1)).max()
