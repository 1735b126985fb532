"""Steps recorded as graphs, by a replacement of CUDA's, give the same bits as running them."""

import gc
import re
import weakref
from contextlib import contextmanager

import numpy as np
import pytest

from gankit import layers, plugins
from gankit.augment import Augment
from gankit.contract.world import ALONE
from gankit.errors import ConfigError, UnknownName
from gankit.functional import Inputs
from gankit.losses import RELATIVISTIC
from gankit.optimizers import Adam, RMSprop
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.testing import images
from gankit.testing.harness import Setup
from gankit.testing.problems import full
from tests.selection import selected

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import gankit_torch.trainer
import torch
from gankit_torch import cuda_graphs, devices

from tests.frameworks.recording import Recorder

STEPS = 12
NORMED = (layers.Dense(16, spectral=True), layers.LeakyReLU(0.2), layers.Dropout(0.3))
GENERATOR = (
    layers.Dense(16),
    layers.LeakyReLU(0.2),
    layers.Dense(784),
    layers.Tanh(),
    layers.Reshape((28, 28, 1)),
)
PROBLEMS = {
    "simple": {},
    "penalty": {"penalties": (Penalty("between", 1.0, 10.0),)},
    "lazy": {"penalties": (Penalty("real", 0.0, 1.0, every=4),)},
    "spectral": {"discriminator": (layers.Flatten(), *NORMED, layers.Dense(1, spectral=True))},
    "norm": {
        "generator": (
            layers.Dense(16),
            layers.BatchNorm(0.9, 1e-5),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Dense(784),
            layers.Tanh(),
            layers.Reshape((28, 28, 1)),
        ),
    },
    "augmented": {"augment": Augment(), "flip": True, "instance_noise": 0.1},
    "rmsprop": {"discriminator_optimizer": RMSprop(1e-3, 0.9, 1e-8, clip=0.1)},
    "mixed": {"mixed": True},
    "shared-noise": {"fresh_noise": False, "generator": GENERATOR},
    "paired": {"loss": RELATIVISTIC},
    "labelled": {
        "classes": 10,
        "generator": (layers.Embedding(8), *GENERATOR),
        "auxiliary": 0.5,
        "discriminator": (layers.Flatten(), *NORMED, layers.Dense(11)),
    },
    "float64": {"precision": "float64"},
}


@pytest.fixture
def recorder(monkeypatch):
    """Make trainers record as on a GPU."""
    recorder = Recorder()
    monkeypatch.setattr(gankit_torch.trainer, "recorder", lambda _device: recorder)
    return recorder


def problem(name="simple", **changes):
    backend = plugins.get_backend("torch")
    return full(backend, **{"precision": "float32"} | PROBLEMS[name] | changes)


def trained(problem, parts=(5, 9, STEPS), n_critic=1):
    """Train in blocks that end at `parts`; return the losses and the state."""
    trainer, course, start = plugins.get_backend("torch").trainer(problem), None, 0
    labels = np.arange(len(images())) % 10 if problem.classes else None
    course, losses = Setup(problem, images(), n_critic, labels), []
    for end in parts:
        losses.append(course.block(trainer, start, end))
        start = end
    return np.concatenate(losses), trainer.state()


def assert_same(found, wanted):
    assert np.array_equal(found[0], wanted[0])
    assert found[1].keys() == wanted[1].keys()
    assert [name for name in wanted[1] if not np.array_equal(found[1][name], wanted[1][name])] == []


def test_the_shared_forward_pass_is_among_the_problems():
    assert problem("shared-noise").shares_generated


@pytest.mark.parametrize("name", PROBLEMS)
def test_recorded_steps_are_the_same_to_the_last_bit(monkeypatch, name):
    asked = problem(name)
    wanted = trained(asked)
    recorder = Recorder()
    monkeypatch.setattr(gankit_torch.trainer, "recorder", lambda _device: recorder)
    assert_same(trained(asked), wanted)
    assert recorder.replayed >= STEPS - 2 * cuda_graphs.WARMUP_STEPS - 3
    assert recorder.recorded + recorder.replayed + recorder.warmed == STEPS + recorder.recorded


