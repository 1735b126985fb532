"""A run's configuration: written as TOML and read back, with all errors at once."""

from __future__ import annotations

import dataclasses
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gankit import layers
from gankit.config import NetworkConfig, TrainConfig, from_settings, from_toml, layering
from gankit.errors import ConfigError
from gankit.layers import Dense, Dropout, Flatten, LeakyReLU, Reshape, Tanh
from gankit.losses import BUILTIN, NONSATURATING
from gankit.optimizers import SGD, Adam, Average
from gankit.recipes import recipe, recipes
from tests.crash.repetitions import short_or_full

counts = st.integers(1, 10**6)
maybe = st.none() | counts
words = st.text(min_size=1, max_size=12)
shares = st.floats(0, 1, exclude_max=True)
numbers = st.floats(1e-12, 1e6)
spec = st.lists(
    st.one_of(
        st.builds(Dense, counts, st.booleans()),
        st.builds(LeakyReLU, shares),
        st.builds(Dropout, shares),
        st.builds(Reshape, st.lists(counts, min_size=1, max_size=3).map(tuple)),
        st.sampled_from([layers.ReLU(), Tanh(), layers.Sigmoid(), Flatten()]),
    ),
    max_size=6,
).map(tuple)
optimizers = st.builds(SGD, numbers) | st.builds(Adam, numbers, shares, shares, numbers)
networks = st.builds(NetworkConfig, spec, optimizers)
configs = st.builds(
    TrainConfig,
    generator=networks,
    discriminator=networks,
    latent=counts,
    loss=words,
    batch=counts,
    epochs=counts,
    n_critic=counts,
    fresh_noise=st.booleans(),
    average=st.none() | st.builds(Average, numbers, numbers),
    precision=st.sampled_from(["float32", "float64"]),
    steps_per_epoch=maybe,
    steps=maybe,
    seed=st.integers(0, 2**63 - 1),
    recipe=words,
    backend=words,
    dataset=words,
    device=words,
    sample_every=counts,
    checkpoint_every=maybe,
    keep_checkpoints=counts,
    evaluate_every=maybe,
    evaluate_samples=counts,
)


def simple(**changes):
    return layering.config_of([layering.from_recipe("simple"), ("here", changes)])


@pytest.mark.slow
@settings(max_examples=short_or_full(60, 500), deadline=None)
@given(configs)
def test_a_configuration_written_as_toml_is_read_back_unchanged(config):
    assert from_toml(config.to_toml()) == config


@given(configs)
@settings(max_examples=20, deadline=None)
def test_a_configuration_is_plain_data(config):
    assert from_settings(config.settings()) == config
    assert tomllib.loads(config.to_toml()) == config.settings()


def test_the_recipe_simple_is_listed():
    assert "simple" in [r.name for r in recipes()]


@pytest.mark.parametrize("name", [r.name for r in recipes()])
def test_every_recipe_is_a_run_that_can_be_built(name):
    config = layering.config_of([layering.from_recipe(name)])
    assert config.recipe == name
    assert recipe(name).summary
    loss = {loss.name: loss for loss in BUILTIN}[config.loss]
    shape = config.image_shape
    labelled = dataclasses.replace(config, classes=10)
    assert labelled.problem(shape, loss).initial_weights()
    assert labelled.problem(shape, loss).classes == (10 if config.conditional else 0)
    assert from_toml(config.to_toml()) == config


def test_simple_has_every_number_of_its_original_script():
    config = simple()
    adam = Adam(learning_rate=0.0002, beta1=0.5, beta2=0.999, epsilon=1e-7)
    leak, drop = LeakyReLU(0.2), Dropout(0.3)
    assert config.generator == NetworkConfig(
        (
            Dense(256),
            leak,
            Dense(512),
            leak,
            Dense(1024),
            leak,
            Dense(784),
            Tanh(),
            Reshape((28, 28, 1)),
        ),
        adam,
    )
    assert config.discriminator == NetworkConfig(
        (
            Flatten(),
            Dense(1024),
            leak,
            drop,
            Dense(512),
            leak,
            drop,
            Dense(256),
            leak,
            drop,
            Dense(1),
        ),
        adam,
    )
    assert (config.latent, config.batch, config.epochs, config.n_critic) == (100, 128, 400, 1)
    assert config.steps_per_epoch == 128  # The script's `range(batch_size)`.
    assert config.sample_every == 10
    assert config.fresh_noise is False
    assert (config.loss, config.average, config.precision) == (NONSATURATING.name, None, "float32")
    assert config.total_steps(60000) == 400 * 128


def test_an_epoch_is_one_pass_over_the_data_by_default():
    config = dataclasses.replace(simple(), steps_per_epoch=None, batch=100, epochs=3)
    assert config.epoch(1001) == 11
    assert config.total_steps(1001) == 33


def test_steps_replace_epochs():
    assert simple(steps=7).total_steps(60000) == 7


