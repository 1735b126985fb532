"""Custom torch networks: how they are called, and the errors of those that cannot train."""

import signal
import subprocess
import sys

import numpy as np
import pytest

import gankit
from gankit.errors import ConfigError, GankitError
from tests.frameworks import native_run, native_sources
from tests.selection import selected

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import torch
from torch import nn

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), np.uint8)
LABELS = np.arange(20) % 5


def painter():
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Unflatten(1, (1, 3, 2)))


def critic():
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 1))


def fit(generator, discriminator, **changes):
    given = {"steps": 2, "latent": 4, "batch": 6, "backend": "torch", **changes}
    return gankit.fit(IMAGES, generator, discriminator, **given)


class Painter(nn.Module):
    """Records its arguments beside the noise."""

    def __init__(self):
        super().__init__()
        self.dense, self.seen = nn.Linear(4, 6), []

    def made(self, z, *given):
        self.seen += given
        return torch.tanh(self.dense(z)).view(-1, 1, 3, 2)


class Second(Painter):
    def forward(self, z, labels):
        return self.made(z, labels)


class Third(Painter):
    def forward(self, z, temperature=1.0, labels=None):
        return self.made(z, labels) * temperature


class Keyword(Painter):
    def forward(self, z, *others, labels, **more):
        return self.made(z, labels, *others, *more)


class Positional(Painter):
    def forward(self, z, labels, /):
        return self.made(z, labels)


class Optional(Painter):
    def forward(self, z, temperature=None):
        return self.made(z) if temperature is None else None


class Demanding(Painter):
    def forward(self, z, temperature):
        return self.made(z, temperature)


class Strict(Painter):
    def forward(self, z, labels=None, *, temperature):
        return self.made(z, labels, temperature)


class Unpacking(Painter):
    def forward(self, inputs):
        z, labels, more = inputs
        return self.made(z, labels, more)


def test_a_module_that_unpacks_labels_itself_must_name_the_parameter():
    with pytest.raises(ConfigError, match="only to a parameter of forward named"):
        fit(Unpacking(), critic(), labels=LABELS)
    with pytest.raises(ConfigError, match="the generator, a Unpacking, failed") as e:
        fit(Unpacking(), critic())
    assert "'labels'" not in str(e.value)


@pytest.mark.parametrize("kind", [Second, Third, Keyword, Positional])
def test_labels_go_to_the_parameter_of_that_name(kind):
    run = fit(network := kind(), critic(), labels=LABELS)
    assert len(network.seen) >= 2
    assert all(seen.dtype == torch.int64 and seen.max() < 5 for seen in network.seen)
    assert run.sample(2, labels=3).shape == (2, 3, 2, 1)
    assert network.seen[-1].tolist() == [3, 3]


def test_an_argument_with_a_default_is_not_passed():
    assert np.isfinite(fit(Optional(), critic(), labels=LABELS).history).all()


@pytest.mark.parametrize("kind", [Demanding, Strict])
@pytest.mark.parametrize("labels", [None, LABELS], ids=["plain", "labelled"])
def test_any_other_argument_is_refused_in_one_line_that_names_it(kind, labels):
    with pytest.raises(
        ConfigError, match=r"the generator's forward needs an argument 'temperature'"
    ):
        fit(kind(), critic(), labels=labels)


def test_a_network_that_needs_labels_refuses_data_without_labels():
    said = r"the generator's forward needs labels; the data has none; .*labels=True"
    with pytest.raises(ConfigError, match=said):
        fit(Second(), critic())


def test_a_recipe_refuses_a_module_and_names_the_call_that_takes_it():
    with pytest.raises(ConfigError, match=r"generator: got torch Sequential; .*call gankit.fit"):
        gankit.train("simple", dataset=IMAGES, generator=painter(), discriminator=critic())


def test_a_network_without_values_is_refused():
    with pytest.raises(ConfigError, match="generator: got weights on the device 'meta'"):
        fit(painter().to("meta"), critic())


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_a_network_without_weights_to_train_is_refused(frozen):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[frozen].requires_grad_(False)
    with pytest.raises(ConfigError, match=f"{frozen}: got no weights to train"):
        fit(**networks)


