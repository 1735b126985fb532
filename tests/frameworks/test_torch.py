"""PyTorch's own behaviour: which library multiplies float32 matrices, and with which precision."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from gankit import layers, plugins
from gankit.testing import images
from gankit.testing.harness import Setup
from gankit.testing.problems import SIMPLE, full
from gankit.training import StepShape, alternate, plan
from tests.selection import selected

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import torch
from gankit_torch import matmul

SETTINGS = torch.backends.mkldnn.matmul


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Clear the cached properties of this processor before and after the test."""
    for variable in (matmul.STRICT, matmul.TF32):
        monkeypatch.delenv(variable, raising=False)
    forget, before = matmul.onednn_is_exact.cache_clear, SETTINGS.fp32_precision
    forget()
    yield
    forget()
    SETTINGS.fp32_precision = before


def rounded(left, right, original=torch.Tensor.__matmul__):
    if left.dtype == torch.float32:
        left, right = left.bfloat16().float(), right.bfloat16().float()
    return original(left, right)


def test_matrix_products_have_the_error_of_float32():
    left, right = (torch.randn(300, 300) for _ in range(2))
    exact = left.double() @ right.double()
    error = (matmul.float32_products(torch.mm)(left, right) - exact).abs().max() / exact.abs().max()
    assert error < 1e-5


def test_a_processor_that_rounds_to_bfloat16_does_not_use_onednn(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert not matmul.onednn_is_exact()


def test_a_variable_selects_pytorchs_default_matrix_product(monkeypatch):
    monkeypatch.setenv(matmul.STRICT, "1")
    assert not matmul.onednn_is_exact()
    assert matmul.STRICT in matmul.library_name()


@pytest.mark.parametrize("before", ["none", "ieee"])
def test_the_previous_precision_setting_is_restored(monkeypatch, before):
    SETTINGS.fp32_precision = before
    monkeypatch.setattr(matmul, "onednn_is_exact", lambda: True)
    seen = []

    @matmul.float32_products
    def failing():
        seen.append(SETTINGS.fp32_precision)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert seen == [matmul.ALLOW_BFLOAT16]
    assert SETTINGS.fp32_precision == before


def test_threads_that_compute_at_the_same_time_restore_the_setting(monkeypatch):
    monkeypatch.setattr(matmul, "onednn_is_exact", lambda: True)
    before, seen, meet = gpu_settings(), [], threading.Barrier(2)

    @matmul.float32_products
    def first():
        meet.wait(timeout=30)

    @matmul.float32_products
    def second():
        meet.wait(timeout=30)
        thread.join(timeout=30)
        seen.extend(gpu_settings())

    thread = threading.Thread(target=first)
    thread.start()
    second()
    assert seen == ["ieee"] * 3
    assert gpu_settings() == before


@pytest.mark.parametrize(
    ("variable", "wanted", "named"),
    [(None, "ieee", "float32"), ("0", "ieee", "float32"), ("1", "tf32", "TF32, set by")],
)
def test_a_gpu_rounds_to_tf32_only_if_a_variable_asks_for_it(monkeypatch, variable, wanted, named):
    """PyTorch keeps these settings on a machine without a GPU too."""
    if variable:
        monkeypatch.setenv(matmul.TF32, variable)
    before, seen = gpu_settings(), []
    problem = full(plugins.get_backend("torch"), precision="float32")
    trainer = plugins.get_backend("torch").trainer(problem)
    for method in ("_update_discriminator", "_update_generator"):
        original = getattr(trainer, method)
        monkeypatch.setattr(
            trainer, method, lambda *args, do=original: seen.append(gpu_settings()) or do(*args)
        )
    setup = Setup(problem, images())
    setup.updates(trainer, 0, 1)
    setup.block(trainer, 1, 2)
    assert seen == [[wanted] * 3] * 4
    assert gpu_settings() == before
    assert matmul.gpu_precision().startswith(named)


def gpu_settings():
    cudnn = torch.backends.cudnn
    settings = (torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn)
    return [setting.fp32_precision for setting in settings]


def test_training_leaves_the_setting_as_it_was_and_updates_equal_blocks():
    SETTINGS.fp32_precision = "ieee"
    problem = full(plugins.get_backend("torch"), precision="float32")
    states = []
    for way in ("updates", "block"):
        trainer = plugins.get_backend("torch").trainer(problem)
        getattr(Setup(problem, images()), way)(trainer, 0, 3)
        states.append(trainer.state())
    assert SETTINGS.fp32_precision == "ieee"
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("channels", "layer"),
    [
        (2, layers.Conv(1, kernel=3, padding=1)),
        (4, layers.Conv(1, kernel=5, padding=2)),
        (1, layers.ConvTranspose(2, kernel=3)),
    ],
    ids=lambda value: getattr(value, "layer", None),
)
def test_convolutions_to_one_filter_or_from_one_channel_train(precision, batch, channels, layer):
    generator = (layers.Dense(16 * channels), layers.Reshape((4, 4, channels)), layer)
    shape = layers.output_shape(generator, (8,))
    problem = replace(
        SIMPLE,
        generator=generator,
        discriminator=(layers.Flatten(), layers.Dense(1)),
        image_shape=shape,
        precision=precision,
    )
    data = np.random.default_rng(0).integers(0, 256, (6, *shape), np.uint8)
    block = plan(problem, StepShape(batch), len(data), 0, 2)
    losses = [
        alternate(plugins.get_backend(name).trainer(problem), block.batches(problem, data, None))
        for name in ("torch", "numpy")
    ]
    np.testing.assert_allclose(*losses, rtol=1e-12 if precision == "float64" else 1e-5)
