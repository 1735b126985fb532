"""Let float32 products be float32 on every device, by the faster library on a CPU.

On a GPU, PyTorch by default lets cuDNN round the factors of float32 convolutions to TF32, which has
10 bits after the point in place of 23. gankit forbids it, unless a variable asks for it.

On a CPU, PyTorch calls its BLAS by default, which on some processors is much slower than they
allow. It calls oneDNN if products may be rounded to bfloat16. On processors with matrix units
oneDNN does round them; on others it multiplies in float32 all the same. So a test product is
computed, and oneDNN is chosen only if the error is that of float32. The choice does not depend on
time measurements, so a resumed run has the same bits.
"""

from __future__ import annotations

import functools
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from typing import ParamSpec, TypeVar

import torch

STRICT = "GANKIT_TORCH_STRICT"
"""If set in the environment, products on a CPU use PyTorch's default library."""
TF32 = "GANKIT_TORCH_TF32"
"""If set in the environment, and not 0, products on a GPU may round their factors to TF32."""
ALLOW_BFLOAT16 = "bf16"
"""The precision setting with which PyTorch calls oneDNN."""
GPU_SETTINGS = ("cuda.matmul", "cudnn.conv", "cudnn.rnn")
"""In `torch.backends`: the precision of products on a GPU; native networks may be recurrent."""
MAX_FLOAT32_ERROR = 1e-4
"""A relative error between that of float32, about 1e-6 in products this long, and bfloat16, 3e-3.
"""

_lock = threading.Lock()
_blocks: Counter[str] = Counter()
"""How many blocks have changed each setting, in all threads."""
_before: dict[str, str] = {}
"""The precision of each changed setting outside of the blocks."""

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


@functools.cache
def onednn_is_exact() -> bool:
    """Return whether oneDNN is available and multiplies float32 matrices in float32."""
    available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not available or os.environ.get(STRICT):
        return False
    random = torch.Generator().manual_seed(0)
    left, right = (torch.randn(256, 256, generator=random) for _ in range(2))
    exact = left.double() @ right.double()
    with _precision({"mkldnn.matmul": ALLOW_BFLOAT16}):
        error = (left @ right - exact).abs().max() / exact.abs().max()
    return bool(error < MAX_FLOAT32_ERROR)


def rounds_to_tf32() -> bool:
    """Return whether products on a GPU may round their factors to TF32."""
    return os.environ.get(TF32, "0") not in {"", "0"}


def float32_products(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Choose precision and library of a function's products; restore the settings afterwards."""

    @functools.wraps(function)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        with _precision(_wanted()):
            return function(*args, **kwargs)

    return wrapper


def library_name() -> str:
    """Return a text that names the CPU library of float32 products."""
    if onednn_is_exact():
        return "oneDNN, in float32"
    return f"PyTorch's default, set by {STRICT}" if os.environ.get(STRICT) else "PyTorch's default"


def gpu_precision() -> str:
    """Return a text that names the precision of float32 products on a GPU."""
    return f"TF32, set by {TF32}" if rounds_to_tf32() else "float32"


def _wanted() -> dict[str, str]:
    """Return the precision of each setting that an update changes."""
    gpu = "tf32" if rounds_to_tf32() else "ieee"
    cpu = {"mkldnn.matmul": ALLOW_BFLOAT16} if onednn_is_exact() else {}
    return dict.fromkeys(GPU_SETTINGS, gpu) | cpu


@contextmanager
def _precision(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set the allowed rounding of float32 products inside the block, by the setting's name.

    The settings are those of all threads: the first block sets one, the last one restores it.
    """
    settings = {name: attrgetter(name)(torch.backends) for name in wanted}
    with _lock:
        for name, setting in settings.items():
            if not _blocks[name]:
                _before[name] = setting.fp32_precision
            _blocks[name] += 1
            setting.fp32_precision = wanted[name]
    try:
        yield
    finally:
        with _lock:
            for name, setting in settings.items():
                _blocks[name] -= 1
                if not _blocks[name]:
                    setting.fp32_precision = _before.pop(name)
