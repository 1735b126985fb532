"""NumPy's version, libraries and threads on this machine."""

from __future__ import annotations

import os

import numpy as np

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OMP_NUM_THREADS",
)
"""Thread variables of BLAS libraries, each library's own before the shared one."""


def environment() -> dict[str, str]:
    """Return NumPy's version, the library of its matrix products, threads and instructions."""
    built = np.show_config(mode="dicts") or {}
    blas = built.get("Build Dependencies", {}).get("blas", {})
    extensions = built.get("SIMD Extensions", {})
    return {
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "threads": threads(),
        "simd": ", ".join([*extensions.get("baseline", []), *extensions.get("found", [])]) or "?",
        "devices": "cpu",
    }


def threads() -> str:
    """Return the threads of a matrix product: measured if possible, else as configured."""
    try:
        from threadpoolctl import threadpool_info

        pools = threadpool_info()
    except ImportError:
        pools = []
    if counts := {str(pool["num_threads"]) for pool in pools if pool["user_api"] == "blas"}:
        return ", ".join(sorted(counts))
    settings = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if os.environ.get(name)]
    return settings[0] if settings else "as the library chooses"
