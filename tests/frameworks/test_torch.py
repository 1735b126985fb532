"""What is PyTorch's own: which library multiplies its float32 matrices."""

import numpy as np
import pytest

from gankit import plugins
from gankit.testing import images
from gankit.testing.courses import Course
from gankit.testing.problems import full
from tests.selection import selected

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import torch
from gankit_torch import products

SETTINGS = torch.backends.mkldnn.matmul


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Forget what was found out about this processor, before and after."""
    monkeypatch.delenv(products.STRICT, raising=False)
    forget, before = products.onednn.cache_clear, SETTINGS.fp32_precision
    forget()
    yield
    forget()
    SETTINGS.fp32_precision = before


def rounded(left, right, honest=torch.Tensor.__matmul__):
    if left.dtype == torch.float32:
        left, right = left.bfloat16().float(), right.bfloat16().float()
    return honest(left, right)


def test_products_have_the_error_of_float32():
    left, right = (torch.randn(300, 300) for _ in range(2))
    exact = left.double() @ right.double()
    error = (products.fast(torch.mm)(left, right) - exact).abs().max() / exact.abs().max()
    assert error < 1e-5


def test_a_processor_that_rounds_to_bfloat16_is_not_asked_to(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert not products.onednn()


def test_a_variable_leaves_products_to_pytorchs_default(monkeypatch):
    monkeypatch.setenv(products.STRICT, "1")
    assert not products.onednn()
    assert products.STRICT in products.described()


@pytest.mark.parametrize("before", ["none", "ieee"])
def test_what_was_set_before_comes_back(monkeypatch, before):
    SETTINGS.fp32_precision = before
    monkeypatch.setattr(products, "onednn", lambda: True)
    seen = []

    @products.fast
    def failing():
        seen.append(SETTINGS.fp32_precision)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert seen == [products.ASKS_ONEDNN]
    assert SETTINGS.fp32_precision == before


def test_training_leaves_the_setting_as_it_was_and_steps_equal_blocks():
    SETTINGS.fp32_precision = "ieee"
    problem = full(plugins.get_backend("torch"), precision="float32")
    states = []
    for way in ("steps", "block"):
        trainer = plugins.get_backend("torch").trainer(problem)
        getattr(Course(problem, images()), way)(trainer, 0, 3)
        states.append(trainer.state())
    assert SETTINGS.fp32_precision == "ieee"
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])
