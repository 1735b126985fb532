"""The two networks as the core sees them."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.backend import Array, Backend, Generator, Network, Problem, Trainer
from gankit.errors import CheckpointError
from gankit.layers import Tanh
from gankit.state import under
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.courses import Course, build, ready
from gankit.testing.faults import FAULTS, moved, spoilt
from gankit.testing.problems import IMAGE, LATENT, full, generator, simple
from gankit.training import plan


class NetworkClauses:
    """Networks: arrays in, arrays out, always in inference mode."""
