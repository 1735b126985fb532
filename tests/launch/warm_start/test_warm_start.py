"""A run begins with the weights of another one, and records which."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import gankit
from gankit.augment import Augment
from gankit.errors import CheckpointError, ConfigError, OtherFormat
from gankit.layers import BatchNorm, Dense, Embedding, Flatten, LeakyReLU, Reshape, Tanh
from gankit.optimizers import SGD, Adam, Average
from gankit.runs import RunFolder
from gankit.runs.checkpoints import read_manifest
from tests.selection import selected

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 4, 1), np.uint8)
OTHERS = np.random.default_rng(1).integers(0, 256, (30, 6, 4, 1), np.uint8)
GENERATOR = (Dense(5), BatchNorm(), LeakyReLU(0.2), Dense(24), Tanh(), Reshape((6, 4, 1)))
DISCRIMINATOR = (Flatten(), Dense(5, spectral=True), LeakyReLU(0.2), Dense(1))
OPTIMIZER = ("optimizer/", "step", "ada/")


def fit(out=None, images=OTHERS, generator=GENERATOR, discriminator=DISCRIMINATOR, **changes):
    given = {"steps": 4, "latent": 3, "batch": 8, "backend": "numpy", "progress": False}
    return gankit.fit(images, generator, discriminator, out=out, **given | changes)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folder of a run of six steps, with checkpoints of steps 2, 4 and 6."""
    out = tmp_path_factory.mktemp("trained") / "old"
    fit(out, IMAGES, steps=6, checkpoint_every=2, average=Average(half_life=8))
    return out


@pytest.fixture
def old(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "old")


def at(folder, step):
    return RunFolder(folder).checkpoints.load(step)


def networks(state, *names):
    return {n: a for n, a in state.items() if n.startswith(names or ("generator/", "discrim"))}


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[n], other[n]) for n in one)


def initial(**changes):
    """Return the first state of a run that begins with initial weights."""
    return fit(steps=1, **changes).problem.initial_state()


def refusal(call, error):
    with pytest.raises(error) as refused:
        call()
    return str(refused.value), "\n".join(getattr(refused.value, "__notes__", ()))


def test_weights_and_running_state_are_loaded_and_everything_else_is_new(old, tmp_path):
    changes = {"augment": Augment(adaptive=True), "discriminator_optimizer": Adam(1e-4)}
    fit(tmp_path / "new", init_from=old, **changes)
    first, before = at(tmp_path / "new", 0).state, at(old, 6).state
    assert same(networks(first), networks(before))
    fresh = initial(**changes)
    assert same(networks(first, *OPTIMIZER), networks(fresh, *OPTIMIZER))
    assert not same(networks(first), networks(fresh))


def test_a_run_in_memory_begins_with_them_too(old, tmp_path):
    run = fit(init_from=old)
    assert np.array_equal(run.history, fit(tmp_path / "new", init_from=old).history)
    assert not np.array_equal(run.history, fit().history)
    run.save(tmp_path / "saved")
    assert RunFolder(tmp_path / "saved").facts()["init_from"]["step"] == 6


def test_the_run_records_the_checkpoint_and_its_digest(old, tmp_path):
    fit(tmp_path / "new", init_from=old)
    digest = json.loads((old / "checkpoints/000006/manifest.json").read_text())["sha256"]
    wanted = {
        "run": str(old), "checkpoint": "newest", "step": 6, "digest": digest, "networks": "both",
        "missing": "refuse", "fresh": [],
    }  # fmt: skip
    folder = RunFolder(tmp_path / "new")
    assert folder.facts()["init_from"] == wanted
    for step in folder.checkpoints.steps():
        assert read_manifest(folder.checkpoints.path(step)).info["init_from"] == wanted
    assert at(old, 6).digest == digest


def test_a_step_is_chosen(old, tmp_path):
    fit(tmp_path / "new", init_from=f"{old}@2")
    assert same(networks(at(tmp_path / "new", 0).state), networks(at(old, 2).state))
    told, _ = refusal(lambda: fit(init_from=f"{old}@3"), CheckpointError)
    assert told == f"no checkpoint of step 3 in {old}/checkpoints; available: 2, 4, 6"


