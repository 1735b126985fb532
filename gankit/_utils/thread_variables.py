"""The environment variables with the number of threads of one operation."""

from __future__ import annotations

THREADS = "GANKIT_THREADS"
"""Set by the user, for all libraries."""
LIBRARY_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
"""Those that the libraries of NumPy and PyTorch, and TensorFlow read."""