def test_a_partly_frozen_network_trains_its_other_weights():
    generator = nn.Sequential(nn.Linear(4, 4).requires_grad_(False), *painter())
    before = generator[0].weight.clone(), generator[1].weight.clone()
    fit(generator, critic())
    assert torch.equal(generator[0].weight, before[0])
    assert not torch.equal(generator[1].weight, before[1])


class Broken(nn.Module):
    """Raises an error in one of the two modes, or has no derivative."""

    def __init__(self, how, inner):
        super().__init__()
        self.how, self.inner = how, inner

    def forward(self, inputs):
        if self.how == "always" or self.how == ("training" if self.training else "inference"):
            raise KeyError("a key\nand more")
        made = self.inner(inputs)
        return made.detach() if self.how == "derivatives" else made


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("always", "failed in inference mode"),
        ("training", "failed in training"),
        ("derivatives", "failed when its loss was differentiated"),
    ],
)
@pytest.mark.parametrize("broken", ["generator", "discriminator"])
def test_an_error_inside_a_network_is_one_line_that_names_it(how, said, broken):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[broken] = Broken(how, networks[broken])
    with pytest.raises(ConfigError) as refused:
        fit(**networks)
    assert f"the {broken}, a Broken, {said}" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert refused.value.__cause__ is not None


def test_a_generator_that_takes_noise_as_maps_gets_a_remedy():
    network = nn.ConvTranspose2d(4, 1, (3, 2))
    with pytest.raises(ConfigError, match=r"failed .*; noise is .*: start with (.*)$") as refused:
        fit(network, critic())
    assert str(refused.value).endswith("nn.Unflatten(1, (4, 1, 1))")
    assert np.isfinite(
        fit(nn.Sequential(nn.Unflatten(1, (4, 1, 1)), network), critic()).history
    ).all()


def test_a_discriminator_that_ends_in_a_map_of_one_pixel_gets_a_remedy():
    network = nn.Conv2d(1, 1, (3, 2))
    with pytest.raises(ConfigError, match=r"got \(1, 1, 1\) .*; end in nn.Flatten\(\)$"):
        fit(painter(), network)
    assert np.isfinite(fit(painter(), nn.Sequential(network, nn.Flatten())).history).all()


class Rows(nn.Module):
    """Changes the batch axis of a network's outputs."""

    def __init__(self, network, change):
        super().__init__()
        self.network, self.change = network, change

    def forward(self, x):
        return self.change(self.network(x))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda y: y.mean(0, keepdim=True), r"\(1, .*\)"),
        (lambda y: y[:1], r"\(1, .*\)"),
        (lambda y: torch.cat([y, y]), r"\(4, .*\)"),
        (lambda y: y.mean(), r"\(\)"),
    ],
    ids=["mean", "first", "twice", "scalar"],
)
@pytest.mark.parametrize("changed", ["generator", "discriminator"])
def test_another_number_of_outputs_than_of_inputs_is_refused(change, said, changed):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[changed] = Rows(networks[changed], change)
    with pytest.raises(ConfigError, match=f"^{changed} output: got the shape {said} for 2 inputs"):
        fit(**networks)


@pytest.mark.parametrize("frozen", [False, True], ids=["trained", "frozen"])
def test_networks_may_share_frozen_layers_only(frozen):
    shared = nn.Linear(6, 6).requires_grad_(not frozen)
    generator = nn.Sequential(nn.Linear(4, 6), shared, nn.Unflatten(1, (1, 3, 2)))
    discriminator = nn.Sequential(nn.Flatten(), shared, nn.Linear(6, 1))
    if frozen:
        assert np.isfinite(fit(generator, discriminator).history).all()
        return
    with pytest.raises(ConfigError, match=r"got a weight that both train, '1\.weight' of the gen"):
        fit(generator, discriminator)


class Embedded(Painter):
    def forward(self, z, labels):
        return self.made(z) + nn.functional.embedding(labels, torch.zeros(3, 1))[:, None, None]


def test_an_embedding_with_too_few_rows_is_refused_with_the_range_of_labels():
    with pytest.raises(ConfigError, match=r"IndexError: .*; its labels are from 0 to 4$"):
        fit(Embedded(), critic(), labels=LABELS, batch=20)


