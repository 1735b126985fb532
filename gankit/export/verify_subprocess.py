"""Verify an export: `python -m gankit.export.verify_subprocess NETWORK FORMAT BACKEND DIR`.

Only this process opens a file with a framework's loader, and only a file that was just written.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from gankit import plugins
from gankit._utils.child_process import channel
from gankit._utils.state import State
from gankit._utils.storage import read_plain
from gankit.contract.export_format import Inputs, Ran
from gankit.export.differences import difference
from gankit.export.formats import export_of
from gankit.export.write_subprocess import EXPECTED, OUTPUTS, refusal
from gankit.runs.tensors import decode


def main(arguments: list[str]) -> None:
    """Send the largest difference of the outputs, or the error."""
    send = channel()
    warnings.simplefilter("ignore")
    network, name, backend, folder = arguments
    send({"doing": f"while its {name} was opened and run"})
    try:
        export = export_of(name, plugins.get_backend(backend))
        run = export.read(Path(folder) / f"{network}{export.suffix}")
        send(compared(run, decode(read_plain(Path(folder) / EXPECTED))))
    except (Exception, SystemExit) as error:
        send(refusal(error, f"{name} of backend {backend!r} cannot be run"))


def compared(run: Ran, expected: State) -> dict[str, Any]:
    """Return the largest difference: of all rows computed together, and of the first alone."""
    outputs = expected[OUTPUTS]
    inputs: Inputs = {name: array for name, array in expected.items() if name != OUTPUTS}
    together = difference(run(inputs), outputs)
    alone = difference(run({name: array[:1] for name, array in inputs.items()}), outputs[:1])
    return {"done": True, "rows": len(outputs), "difference": max(together, alone)}


if __name__ == "__main__":
    main(sys.argv[1:])