def test_many_updates_of_the_discriminator_are_one_graph(monkeypatch):
    asked = problem("penalty")
    wanted = trained(asked, n_critic=3)
    recorder = Recorder()
    monkeypatch.setattr(gankit_torch.trainer, "recorder", lambda _device: recorder)
    assert_same(trained(asked, n_critic=3), wanted)
    assert (recorder.warmed, recorder.recorded) == (cuda_graphs.WARMUP_STEPS, 1)


def test_a_second_block_records_no_graph(recorder):
    trained(problem(), parts=(STEPS, 2 * STEPS))
    assert recorder.recorded == 1
    assert recorder.replayed == 2 * STEPS - cuda_graphs.WARMUP_STEPS


def test_updates_with_and_without_a_penalty_are_two_graphs(recorder):
    trained(problem("lazy"), parts=(24,))
    assert recorder.recorded == 2


def test_scalars_that_always_differ_are_not_recorded(recorder):
    adam = Adam(Schedule("linear", 1e-3, 1e-4, images=1000), 0.5, 0.999, 1e-8)
    trained(problem(generator_optimizer=adam))
    assert (recorder.recorded, recorder.warmed) == (0, STEPS)


def test_adaptive_augmentation_is_not_recorded(recorder):
    trained(problem(augment=Augment(adaptive=True)))
    assert recorder.warmed == recorder.recorded == 0


def test_reading_a_number_ends_a_recording_and_training_continues(monkeypatch):
    asked = problem()
    wanted, recorder = trained(asked), Recorder()
    monkeypatch.setattr(gankit_torch.trainer, "recorder", lambda _device: recorder)
    original = gankit_torch.trainer.TorchTrainer._update_generator

    def looking(self, generated, update):
        assert float(generated[0]["fake"].detach().sum()) < np.inf
        return original(self, generated, update)

    monkeypatch.setattr(gankit_torch.trainer.TorchTrainer, "_update_generator", looking)
    with pytest.warns(UserWarning, match="without CUDA graphs: .* looks at a number"):
        assert_same(trained(asked), wanted)
    assert (recorder.recorded, recorder.replayed) == (1, 0)


@pytest.mark.usefixtures("recorder")
def test_a_constant_recorded_into_a_graph_is_detected(monkeypatch):
    """The replacement itself: masks drawn during the recording would never change."""
    asked = problem()
    original = gankit_torch.trainer.BatchLoader

    def without_masks(problem, device, _masks):
        return original(problem, device)

    monkeypatch.setattr(gankit_torch.trainer, "BatchLoader", without_masks)
    found = trained(asked)
    monkeypatch.setattr(gankit_torch.trainer, "recorder", lambda _device: None)
    with pytest.raises(AssertionError):
        assert_same(found, trained(asked))


@pytest.mark.usefixtures("recorder")
def test_all_masks_of_a_block_are_copied_to_the_device_at_once(monkeypatch):
    crossings = []
    original = gankit_torch.trainer.BatchLoader._to_device
    monkeypatch.setattr(
        gankit_torch.trainer.BatchLoader,
        "_to_device",
        lambda self, array: crossings.append(array.shape) or original(self, array),
    )
    counts = []
    for steps in (2, 8):
        crossings.clear()
        trained(problem(), parts=(steps,))
        counts.append(len(crossings))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("cuda", "mps", "precision", "wanted"),
    [
        (True, True, "float64", "cuda"),
        (False, True, "float32", "mps"),
        (False, True, "float64", "cpu"),
        (False, False, "float32", "cpu"),
    ],
)
def test_auto_is_the_best_device_that_supports_the_precision(
    monkeypatch, cuda, mps, precision, wanted
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert devices.choose_device("auto", precision).type == wanted


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gpu", r"unknown device 'gpu'; known: auto, cpu; 'gankit doctor' shows the devices"),
        ("cuda:64", r"unknown device 'cuda:64'; known: auto, cpu; [^;.]+"),
    ],
)
def test_an_unknown_device_is_refused_with_those_of_this_machine(monkeypatch, name, told):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UnknownName) as refused:
        devices.choose_device(name, "float32")
    assert re.fullmatch(told, str(refused.value))