def test_the_last_source_that_sets_steps_or_epochs_decides_the_length():
    base = layering.from_recipe("simple")
    epochs, steps = ("epochs", {"epochs": 2}), ("steps", {"steps": 5})
    assert layering.config_of([base, steps, epochs]).total_steps(1000) == 2 * 128
    assert layering.config_of([base, epochs, steps]).total_steps(1000) == 5


def test_every_error_is_reported_at_once():
    with pytest.raises(ConfigError) as raised:
        simple(btach=3, latent="x", precision="half")
    said = str(raised.value)
    assert "unknown key 'btach' (did you mean 'batch'?)" in said
    assert "latent" in said
    assert "precision" in said
    assert "\n" not in said


def test_every_number_out_of_range_is_reported_at_once():
    with pytest.raises(ConfigError, match=r"latent: got 0.*batch: got -1.*n_critic: got 0"):
        simple(latent=0, batch=-1, n_critic=0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"generator": {"optimizer": {"lerning_rate": 1.0}}}, "did you mean 'learning_rate'"),
        ({"generator": {"layers": [{"layer": "dense", "unit": 3}]}}, "did you mean 'units'"),
        ({"generator": {"layers": [{"layer": "dense"}]}}, "'generator.layers.0.units' is missing"),
        ({"generator": {"layers": [{"layer": "danse"}]}}, "generator.layers.0"),
        ({"generator": {"layers": [{}]}}, "generator.layers.0"),
        ({"generator": {"layers": 3}}, "generator.layers"),
        ({"generator": {"optimizer": {"optimizer": "adamw"}}}, "generator.optimizer"),
        ({"generator": {"optimizer": {"beta1": float("nan")}}}, "generator.optimizer.beta1"),
        ({"batch": 2.5}, "batch"),
        ({"batch": [1]}, "batch"),
        ({"average": {"half_life": float("inf")}}, "average.half_life"),
    ],
    ids=str,
)
def test_an_error_names_its_setting(changes, said):
    with pytest.raises(ConfigError) as raised:
        simple(**changes)
    assert said in str(raised.value)


@pytest.mark.parametrize("text", ["a = ", "[", "x = 1\nx = 2", "\x00", "[" * 5000])
def test_an_error_in_toml_names_the_file(text):
    with pytest.raises(ConfigError, match=r"mine\.toml is not TOML"):
        from_toml(text, "mine.toml")


def test_an_empty_configuration_names_every_missing_setting():
    with pytest.raises(ConfigError) as raised:
        from_toml("", "mine.toml")
    assert str(raised.value).startswith("mine.toml: ")
    for key in ("generator", "discriminator", "latent", "loss", "batch"):
        assert f"{key!r} is missing" in str(raised.value)


def test_a_configuration_needs_a_length():
    with pytest.raises(ConfigError, match="'epochs' is missing; give epochs or steps"):
        from_toml(SHORT.replace("steps = 2", ""))


SHORT = """
latent = 4
batch = 8
steps = 2
loss = "nonsaturating"
average = {}
penalties = [{ where = "real" }, { where = "between" }]
[generator]
layers = [
    { layer = "dense", units = 9 }, { layer = "leaky-relu" }, { layer = "batch-norm" },
    { layer = "dropout" },
]
optimizer = { optimizer = "adam" }
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
optimizer = { optimizer = "rmsprop" }
"""