@pytest.mark.usefixtures("few_samples")
def test_the_best_is_chosen(tmp_path):
    old = tmp_path / "old"
    fit(old, IMAGES, steps=6, checkpoint_every=2, evaluate_every=1, batch=20)
    rows = [json.loads(line) for line in (old / "evaluations.jsonl").read_text().splitlines()]
    best = min((row for row in rows), key=lambda row: row["frechet"])["step"]
    fit(tmp_path / "new", init_from=f"{old}@best")
    assert RunFolder(tmp_path / "new").facts()["init_from"]["step"] == best


def test_the_best_needs_evaluations(old):
    told, _ = refusal(lambda: fit(init_from=f"{old}@best"), CheckpointError)
    assert told.startswith(f"{old} has no best checkpoint: no saved checkpoint was evaluated; ")


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_one_network_is_chosen(old, tmp_path, role):
    fit(tmp_path / "new", init_from=old, init_networks=role)
    first = at(tmp_path / "new", 0).state
    (other,) = {"generator", "discriminator"} - {role}
    assert same(networks(first, f"{role}/"), networks(at(old, 6).state, f"{role}/"))
    assert same(networks(first, f"{other}/"), networks(initial(), f"{other}/"))


def test_the_other_networks_layers_may_differ_then(old):
    other = (Flatten(), Dense(1))
    assert fit(init_from=old, init_networks="generator", discriminator=other).step == 4


def test_layers_of_other_shapes_are_listed_and_refused(old, tmp_path):
    told, listed = refusal(lambda: fit(tmp_path / "new", init_from=old, latent=2), CheckpointError)
    assert told.startswith(f"init_from: 1 layer of {old} differs from those here; ")
    assert "--init-missing fresh (in Python init_missing='fresh')" in told
    assert listed == "generator layer 0: kernel 3x5 there, 2x5 here"
    assert not (tmp_path / "new").exists()


def test_a_layer_that_only_the_other_run_has_is_refused_too(old):
    told, listed = refusal(
        lambda: fit(init_from=old, generator=(*GENERATOR[:1], *GENERATOR[2:])), CheckpointError
    )
    assert told.startswith("init_from: 3 layers")
    assert listed.splitlines() == [
        "generator layer 2: only here", "generator layer 1: only there",
        "generator layer 3: only there",
    ]  # fmt: skip


def test_layers_of_other_shapes_begin_with_initial_weights(old, tmp_path):
    average = {"average": Average(half_life=8)}
    fit(tmp_path / "new", init_from=old, latent=2, init_missing="fresh", **average)
    first, before = at(tmp_path / "new", 0).state, at(old, 6).state
    fresh = initial(latent=2, **average)
    for name, array in networks(first, "generator/", "average/", "discriminator/").items():
        wanted = fresh if name.split("/")[1].startswith("0.") and "disc" not in name else before
        assert np.array_equal(array, wanted[name]), name
    assert RunFolder(tmp_path / "new").facts()["init_from"]["fresh"] == ["generator:0"]


def test_a_network_of_which_no_layer_fits_is_refused(old):
    told, listed = refusal(
        lambda: fit(init_from=old, discriminator=(Flatten(), Dense(7), Dense(7), Dense(1)),
                    init_missing="fresh"),
        CheckpointError,
    )  # fmt: skip
    assert told == f"init_from: no layer of the discriminator of {old} fits this one"
    assert "discriminator layer 1: bias and kernel and kernel_u there, bias and " in listed


def test_other_classes_are_a_layer_of_another_shape(tmp_path):
    conditional = ((Embedding(4), *GENERATOR[:1], *GENERATOR[2:]), DISCRIMINATOR)
    fit(tmp_path / "old", IMAGES, *conditional, labels=np.arange(40) % 4)
    new = {"init_from": tmp_path / "old", "labels": np.arange(30) % 3}
    _, listed = refusal(lambda: fit(None, OTHERS, *conditional, **new), CheckpointError)
    assert listed == "generator layer 0: embedding 4x4 there, 3x4 here"
    run = fit(None, OTHERS, *conditional, init_missing="fresh", **new)
    assert run.problem.classes == 3


@pytest.mark.parametrize("averaged", [True, False], ids=["average", "without"])
def test_the_average_is_the_other_runs_or_its_generators(tmp_path, averaged):
    average = Average(half_life=8)
    fit(tmp_path / "old", IMAGES, average=average if averaged else None)
    fit(tmp_path / "new", init_from=tmp_path / "old", average=average)
    before, first = at(tmp_path / "old", 4).state, at(tmp_path / "new", 0).state
    wanted = networks(before, "average/" if averaged else "generator/")
    assert list(networks(first, "average/").values()) != []
    for name, array in wanted.items():
        assert np.array_equal(first["average/" + name.partition("/")[2]], array)


