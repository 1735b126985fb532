"""The models in docs/design/terms.md are complete: names, shapes, and gankit's settings."""

from __future__ import annotations

import copy
import dataclasses
import re
import tomllib
from graphlib import TopologicalSorter

import numpy as np
import pytest

from gankit import plugins
from gankit.config import TrainConfig, from_settings
from gankit.layers import LAYERS, as_spec, shapes
from gankit.losses import BUILTIN
from gankit.training import StepShape, alternate, plan
from tests.paths import DOCS

PAGE = (DOCS / "design" / "terms.md").read_text("utf-8")
_, *BLOCKS = (part.partition("```\n")[0] for part in PAGE.split("```toml\n"))
TITLES = re.findall(r"^\*\*([\w -]+)\*\* \(", PAGE, re.MULTILINE)
BASE = tomllib.loads(BLOCKS[0])
MODELS = {title: tomllib.loads(text) for title, text in zip(TITLES, BLOCKS[1:], strict=True)}
NAMES = {
    "Conditional heads", "SGAN", "InfoGAN", "BiGAN", "AAE", "VAE-GAN", "Feature matching", "EBGAN",
    "BEGAN", "LeCam", "pix2pix", "CycleGAN",
}  # fmt: skip
IMAGE = (28, 28, 1)
CLASSES = 10
LAYER_TYPES = {dataclasses.fields(kind)[-1].default: kind for kind in LAYERS}
SETTINGS = {"networks", "passes", "swapped", "loss_options", "lecam"}
"""Settings that the page explains."""
LOSSES = {loss.name: loss for loss in BUILTIN}
SIDES = ["generator", "discriminator"]
OF_TO = {"cross-entropy", "gaussian", "l1", "l2", "feature-matching"}


