"""Objects in place of names: what `fit` and `train` accept, and what they refuse in one line."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gankit
from gankit import plugins, training
from gankit.augment import Augment
from gankit.callbacks import History, every
from gankit.config import NetworkConfig
from gankit.contract import Problem
from gankit.errors import ConfigError, shown
from gankit.layers import Dense, Flatten, Reshape, Residual, Tanh
from gankit.losses import HINGE, Loss
from gankit.optimizers import SGD, Adam, Average
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from tests.short_runs import DISCRIMINATOR, GENERATOR, IMAGES, fit, refusal, steep, train

R1 = Penalty("real", 0.0, 1.0)


# What messages show.


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.zeros((40, 28)), "numpy ndarray of shape (40, 28), float64"),
        (np.float32(0.5), "np.float32(0.5)"),
        ("x" * 500, f"'{'x' * 56}..."),
        ("two\nlines", r"'two\nlines'"),
        ({"a": 1}, "dict of 1"),
        (Adam, "the class Adam"),
        (len, "the function len"),
        (None, "None"),
        (plugins, "module"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_message_shows_a_shortened_value(value, told):
    assert shown(value) == told


def test_a_long_unknown_name_is_shortened():
    assert len(refusal(lambda: train(dataset="x" * 10_000))) < 200


# Losses.


def test_fitting_takes_a_loss_object():
    assert np.array_equal(fit(loss=HINGE).history, fit(loss="hinge").history)
    assert not np.array_equal(fit(loss=steep()).history, fit(loss="hinge").history)


def test_training_takes_a_loss_object_and_records_its_name(tmp_path):
    run = train(loss=steep(), out=tmp_path / "run")
    assert run.config.loss == "mine"
    assert not np.array_equal(run.history, train(loss="hinge").history)


def test_sampling_and_loading_need_no_loss(tmp_path):
    run = train(loss=steep(), out=tmp_path / "run")
    assert np.array_equal(gankit.load(tmp_path / "run").sample(3), run.sample(3))


def test_a_run_loaded_without_its_loss_does_not_train_with_another_loss(tmp_path):
    train(loss=steep(), out=tmp_path / "run")
    run = gankit.load(tmp_path / "run")
    block = training.plan(run.problem, training.StepShape(4), 20, run.step, 1)
    batches = block.batches(run.problem, np.zeros((20, 28, 28, 1), np.uint8), None)
    with pytest.raises(ConfigError, match=r"'mine' is not registered.*give the Loss again"):
        training.alternate(run.trainer, batches)


def test_resuming_with_the_same_loss_gives_the_same_numbers(tmp_path):
    train(loss=steep(), out=tmp_path / "run")
    run = train(loss=steep(), out=tmp_path / "run", steps=5, resume=True)
    assert np.array_equal(run.history, train(loss=steep(), steps=5).history)


def test_resuming_with_another_loss_of_that_name_is_refused(tmp_path):
    train(loss=steep(), out=tmp_path / "run")
    told = refusal(lambda: train(loss=steep(1.5), out=tmp_path / "run", steps=5, resume=True))
    assert "returns other values or gradients" in told


def test_resuming_without_the_loss_asks_for_it(tmp_path):
    train(loss=steep(), out=tmp_path / "run")
    told = refusal(lambda: gankit.train(out=tmp_path / "run", steps=5, resume=True))
    assert "resume in Python with the Loss: gankit.train(" in told


def test_a_loss_without_a_digest_trains_only_in_memory(tmp_path):
    squared = dataclasses.replace(
        HINGE, name="squared", discriminator=lambda ops, real, fake: ops.mean((real + fake) ** 2)
    )
    told = refusal(lambda: train(loss=squared, out=tmp_path / "run"))
    assert "train without out=" in told
    assert not (tmp_path / "run").exists()


# Several, or one.


def test_one_penalty_may_be_given_without_a_tuple():
    one, many = fit(penalties=R1), fit(penalties=(R1,))
    assert one.problem.penalties == many.problem.penalties == (R1,)
    assert fit(penalties=[R1]).problem.penalties == (R1,)
    assert train(penalties=R1).config.penalties == (R1,)


def test_a_plain_function_is_called_after_every_step():
    seen = []
    fit(callbacks=[lambda progress: seen.append(progress.step)])
    train(callbacks=lambda progress: seen.append(progress.step))
    assert seen == [1, 2, 3, 1, 2, 3]


def test_one_callback_may_be_given_without_a_list():
    history, seen = History(), []
    fit(callbacks=history)
    fit(callbacks=every(2, lambda progress: seen.append(progress.step)))
    assert len(history.losses()) == 3
    assert seen == [2]


@pytest.mark.parametrize(
    "form", [list, tuple, iter, lambda spec: (layer for layer in spec)], ids=range(4)
)
def test_layers_may_be_any_sequence(form):
    run = fit(form(GENERATOR), form(DISCRIMINATOR))
    assert run.problem.generator == GENERATOR
    assert np.array_equal(run.history, fit().history)


@pytest.mark.parametrize("form", [list, tuple], ids=lambda form: form.__name__)
def test_training_accepts_layers_and_keeps_the_recipes_optimizer(form):
    layers = form([Dense(784), Tanh(), Reshape((28, 28, 1))])
    config = train(generator=layers).config
    assert config.generator.layers == tuple(layers)
    assert config.generator.optimizer == train().config.generator.optimizer


def test_lists_and_single_layers_are_specs_also_inside_others():
    inner = (Dense(3), Tanh())
    assert Residual(list(inner)) == Residual(inner)
    assert Residual(inner, Dense(3)).shortcut == (Dense(3),)
    assert NetworkConfig(list(inner), SGD(0.1)).layers == inner
    problem = Problem(list(GENERATOR), DISCRIMINATOR, 3, [3, 2, 1], HINGE, SGD(0.1), SGD(0.1))
    assert (problem.generator, problem.image_shape) == (GENERATOR, (3, 2, 1))


# What is refused.


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"best": "no"}, "best: got 'no'; expected True or False"),
        ({"beset": True}, "load: unknown argument 'beset' (did you mean 'best'?)"),
    ],
)
def test_wrong_arguments_of_load_are_refused(given, told):
    assert refusal(lambda: gankit.load("run", **given)) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"penalties": "r1"},
            "unknown plugin penalty 'r1'; known: none (did you mean Penalty('real'),",
        ),
        ({"penalties": "own"}, "'own'; known: none; or write it out, such as Penalty('real')"),
        ({"resume": "yes"}, "resume: got 'yes'; expected True or False"),
        ({"progress": "no"}, "progress: got 'no'; expected True or False"),
        ({"penalties": 3}, "penalties: got 3; expected gankit.penalties.Penalty"),
        (
            {"generator_optimizer": SGD(0)},
            "learning_rate: got 0; expected a finite number, above 0",
        ),
        ({"penalties": [R1, IMAGES]}, "penalties: got numpy ndarray of shape (20, 3, 2, 1)"),
        ({"penalties": Penalty}, "penalties: got the class Penalty"),
        ({"callbacks": 3}, "callbacks: got 3; expected a function"),
        ({"callbacks": [History]}, "callbacks: got the class History; write History(...)"),
        ({"callbacks": [lambda _: None, IMAGES]}, "callbacks: got numpy ndarray"),
        ({"callbacks": lambda: None}, "the function <lambda> of (); expected one parameter"),
        ({"callbacks": [lambda now, more: (now, more)]}, "of (now, more); expected one parameter"),
        ({"generator_optimizer": SGD(float("inf"))}, "learning_rate: got inf; expected a finite"),
        ({"instance_noise": float("inf")}, "instance_noise: got inf; expected a finite number"),
        ({"augment": "translation"}, "augment: got 'translation'; expected gankit.augment.Augment"),
        ({"augment": True}, "augment: got True"),
        ({"average": 0.999}, "average: got 0.999; expected gankit.optimizers.Average"),
        ({"generator_optimizer": "adam"}, "generator_optimizer: got 'adam'"),
        ({"discriminator_optimizer": Adam}, "discriminator_optimizer: got the class Adam"),
        ({"generator_optimizer": SGD("0.1")}, "sgd.learning_rate: got '0.1'"),
        ({"loss": 3}, "loss: got 3; expected a name, or a gankit.losses.Loss"),
        ({"loss": IMAGES}, "loss: got numpy ndarray"),
        ({"backend": IMAGES}, "backend: got numpy ndarray"),
        ({"latent": IMAGES}, "latent: got numpy ndarray"),
        ({"steps": IMAGES}, "steps: got numpy ndarray"),
        ({"batch": IMAGES}, "batch: got numpy ndarray"),
        ({"seed": IMAGES}, "seed: got numpy ndarray"),
        ({"flip": "yes"}, "flip: got 'yes'; expected True or False"),
        ({"instance_noise": IMAGES}, "instance_noise: got numpy ndarray"),
        ({"precision": "float16"}, "unknown precision 'float16'"),
        ({"device": 0}, "device: got 0; expected a text"),
        ({"label_smoothing": IMAGES}, "label_smoothing: got numpy ndarray"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_value_of_a_wrong_type_is_refused_in_one_line(changes, told):
    assert told in refusal(lambda: fit(**changes))


@pytest.mark.parametrize(
    ("generator", "told"),
    [
        (None, "generator: got None; expected a tuple of gankit.layers"),
        ("dcgn", "unknown family 'dcgn'; known: dcgan"),
        ({"layers": []}, "generator: got dict of 1"),
        (IMAGES, "generator: got numpy ndarray of shape (20, 3, 2, 1), uint8"),
        (len, "generator: got the function len"),
        ([Flatten, Dense(1)], "generator: layer 0: got the class Flatten; write Flatten(...)"),
        ([Dense(6), len], "generator: layer 1: got the function len"),
        ([Dense("6")], "dense.units: got '6'; expected a whole number"),
        ([Residual([Dense(2.5)])], "dense.units: got 2.5"),
    ],
    ids=range(9),
)
def test_a_value_that_is_not_a_network_is_refused_in_one_line(generator, told):
    assert told in refusal(lambda: fit(generator, backend="auto"))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Penalty("reel", 0.0, 1.0), "did you mean 'real'"),
        (lambda: Penalty("real", 0.0, float("inf")), "penalty.weight: got inf; expected a finite"),
        (lambda: Penalty("real", "0", 1.0), "penalty.target: got '0'"),
        (lambda: Penalty("real", 0.0, 1.0, every=IMAGES), "penalty.every: got numpy ndarray"),
        (lambda: Penalty("real", power=1), "penalty.power: got 1; expected a finite number"),
        (lambda: Penalty("between", power=6), "penalty.power: got 6 with target 1.0; expected 2"),
        (lambda: Augment("translation"), "augmentation.policy: got 'translation'"),
        (lambda: Augment(every="4"), "augmentation.every: got '4'"),
        (lambda: Average("1000"), "average.half_life: got '1000'"),
        (lambda: Schedule("linear", 0.0, 1.0, None), "schedule.images: got None"),
        (lambda: Schedule("sine", 0.0, 1.0, 10), "unknown schedule 'sine'"),
        (lambda: Loss("mine", 3, len), "loss.discriminator: got 3; expected a function"),
        (lambda: Residual(4), "residual.layers: got 4"),
        (lambda: NetworkConfig([4], SGD(0.1)), "layers: layer 0: got 4"),
    ],
    ids=range(14),
)
def test_constructors_refuse_values_of_a_wrong_type(make, told):
    assert told in refusal(make)


BOTH = "generator_optimizer=Adam(learning_rate=...) and discriminator_optimizer=Adam("
GENERATOR_RATE = "(did you mean generator={'optimizer': {'learning_rate': ...}}?)"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: fit(lr=1e-3), f"fit: unknown argument 'lr' (did you mean {BOTH}"),
        (lambda: fit(learning_rate=1e-3), f"(did you mean {BOTH}"),
        (lambda: fit(d_lr=1e-3), "(did you mean discriminator_optimizer=Adam(learning_rate=...)?)"),
        (lambda: fit(z_dim=100), "fit: unknown argument 'z_dim' (did you mean 'latent'?)"),
        (lambda: fit(penalty=R1), "fit: unknown argument 'penalty' (did you mean 'penalties'?)"),
        (
            lambda: gankit.train(lr_generator=1e-3),
            f"train: unknown argument 'lr_generator' {GENERATOR_RATE}",
        ),
        (
            lambda: gankit.train(generator_optimizer=SGD()),
            "did you mean generator={'optimizer': ...}",
        ),
        (
            lambda: gankit.train(size=64),
            "train: unknown argument 'size' (did you mean images={'size': ...}?)",
        ),
        (lambda: gankit.train(btach=64), "train: unknown argument 'btach' (did you mean 'batch'?)"),
        (lambda: Adam(lr=1e-3), "Adam: unknown argument 'lr' (did you mean 'learning_rate'?)"),
        (
            lambda: Dense(3, activation="relu"),
            "Dense: unknown argument 'activation'; it takes: bias",
        ),
        (lambda: Penalty("r1"), "(did you mean 'real'?)"),
        (lambda: gankit.train(penalties="wgan-gp"), "(did you mean Penalty('between'), in TOML"),
    ],
    ids=range(13),
)
def test_names_of_other_libraries_get_the_right_name(call, told):
    assert told in refusal(call)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dataset": 3}, "images: got 3; expected an array (N, height, width, channels)"),
        ({"batch": IMAGES}, "batch: got numpy ndarray"),
        ({"generator": {"layers": [IMAGES]}}, "generator.layers.0: got numpy ndarray"),
        ({"out": 3}, "out: got 3; expected a path"),
        ({"data_dir": IMAGES}, "data_dir: got numpy ndarray"),
        ({"recipe": IMAGES}, "recipe: got numpy ndarray"),
        ({"callbacks": 3}, "callbacks: got 3"),
        ({"loss": IMAGES}, "loss: got numpy ndarray"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_training_refuses_objects_in_place_of_settings(changes, told):
    assert told in refusal(lambda: train(**changes))


def test_training_takes_a_path_for_a_data_set(tmp_path):
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).integers(0, 256, (8, 28, 28), np.uint8))
    assert train(dataset=tmp_path / "mine.npy", steps=1).step == 1


def test_a_backend_is_selected_by_name():
    assert "backend: got numpy ndarray" in refusal(lambda: gankit.get_backend(IMAGES))


def test_loading_a_value_that_is_not_a_path_is_refused():
    assert "folder: got 3" in refusal(lambda: gankit.load(3))
