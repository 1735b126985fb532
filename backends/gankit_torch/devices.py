"""List torch's devices, and choose one."""

from __future__ import annotations

import torch

from gankit.errors import ConfigError, UnknownName


def choose_device(name: str, precision: str) -> torch.device:
    """Return the device called `name`; "auto" is the best that supports the problem."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        apple = torch.backends.mps.is_available() and precision == "float32"
        return torch.device("mps" if apple else "cpu")
    device = None
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        # For a name that it does not know, torch lists the types of devices of all machines.
        told = str(error).splitlines()[0].partition(". ")[0]
        reason = told if device else "'gankit doctor' shows the devices"
        known = [known.partition(" ")[0] for known in device_names()]
        raise UnknownName("device", name, ["auto", *known], f"; {reason}") from None
    if device.type == "mps" and precision == "float64":
        raise ConfigError("device 'mps' has no float64; choose float32, or the device 'cpu'")
    return device


def device_names() -> list[str]:
    """Return the names for `--device`, each with the hardware's name, if known."""
    names = ["cpu"]
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        names += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count)]
    if torch.backends.mps.is_available():
        names.append("mps")
    return names