def test_mps_refuses_float64(monkeypatch):
    monkeypatch.setattr(torch, "empty", lambda *_, **__: None)
    assert devices.choose_device("mps", "float32").type == "mps"
    with pytest.raises(ConfigError, match="no float64; choose float32"):
        devices.choose_device("mps", "float64")


def test_only_cuda_records():
    assert cuda_graphs.recorder(torch.device("cpu")) is None
    assert cuda_graphs.recorder(torch.device("mps")) is None


def test_the_cuda_recorder_records_a_graph_on_its_device(monkeypatch):
    """CUDA's calls, replaced: their order, the device and the stream of each."""
    said, device = [], torch.device("cuda", 1)

    class Stream:
        def __init__(self, device=None):
            self.name = f"aside on {device}" if device else "main"

        def wait_stream(self, other):
            said.append(f"{self.name} waits for {other.name}")

    class CUDAGraph:
        def replay(self):
            said.append("replay")

    @contextmanager
    def region(of, **options):
        name = getattr(of, "name", str(of)) if not isinstance(of, CUDAGraph) else "graph"
        options = {key: getattr(value, "name", value) for key, value in options.items()}
        said.append(("in", name, options) if options else ("in", name))
        try:
            yield
        finally:
            said.append(("out", name))

    cuda = {
        "Stream": Stream,
        "current_stream": Stream,
        "CUDAGraph": CUDAGraph,
        "device": region,
        "stream": region,
        "graph": region,
        "graph_pool_handle": lambda: "pool",
    }
    for name, stand_in in cuda.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    recorder = cuda_graphs.recorder(device)
    assert recorder.warm(lambda: said.append("work") or [1]) == [1]
    aside = "aside on cuda:1"
    assert said == [
        ("in", "cuda:1"),
        f"{aside} waits for main",
        ("in", aside),
        "work",
        ("out", aside),
        f"main waits for {aside}",
        ("out", "cuda:1"),
    ]
    said.clear()
    outputs, replay = recorder.record(lambda: said.append("work") or [2])
    replay()
    assert outputs == [2]
    options = {"pool": "pool", "stream": aside}
    assert said == [
        ("in", "cuda:1"),
        ("in", "main"),
        ("in", "graph", options),
        "work",
        ("out", "graph"),
        ("out", "main"),
        ("out", "cuda:1"),
        "replay",
    ]
    said.clear()
    with pytest.raises(ZeroDivisionError):
        recorder.record(lambda: 1 / 0)
    assert said[-2:] == [("out", "main"), ("out", "cuda:1")]


def test_a_trainer_is_freed_with_its_last_reference(recorder):
    trainer = plugins.get_backend("torch").trainer(problem())
    Setup(problem(), images()).block(trainer, 0, 5)
    assert recorder.replayed
    seen = weakref.ref(trainer)
    gc.disable()
    try:
        del trainer
        assert seen() is None
    finally:
        gc.enable()


@pytest.mark.usefixtures("recorder")
def test_masks_are_drawn_for_some_steps_at_a_time(monkeypatch):
    asked = problem()
    wanted = trained(asked)
    monkeypatch.setattr(gankit_torch.dropout_masks, "MAX_PREFETCH_BYTES", 1)
    assert_same(trained(asked), wanted)


def test_every_tensor_of_an_update_is_cloned():
    update = Inputs(
        real=torch.zeros(1),
        noise=torch.ones(2),
        labels=torch.arange(2),
        scalars={"a": 1.0},
        random={"flip": torch.ones(2)},
        masks=gankit_torch.batches.UpdateMasks((0, 0, 0), ALONE, 2, {"generator/1": torch.ones(3)}),
        followers={},
    )
    twin = cuda_graphs._cloned(update)
    own, copied = cuda_graphs._tensors(update), cuda_graphs._tensors(twin)
    assert len(own) == len(copied) == 5
    for mine, its in zip(own, copied, strict=True):
        assert torch.equal(mine, its)
        assert mine.data_ptr() != its.data_ptr()
    assert twin.scalars == update.scalars