def test_defaults_are_written_out():
    config = from_toml(SHORT)
    written = tomllib.loads(config.to_toml())
    assert from_settings(written) == config
    assert written["average"] == {"half_life": 10_000.0, "ramp": 0.05}
    r1, gradient = written["penalties"]
    assert (r1["target"], r1["weight"]) == (0.0, 10.0)
    assert (gradient["target"], gradient["weight"]) == (1.0, 10.0)
    _, slope, normalization, dropout = written["generator"]["layers"]
    assert (slope["slope"], dropout["rate"]) == (0.2, 0.5)
    assert (normalization["momentum"], normalization["epsilon"]) == (0.9, 1e-5)
    adam = {"learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999, "epsilon": 1e-7}
    assert written["generator"]["optimizer"] == {"optimizer": "adam", **adam}
    rmsprop = {"learning_rate": 5e-5, "decay": 0.9, "epsilon": 1e-7}
    assert written["discriminator"]["optimizer"] == {"optimizer": "rmsprop", **rmsprop}


WRONG_TYPES = {
    "batch": (1.5, "batch: got 1.5; expected a whole number"),
    "flip": (3, "flip: got 3; expected true or false"),
    "loss": (3, "loss: got 3; expected text"),
    "instance_noise": ("much", "instance_noise: got 'much'; expected a number"),
    "average": (
        {"half_life": float("inf")},
        "average.half_life: got inf; expected a finite number",
    ),
    "augment": ({"policy": 3}, "augment.policy: got 3; expected a list"),
    "penalties": ([3], "penalties.0: got 3; expected a table"),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_a_value_of_a_wrong_type_is_shown_with_what_is_expected(name):
    value, said = WRONG_TYPES[name]
    with pytest.raises(ConfigError) as raised:
        layering.config_of([layering.from_recipe("simple"), ("--set", {name: value})])
    assert str(raised.value) == said


SYNONYMS = {
    "lr": "'generator.optimizer.learning_rate' and 'discriminator.optimizer.learning_rate'",
    "learning_rate": "'generator.optimizer.learning_rate'",
    "z_dim": "'latent'",
    "batch_size": "'batch'",
}


@pytest.mark.parametrize("name", SYNONYMS)
def test_names_of_other_libraries_get_a_hint(name):
    with pytest.raises(ConfigError) as raised:
        simple(**{name: 1})
    assert f"unknown key {name!r} (did you mean {SYNONYMS[name]}" in str(raised.value)


def test_later_sources_override_earlier_ones_key_by_key():
    merged, origins = layering.merge(
        [("a", {"x": {"y": 1, "z": 2}, "l": [1, 2]}), ("b", {"x": {"z": 3}}), ("c", {"l": [9]})]
    )
    assert merged == {"x": {"y": 1, "z": 3}, "l": [9]}
    assert origins == {"x.y": "a", "x.z": "b", "l": "c"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=3", 3),
        ("a.b=0.5", 0.5),
        ("a.b=true", True),
        ("a.b=hinge", "hinge"),
        ('a.b="x=y"', "x=y"),
        ("a.b=[1, 2]", [1, 2]),
        ("a.b = 3 ", 3),
        ("a.b=", ""),
    ],
)
def test_an_assignment_is_toml_or_text(text, value):
    assert layering.from_assignment(text)[1] == {"a": {"b": value}}


def test_merging_does_not_change_its_sources():
    first = {"generator": {"layers": [{"layer": "dense", "units": 3}]}}
    layering.merge([("a", first), ("b", {"generator": {"layers": {"0": {"units": 4}}}})])
    assert first == {"generator": {"layers": [{"layer": "dense", "units": 3}]}}


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_a_recipes_optimizer_can_be_changed_for_another_kind(name):
    config = simple(**{name: {"optimizer": {"optimizer": "sgd", "learning_rate": 0.1}}})
    assert getattr(config, name).optimizer == SGD(0.1)


def test_a_hint_never_names_the_refused_key():
    with pytest.raises(ConfigError) as raised:
        simple(units=3)
    assert "unknown key 'units'" in str(raised.value)
    assert "did you mean 'units'" not in str(raised.value)


WORDS = {
    'penalties=[{where="x",target=0,weight=1}]': "unknown where 'x'",
    'augment.policy=["cutot"]': "did you mean 'cutout'",
    'generator.layers=[{layer="convv"}]': "did you mean 'conv'",
    'generator.layers=[{layer="dense",units=3,init="he"}]': "unknown init 'he'",
    "average.half_life=-5.0": "half_life: got -5.0",
    'generator.optimizer.learning_rate="fast"': "got 'fast'; expected a number",
    'generator.optimizer.learning_rate={schedule="linear",start=1,end=0,images=0}': "images: got 0",
    'generator.optimizer.learning_rate={schedule="sine",start=1,end=0,images=9}': "did you mean",
    "generator.optimizer.learning_rate=0": "got 0.0; expected a finite number, above 0",
    "generator.optimizer.learning_rate=-1": "got -1.0; expected a finite number, above 0",
    "generator.optimizer.clip=0.0": "clip: got 0.0",
    "instance_noise=-1.0": "instance_noise: got -1.0",
    "label_smoothing=1.0": "label_smoothing: got 1.0",
    "lecam=-1.0": "lecam: got -1.0; expected a finite number, at least 0",
    "augment={chance=1.5}": "augmentation.chance: got 1.5; expected 0 to 1",
    "augment={chance=0.5,adaptive=true}": "augmentation.chance: got 0.5 with adaptive = true",
    'average.half_life={schedule="linear",start=-1,end=9,images=9}': "average.half_life: got",
}


def simple_with(assignment):
    """Return the problem of `simple` with one changed setting."""
    config = layering.config_of(
        [layering.from_recipe("simple"), layering.from_assignment(assignment)]
    )
    return config.problem(config.image_shape, NONSATURATING)


@pytest.mark.parametrize(("assignment", "said"), WORDS.items(), ids=WORDS)
def test_an_impossible_value_is_refused_with_the_possible_values(assignment, said):
    with pytest.raises(ConfigError) as refused:
        simple_with(assignment)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"float": 64}, "unknown key 'float'; 'gankit train --print-config' lists keys"),
        ({"augment": {"policy": ["hue"]}}, "augment.policy.0: unknown policy 'hue'; known: affine"),
    ],
)
def test_an_unknown_name_is_told_whatever_it_is_called(changes, told):
    with pytest.raises(ConfigError) as raised:
        simple(**changes)
    assert told in str(raised.value)
