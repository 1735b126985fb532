"""PyTorch's version, devices and settings on this machine."""

from __future__ import annotations

import torch

from gankit_torch import matmul
from gankit_torch.devices import device_names


def environment() -> dict[str, str]:
    """Return torch's version, devices, threads, determinism and precision."""
    cuda = torch.version.cuda or "not built in"
    return {
        "torch": torch.__version__,
        "devices": ", ".join(device_names()),
        "cuda": cuda,
        "threads": str(torch.get_num_threads()),
        "threads between ops": str(torch.get_num_interop_threads()),
        "deterministic algorithms": on_or_off(torch.are_deterministic_algorithms_enabled()),
        "cudnn": f"deterministic {on_or_off(torch.backends.cudnn.deterministic)}, "
        f"benchmark {on_or_off(torch.backends.cudnn.benchmark)}",
        "float32 products": matmul.library_name(),
        "float32 products on a GPU": matmul.gpu_precision(),
        "default dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "cpu instructions": torch.backends.cpu.get_cpu_capability(),
    }


def on_or_off(flag: bool) -> str:
    """Return a flag as text.

    >>> on_or_off(True)
    'on'
    """
    return "on" if flag else "off"
