"""Validation of what plugins offer, field by field."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from gankit import plugins
from gankit.contract import Backend
from gankit.contract.export_format import Export
from gankit.data import BUILTIN as DATASETS
from gankit.data import Dataset
from gankit.errors import ConfigError, PluginError
from gankit.losses import BUILTIN as LOSSES
from gankit.losses import Loss
from gankit.penalties import NamedPenalty, Penalty
from gankit.plugins import validation
from gankit.recipes import Recipe, recipe

EXPORT = Export(".x", print, print, "images = read({path})")
BACKEND = Backend("mine", ("json",), print, frozenset({"float32"}), exports={"x": EXPORT})
DATASET = Dataset("mine", "some images", print)
LOSS = Loss("mine", print, print)
WRONG = {
    "name": ["a b", "", 3, None, "auto", "Auto"],
    "requires": ["json", 3, (3,), ("",), ("a b",), None],
    "build": [None, "build"],
    "capabilities": [None, ["float32"], frozenset({3}), frozenset({"float32", "convs"})],
    "api": [True, 1.0, "1", 2, None],
    "remedy": [None, 3],
    "inspect": ["facts", 3],
    "join": ["world", 3],
    "distribution": [None, 3],
    "exports": [None, {"x": None}, {3: EXPORT}, {"a b": EXPORT}],
}
WRONG_EXPORT = {
    "suffix": ["onnx", "", ".", "./x", None],
    "write": [None],
    "read": ["read"],
    "add_class_names": ["names"],
    "snippet": [None, "no place", "{path} {other}", "{path} {", "{}"],
    "requires": ["onnx", (1,)],
    "remedy": [None],
}
WRONG_DATASET = {
    "name": ["x.npy", "auto", "a/b"],
    "summary": [None, 3],
    "load": [None, 0],
    "fetch": [3],
    "verify": ["v"],
    "test": [()],
    "hub_id": ["mnist", "a/b/c", "https://a/b", "a/..", None],
    "shape": [(28, 28), [28, 28, 1], (28, 28, 0), "28x28", (28.0, 28, 1)],
}
WRONG_LOSS = {
    "name": [" "],
    "discriminator": [None],
    "generator": [1],
    "paired": [None, 1, "yes"],
    "of_fakes": [1],
    "follower": [1, "k", object()],
    "options": [1, "margin"],
}
PENALTY = NamedPenalty("mine", Penalty("real", 0.0, 1.0))
WRONG_PENALTY = {
    "name": ["a b", 3],
    "penalty": [None, {"where": "real"}, type("Own", (Penalty,), {})("real", 0.0, 1.0)],
}
RECIPE = Recipe("mine", recipe("simple").text)
WRONG_RECIPE = {
    "name": ["a b", "mine.toml", 3],
    "text": [None, "latent = ", "latent = 4", "\0", RECIPE.text + "\nlatent = 2"],
}
CASES = [
    *[("backend", BACKEND, f, v) for f, values in WRONG.items() for v in values],
    *[("dataset", DATASET, f, v) for f, values in WRONG_DATASET.items() for v in values],
    *[("loss", LOSS, f, v) for f, values in WRONG_LOSS.items() for v in values],
    *[("penalty", PENALTY, f, v) for f, values in WRONG_PENALTY.items() for v in values],
    *[("recipe", RECIPE, f, v) for f, values in WRONG_RECIPE.items() for v in values],
]


def test_valid_fields_are_accepted():
    right = {
        "backend": BACKEND,
        "dataset": DATASET,
        "loss": LOSS,
        "penalty": PENALTY,
        "recipe": RECIPE,
    }
    for kind, thing in right.items():
        validation.check(kind, thing)
    for backend in plugins.backends().values():
        validation.check("backend", backend)
    for kind, things in (("dataset", DATASETS), ("loss", LOSSES)):
        for thing in things:
            validation.check(kind, thing)


@pytest.mark.parametrize(("kind", "good", "field", "value"), CASES)
def test_a_wrong_field_is_refused(kind, good, field, value):
    with pytest.raises((PluginError, ConfigError), match=kind):  # A loss refuses it itself.
        validation.check(kind, replace(good, **{field: value}))


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, vs in WRONG_EXPORT.items() for v in vs])
def test_a_wrong_field_of_a_format_is_refused(field, value):
    wrong = replace(BACKEND, exports={"x": replace(EXPORT, **{field: value})})
    with pytest.raises(PluginError, match=f"{field} of export 'x' of backend 'mine': got "):
        validation.check("backend", wrong)


def test_a_misspelt_capability_is_named_with_the_likely_one():
    with pytest.raises(
        PluginError, match=r"'mine': got 'convs' \(did you mean 'conv'\?\); expected"
    ):
        validation.check("backend", replace(BACKEND, capabilities=frozenset({"convs"})))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Backend, WRONG),
        (Export, WRONG_EXPORT),
        (Dataset, WRONG_DATASET),
        (Loss, WRONG_LOSS),
        (NamedPenalty, WRONG_PENALTY),
        (Recipe, WRONG_RECIPE),
    ],
)
def test_every_field_is_validated(kind, wrong):
    assert {field.name for field in fields(kind)} == wrong.keys()