def test_an_average_of_the_other_run_is_not_needed(old, tmp_path):
    fit(tmp_path / "new", init_from=old, generator_optimizer=SGD(0.1))
    first = at(tmp_path / "new", 0).state
    assert same(networks(first, "generator/"), networks(at(old, 6).state, "generator/"))


def test_the_precision_may_differ(old, tmp_path):
    fit(tmp_path / "new", init_from=old, precision="float64")
    kernel = at(tmp_path / "new", 0).state["generator/0.kernel"]
    assert kernel.dtype == np.float64
    assert np.array_equal(kernel, at(old, 6).state["generator/0.kernel"])


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_a_run_of_another_backend_begins_with_the_same_weights(old, tmp_path, backend):
    if not selected(backend):
        pytest.skip(f"{backend} is not under test")
    average = Average(half_life=8)
    fit(tmp_path / "new", init_from=old, backend=backend, average=average)
    fit(tmp_path / "here", init_from=old, average=average)
    first, here = at(tmp_path / "new", 0), at(tmp_path / "here", 0)
    assert (first.info["backend"], here.info["backend"]) == (backend, "numpy")
    assert same(first.state, here.state)


def test_a_damaged_newest_checkpoint_is_skipped_and_a_damaged_step_refused(old):
    file = old / "checkpoints/000006/generator.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.warns(UserWarning, match="skipped: .*000006/generator.safetensors is damaged"):
        fit(init_from=old)
    told, _ = refusal(lambda: fit(init_from=f"{old}@6"), CheckpointError)
    assert "000006/generator.safetensors is damaged" in told


def test_a_run_without_a_valid_checkpoint_is_refused(old):
    shutil.rmtree(old / "checkpoints")
    told, _ = refusal(lambda: fit(init_from=old), CheckpointError)
    assert told == f"{old} has no valid checkpoint to begin with"


def test_a_missing_run_is_refused(tmp_path):
    told, _ = refusal(lambda: fit(init_from=tmp_path / "nothing"), CheckpointError)
    assert told.startswith(f"no run folder at '{tmp_path}/nothing': no such folder; ")


def test_a_run_of_an_earlier_gankit_is_refused(old):
    config = old / "config.toml"
    config.write_text(f"rounds_per_epoch = 3\n{config.read_text()}")
    refusal(lambda: fit(init_from=old), OtherFormat)


def test_a_diverged_run_gives_its_last_good_checkpoint(tmp_path):
    with pytest.raises(gankit.errors.Diverged):
        fit(tmp_path / "old", IMAGES, steps=60, checkpoint_every=1, loss="wasserstein",
            discriminator=(Flatten(), Dense(5), Dense(5), Dense(1)),
            discriminator_optimizer=SGD(1e6), generator_optimizer=SGD(1e6))  # fmt: skip
    steps = RunFolder(tmp_path / "old").checkpoints.steps()
    discriminator = (Flatten(), Dense(5), Dense(5), Dense(1))
    run = fit(init_from=tmp_path / "old", discriminator=discriminator, loss="hinge",
              discriminator_optimizer=SGD(1e-30), generator_optimizer=SGD(1e-30))  # fmt: skip
    assert run.plan.warm_start.record["step"] == steps[-1]


def test_a_folder_that_holds_a_run_is_refused(old, tmp_path):
    fit(tmp_path / "new")
    told, _ = refusal(lambda: fit(tmp_path / "new", init_from=old), ConfigError)
    assert told.startswith(f"{tmp_path}/new holds a run; ")


