"""What PyTorch says of itself on this machine."""

from __future__ import annotations

import torch

from gankit_torch import products
from gankit_torch.devices import devices


def facts() -> dict[str, str]:
    """Return torch's version, devices, threads, determinism and precision."""
    cuda = torch.version.cuda or "not built in"
    return {
        "torch": torch.__version__,
        "devices": ", ".join(devices()),
        "cuda": cuda,
        "threads": str(torch.get_num_threads()),
        "threads between ops": str(torch.get_num_interop_threads()),
        "deterministic algorithms": said(torch.are_deterministic_algorithms_enabled()),
        "cudnn": f"deterministic {said(torch.backends.cudnn.deterministic)}, "
        f"benchmark {said(torch.backends.cudnn.benchmark)}",
        "float32 products": products.described(),
        "default dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "cpu instructions": torch.backends.cpu.get_cpu_capability(),
    }


def said(flag: bool) -> str:
    """Return a flag for a person.

    >>> said(True)
    'on'
    """
    return "on" if flag else "off"