def merged(base, changes):
    """Return nested settings with changes."""
    found = copy.deepcopy(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if nested else copy.deepcopy(value)
    return found


@pytest.fixture(params=MODELS)
def model(request):
    """Return the complete settings of each model."""
    return merged(BASE, MODELS[request.param])


class Values:
    """The shapes of a model's values, by name."""

    def __init__(self, settings):
        self.settings = settings
        self.codes = {code["name"]: code["size"] for code in settings.get("codes", [])}
        self.heads = settings["discriminator"].get("heads", {})
        own = {name: {"side": name, "layers": settings[name]["layers"]} for name in SIDES}
        self.networks = own | settings.get("networks", {})
        self.passes = {name: parsed(text) for name, text in settings.get("passes", {}).items()}
        self.shapes = {
            "noise": (settings["latent"] + sum(self.codes.values()),),
            "real": IMAGE,
            "label": (),
            **{f"code/{name}": (size,) for name, size in self.codes.items()},
            **({"source": IMAGE} if "source" in settings else {}),
        }
        self.layers = {}
        inputs = settings["generator"].get("inputs", ["noise"])
        self.run("fake", "generator", inputs)
        for name in order(self.passes):
            self.call(name, *self.passes[name])
        sees = settings["discriminator"].get("sees", {"real": ["real"], "fake": ["fake"]})
        for half, values in sees.items():
            self.discriminate(half, values)

    def call(self, name, function, arguments):
        """Add the value of one pass."""
        if function == "sample":
            ((width,),) = [self.shape(value) for value in arguments]
            assert width % 2 == 0
            self.shapes[name] = (width // 2,)
        else:
            self.run(name, function, arguments)

    def run(self, name, network, inputs):
        """Add the outputs of a network, and the shape after each of its layers."""
        shapes = [self.shape(value) for value in inputs]
        self.layers[name] = trail(self.networks[network]["layers"], shapes)
        self.shapes[name] = self.layers[name][-1]

    def discriminate(self, half, values):
        """Add the logit and the heads of the discriminator's pass over one half."""
        self.run(f"{half}/logit", "discriminator", values)
        made = self.shapes[f"{half}/logit"]
        if len(made) == 1:
            assert made == (1 + sum(self.heads.values()),)
            self.shapes[f"{half}/logit"] = ()
        else:
            assert made[-1] == 1  # A map of logits.
            assert not self.heads
        self.shapes |= {f"{half}/{name}": (size,) for name, size in self.heads.items()}

    def shape(self, value):
        """Return the shape of a value, also of `stop(x)` and `x@4`."""
        if inner := re.fullmatch(r"stop\((.+)\)", value):
            return self.shape(inner[1])
        name, _, layer = value.partition("@")
        return self.layers[name][int(layer)] if layer else self.shapes[name]


def parsed(text):
    """Return the function and the arguments of a pass."""
    function, arguments = re.fullmatch(r"(\w+)\((.+)\)", text).groups()
    return function, [argument.strip() for argument in arguments.split(",")]


def order(passes):
    """Return the passes in an order of computation; CycleError if there is none."""
    needed = {
        name: {word for argument in arguments for word in re.findall(r"\w+", argument)}
        for name, (_, arguments) in passes.items()
    }
    return [name for name in TopologicalSorter(needed).static_order() if name in passes]


def trail(layers, inputs):
    """Return the shape after each layer."""
    spec = as_spec([LAYER_TYPES[layer["layer"]](**fields(layer)) for layer in layers], "layers")
    return shapes(spec, tuple(inputs))[1:]


def fields(layer):
    """Return the arguments of a layer, those of a residual block as layers."""
    found = {key: value for key, value in layer.items() if key != "layer"}
    inside = found.get("layers")
    if inside:
        found["layers"] = [LAYER_TYPES[one["layer"]](**fields(one)) for one in inside]
    return found


def test_every_model_is_on_the_page():
    assert set(MODELS) == NAMES


def test_a_model_has_only_names_that_gankit_has(model):
    assert model.keys() <= {field.name for field in dataclasses.fields(TrainConfig)}
    for role in SIDES:
        assert model[role].keys() <= {"layers", "optimizer", "heads", "inputs", "sees"}
    for network in model.get("networks", {}).values():
        assert network.keys() == {"side", "layers"}
        assert network["side"] in SIDES


def test_a_model_trains(model):
    config = from_settings(model | {"classes": CLASSES, "steps": 1})
    problem = config.problem(IMAGE, LOSSES[config.loss])
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (20, *IMAGE), np.uint8)
    labels = np.arange(20) % CLASSES if config.conditional else None
    trainer = plugins.get_backend("numpy").trainer(problem)
    source = images[::-1] if config.source else None
    block = plan(problem, StepShape(4), len(images), 0, 1, sources=len(images))
    losses = alternate(trainer, block.batches(problem, images, labels, source))
    assert np.isfinite(losses).all()


def test_every_setting_is_explained():
    table = PAGE.partition("Values that are given")[0]
    for name in (*SETTINGS, "concat", "instance-norm", "reconstruction-logit"):
        assert re.search(rf"^\| (?:layer )?`(?:\w+\.)?{name}(?:\.NAME)?`", table, re.MULTILINE), (
            name
        )


def test_every_value_of_a_model_has_a_shape(model):
    values = Values(model)
    assert values.shapes["fake"] == IMAGE
    assert set(values.shapes) >= set(model.get("passes", {}))


def test_every_term_of_a_model_is_complete(model):
    values, kinds = Values(model), []
    for term in copy.deepcopy(model.get("terms", [])):
        kinds.append(kind := term.pop("kind"))
        assert set(term.pop("sides", SIDES)) <= set(SIDES)
        assert term.pop("weight", 1) > 0
        if kind == "adversarial":
            critic = values.networks[term.pop("by")]
            assert critic["side"] == "discriminator"
            halves = [list(map(values.shape, term.pop(half))) for half in ("real", "fake")]
            assert halves[0] == halves[1]
            assert trail(critic["layers"], halves[0])[-1][-1] == 1
        elif kind == "kl":
            assert values.shape(term.pop("of"))[0] % 2 == 0
        elif kind == "pulling-away":
            values.shape(term.pop("of"))
        else:
            assert kind in OF_TO
            of, to = values.shape(term.pop("of")), values.shape(term.pop("to"))
            assert of == to or (kind == "cross-entropy" and (of, to) == ((CLASSES,), ()))
        assert not term
