"""What one GPU does with the torch backend, in at most ten minutes.

    python tests/benchmarks/gpu.py --out FOLDER [--minutes 10] [--parts kit,graphs,steps,pictures]
    python tests/benchmarks/gpu.py --quick    # small sizes, also on a CPU: tries the script

Four parts, each in a process and within its share of the time: `kit`, the backend's contract on
the device; `graphs`, recorded steps against plain ones, bits and times; `steps`, milliseconds and
memory of a step against loops by hand; `pictures`, recipes trained on 64x64 in colour. A part
prints a table, and writes FOLDER/PART.json after each row. The same command continues in the same
FOLDER; what has a row is not measured again. Exits with 1 if something failed or time ended first.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import torch
from gankit_torch.devices import choose_device
from gpu_parts.here import Here
from timed_parts import Rows, deadlines, table

SHARES = {"kit": 0.3, "graphs": 0.1, "steps": 0.35, "pictures": 0.25}
"""The parts in their order, and their shares of the time."""
GRACE = 0.05
"""The share of the whole time in which a unit may end that began within its part's time."""
PATIENCE = 2.0
"""Seconds for a part that is told to end."""


def main() -> int:
    """Run the parts, or one of them in this process; return the exit status."""
    chosen = _arguments()
    if chosen.until is not None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that a part ends its processes.
        here = Here(chosen.out, chosen.device, chosen.quick, chosen.until)
        (name,) = chosen.parts
        part = importlib.import_module(f"gpu_parts.{name}")
        part.measure_part(Rows(chosen.out / f"{name}.json"), here)
        return 0
    if chosen.out:
        return run(chosen)
    with tempfile.TemporaryDirectory() as folder:
        chosen.out = Path(folder)
        return run(chosen)


def run(chosen: argparse.Namespace) -> int:
    """Run the parts that are not done; return 1 if one of them failed or was not done."""
    began, folder = time.monotonic(), chosen.out
    _check_same(folder, chosen)
    left = [name for name in chosen.parts if not Rows(folder / f"{name}.json").done]
    whole = chosen.minutes * 60
    ends = deadlines({name: SHARES[name] for name in left}, whole * (1 - GRACE))
    for name in chosen.parts:
        if name in left:
            measure_until(chosen, name, began + ends[name], whole * GRACE)
        rows = Rows(folder / f"{name}.json")
        state = "" if rows.done else ", not complete: the time ended"
        print(f"\n{name}{state}\n{table(rows.found)}", flush=True)
    return int(any(_is_wrong(Rows(folder / f"{name}.json")) for name in chosen.parts))


def measure_until(chosen: argparse.Namespace, name: str, end: float, grace: float) -> None:
    """Measure a part in a child process, which is ended if it does not end in time."""
    words = [sys.executable, __file__, "--parts", name, "--until", str(end)]
    words += ["--device", chosen.device, "--out", str(chosen.out)]
    words += ["--quick"] if chosen.quick else []
    log = chosen.out / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=output)
    try:
        code = process.wait(max(end + grace - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        print(f"\n{name}: stopped in a measurement")
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        return
    finally:
        process.kill()
        process.wait()
    if code:
        lines = log.read_text("utf-8", "replace").strip().splitlines() or ["no output"]
        print(f"\n{name}: ended with {code}: {lines[-1]}")


def _is_wrong(rows: Rows) -> bool:
    """Return whether a part is not done, or a row tells of an error, a failure or other bits."""
    return not rows.done or any(
        "error" in row or row.get("failed") or row.get("same bits") is False
        for row in rows.found.values()
    )


def _check_same(folder: Path, chosen: argparse.Namespace) -> None:
    """Make the folder, or refuse one with figures of another machine or other sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    gpu = torch.cuda.get_device_name() if chosen.device == "cuda" else platform.machine()
    here = {"device": chosen.device, "processor": gpu, "cores": os.cpu_count()}
    here |= {"torch": torch.__version__, "quick": chosen.quick}
    file = folder / "machine.json"
    if file.exists() and json.loads(file.read_text("utf-8")) != here:
        raise SystemExit(f"--out: {folder} is of another machine or other sizes; choose another")
    file.write_text(json.dumps(here, indent=1), "utf-8")
    print(", ".join(f"{name} {value}" for name, value in here.items()), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder of the figures  [a temporary one]")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the whole  [10]")
    parser.add_argument("--parts", default=",".join(SHARES), help="[all]")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the script")
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    chosen.parts = chosen.parts.split(",")
    if unknown := set(chosen.parts) - SHARES.keys():
        parser.error(f"--parts: got {', '.join(sorted(unknown))}; expected {', '.join(SHARES)}")
    if not 0 < chosen.minutes < float("inf"):
        parser.error(f"--minutes: got {chosen.minutes:g}; expected a number above 0")
    if chosen.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device: got cuda; this machine has none that torch can use")
    if chosen.device == "auto":
        chosen.device = choose_device("auto", "float64").type
    return chosen


if __name__ == "__main__":
    sys.exit(main())