class TestResuming:
    """A run that began with another's weights does not need the other run."""

    def test_the_numbers_are_those_of_a_run_that_never_stopped(self, old, tmp_path):
        whole = fit(tmp_path / "whole", init_from=old)
        fit(tmp_path / "new", init_from=old, steps=2)
        shutil.rmtree(old)
        resumed = fit(tmp_path / "new", resume=True)
        assert np.array_equal(resumed.history, whole.history)
        assert same(resumed.trainer.state(), whole.trainer.state())
        records = [RunFolder(tmp_path / n).facts()["init_from"] for n in ("new", "whole")]
        assert records[0] == records[1] == at(tmp_path / "new", 4).info["init_from"]

    def test_its_first_checkpoint_is_enough(self, old, tmp_path):
        class Killed(BaseException):
            pass

        def kill(_progress):
            raise Killed

        with pytest.raises(Killed):
            fit(tmp_path / "new", init_from=old, callbacks=kill)
        whole = fit(init_from=old)
        shutil.rmtree(old)
        assert RunFolder(tmp_path / "new").checkpoints.steps() == [0]
        assert np.array_equal(fit(tmp_path / "new", resume=True).history, whole.history)

    def test_the_same_request_is_accepted_and_another_refused(self, old, tmp_path):
        new = tmp_path / "new"
        fit(new, init_from=old, steps=2)
        assert fit(new, init_from=old, resume=True, steps=3).step == 3
        shutil.rmtree(old)
        assert fit(new, init_from=old, resume=True).step == 4
        for other in (f"{old}@4", tmp_path / "else"):
            told, _ = refusal(
                lambda other=other: fit(new, init_from=other, resume=True), ConfigError
            )
            assert told == (
                f"{new} began with {old}, not with {other}; resume it without --init-from, or "
                "choose another --out"
            )
        told, _ = refusal(
            lambda: fit(new, init_from=old, init_networks="generator", resume=True), ConfigError
        )
        assert f"began with {old}, networks both, not with {old}, networks generator; " in told

    def test_a_run_that_began_with_initial_weights_is_not_given_others(self, old, tmp_path):
        fit(tmp_path / "new", steps=2)
        told, _ = refusal(lambda: fit(tmp_path / "new", init_from=old, resume=True), ConfigError)
        assert told.startswith(f"{tmp_path}/new began with initial weights, not with {old}; ")

    def test_resuming_a_new_folder_begins_the_run(self, old, tmp_path):
        run = fit(tmp_path / "new", init_from=old, resume=True)
        assert np.array_equal(run.history, fit(init_from=old).history)

    def test_a_run_that_was_stopped_before_its_first_checkpoint_begins_again(self, old, tmp_path):
        whole = fit(tmp_path / "new", init_from=f"{old}@4")
        for name in ("checkpoints", "samples"):
            shutil.rmtree(tmp_path / "new" / name)
        again = fit(tmp_path / "new", resume=True)
        assert np.array_equal(again.history, whole.history)
        shutil.rmtree(tmp_path / "new" / "checkpoints")
        shutil.rmtree(old)
        fit(old, IMAGES, steps=4, seed=1)
        told, _ = refusal(lambda: fit(tmp_path / "new", resume=True), CheckpointError)
        assert told == (
            f"{tmp_path}/new has no checkpoint yet, and {old} has changed since it began; choose "
            "another --out"
        )

    def test_a_lost_environment_does_not_lose_the_record(self, old, tmp_path):
        fit(tmp_path / "new", init_from=old, steps=2)
        (tmp_path / "new" / "environment.json").unlink()
        with pytest.warns(UserWarning, match="it is replaced"):
            fit(tmp_path / "new", resume=True)
        assert RunFolder(tmp_path / "new").facts()["init_from"]["run"] == str(old)


class TestNative:
    """A run of native networks gives its weights to networks of the same framework."""

    @pytest.fixture
    def pair(self):
        if not selected("torch"):
            pytest.skip("torch is not under test")
        from torch import nn

        def made():
            layers = (nn.Linear(3, 24), nn.BatchNorm1d(24), nn.Tanh(), nn.Unflatten(1, (1, 6, 4)))
            discriminator = nn.Sequential(nn.Flatten(), nn.Linear(24, 1))
            return {"generator": nn.Sequential(*layers), "discriminator": discriminator}

        return made

    def test_names_and_shapes_decide(self, pair, tmp_path):
        fit(tmp_path / "old", IMAGES, **pair(), backend="torch")
        fit(tmp_path / "new", **pair(), backend="torch", init_from=tmp_path / "old")
        before, first = at(tmp_path / "old", 4).state, at(tmp_path / "new", 0).state
        assert same(networks(first), networks(before))

    def test_layers_of_gankit_do_not_fit(self, pair, old):
        told, _ = refusal(lambda: fit(**pair(), backend="torch", init_from=old), CheckpointError)
        assert told.startswith("init_from: no layer of the generator of")

    def test_the_command_refuses_its_settings(self, pair, tmp_path):
        fit(tmp_path / "old", IMAGES, **pair(), backend="torch")
        told, _ = refusal(
            lambda: gankit.train(init_from=tmp_path / "old", progress=False), ConfigError
        )
        assert told.startswith(f"init_from: {tmp_path}/old has a native generator, torch.nn.")
