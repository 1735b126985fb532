"""What PyTorch says of itself on this machine."""

from __future__ import annotations

import torch

from gankit_torch import products


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


def devices() -> list[str]:
    """Return what `--device` takes here, each with the hardware's name where it has one."""
    found = ["cpu"]
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        found += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count)]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def said(flag: bool) -> str:
    """Return a flag for a person.

    >>> said(True)
    'on'
    """
    return "on" if flag else "off"