def test_batch_normalisation_over_one_value_names_the_network():
    norm = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Unflatten(1, (1, 3, 2)))
    with pytest.raises(GankitError, match="the generator, a Sequential, failed in training"):
        fit(norm, critic(), batch=1)


def test_a_run_killed_by_the_system_resumes_from_its_folder_to_the_same_bits(tmp_path):
    def ends_with(*words):
        return subprocess.run(
            [sys.executable, native_run.__file__, *map(str, words)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    killed = ends_with(tmp_path / "killed", 5)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed, whole = ends_with(tmp_path / "killed"), ends_with(tmp_path / "whole")
    assert resumed.stdout == whole.stdout != "", resumed.stderr + whole.stderr


@pytest.mark.parametrize(
    "words",
    [["sample"], ["evaluate"], ["train", "--resume", "--out"], ["report", "--explore"]],
    ids=" ".join,
)
def test_a_command_that_builds_the_networks_says_that_it_cannot(words, tmp_path, command):
    fit(painter(), critic(), out=tmp_path / "run")
    code, _, told = command(*words, tmp_path / "run")
    last = told.strip().splitlines()[-1]
    assert code != 0
    assert "torch.nn.modules.container.Sequential, a native network, which only a program" in last


def test_a_run_is_not_resumed_with_another_activation(tmp_path):
    def networks(activation):
        body = nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, 6))
        return nn.Sequential(body, nn.Unflatten(1, (1, 3, 2))), critic()

    fit(*networks(nn.ReLU()), out=tmp_path, steps=1)
    with pytest.raises(ConfigError, match=r"generator\.parts\.2 was ReLU, is now Tanh"):
        fit(*networks(nn.Tanh()), out=tmp_path, steps=2, resume=True)
    assert fit(*networks(nn.ReLU()), out=tmp_path, steps=2, resume=True).step == 2


class Translator(nn.Module):
    """The generator of `native_sources.SPECS`."""

    def __init__(self):
        super().__init__()
        self.dense = loaded(nn.Linear(17, 12), "generator")

    def forward(self, source, noise):
        row = torch.cat([source.flatten(1), noise], 1)
        return torch.tanh(self.dense(row)).view(-1, 1, 4, 3)


class PairCritic(nn.Module):
    """The discriminator of `native_sources.SPECS`."""

    def __init__(self):
        super().__init__()
        self.dense = loaded(nn.Linear(24, 1), "discriminator")

    def forward(self, image, source):
        return self.dense(torch.cat([image.flatten(1), source.flatten(1)], 1))


def loaded(dense, name):
    """Return a layer with the first weights of a network of layers."""
    kernel, bias = map(torch.as_tensor, native_sources.weights()[name])
    dense.weight, dense.bias = nn.Parameter(kernel.T.contiguous()), nn.Parameter(bias)
    return dense


def test_networks_that_take_sources_train_as_layers_do():
    wanted = native_sources.fit(*native_sources.SPECS, "torch")
    found = native_sources.fit(Translator(), PairCritic(), "torch")
    np.testing.assert_allclose(found.history, wanted.history, rtol=1e-9)
    sources = native_sources.IMAGES[:3]
    np.testing.assert_allclose(found.translate(sources), wanted.translate(sources), atol=1e-9)
    inverted = [
        run.invert(sources, steps=3, restarts=2, derive=True, progress=False)
        for run in (found, wanted)
    ]
    np.testing.assert_allclose(inverted[0].latents, inverted[1].latents, atol=1e-9)


def test_a_network_that_takes_too_few_inputs_is_refused():
    said = "forward takes 1 of the 2 inputs that gankit passes, in this order: image, source"
    with pytest.raises(ConfigError, match=said):
        native_sources.fit(Translator(), critic(), "torch")
    said = "forward takes 1 of the 2 inputs that gankit passes, in this order: source, noise"
    with pytest.raises(ConfigError, match=said):
        native_sources.fit(Second(), PairCritic(), "torch")


def test_labels_come_after_the_inputs():
    class Labelled(Translator):
        def forward(self, source, noise, labels):
            return super().forward(source, noise) * labels.view(-1, 1, 1, 1).sign()

    labels = np.arange(24) % 3
    run = native_sources.fit(Labelled(), PairCritic(), "torch", labels=labels)
    assert np.isfinite(run.history).all()
    assert not run.sample(2, labels=0).any()
