"""Verify an export: `python -m gankit.export.verify_subprocess FORMAT BACKEND DIR`.

Only this process opens a file with a framework's loader, and only a file that was just written.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gankit import plugins
from gankit._utils.child_process import channel
from gankit._utils.state import State
from gankit._utils.storage import read_plain
from gankit.contract.export_format import Inputs, Ran
from gankit.errors import BackendUnavailable
from gankit.export.formats import export_of
from gankit.export.write_subprocess import EXPECTED, NAME, refusal
from gankit.runs.tensors import decode


def main(arguments: list[str]) -> None:
    """Send the largest difference of the images, or the error."""
    send = channel()
    warnings.simplefilter("ignore")
    name, backend, folder = arguments
    send({"doing": f"while its {name} was opened and run"})
    try:
        export = export_of(name, plugins.get_backend(backend))
        run = export.read(Path(folder) / f"{NAME}{export.suffix}")
        send(compared(run, decode(read_plain(Path(folder) / EXPECTED))))
    except (Exception, SystemExit) as error:
        send(refusal(error, f"{name} of backend {backend!r} cannot be run"))


def compared(run: Ran, expected: State) -> dict[str, Any]:
    """Return the largest difference: of all images generated together, and of the first alone."""
    images = expected["images"]
    inputs: Inputs = {name: array for name, array in expected.items() if name != "images"}
    together = difference(run(inputs), images)
    alone = difference(run({name: array[:1] for name, array in inputs.items()}), images[:1])
    return {"done": True, "images": len(images), "difference": max(together, alone)}


def difference(made: Any, expected: Any) -> float:  # noqa: ANN401 - loaders return many types.
    """Return max |made - expected|; raise BackendUnavailable for other shapes or infinities.

    >>> difference([[0.5]], np.array([[0.25]]))
    0.25
    """
    made = np.asarray(made)
    if made.shape != expected.shape:
        raise BackendUnavailable(
            f"images of the export: got shape {made.shape}; expected {expected.shape}"
        )
    if not np.isfinite(made).all():
        raise BackendUnavailable("the images of the export have values that are not finite")
    return float(np.abs(made.astype(np.float64) - expected).max())


if __name__ == "__main__":
    main(sys.argv[1:])
