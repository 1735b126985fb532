"""The contract: one test class with all clauses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend
from gankit.testing import problems
from gankit.testing.clauses.augmentation import AugmentationClauses
from gankit.testing.clauses.averages import AverageClauses
from gankit.testing.clauses.blocks import BlockClauses
from gankit.testing.clauses.declarations import DeclarationClauses
from gankit.testing.clauses.exports import ExportClauses
from gankit.testing.clauses.formulas import FormulaClauses
from gankit.testing.clauses.integration import IntegrationClauses
from gankit.testing.clauses.labels import LabelClauses
from gankit.testing.clauses.layers import LayerClauses
from gankit.testing.clauses.mixed import MixedClauses
from gankit.testing.clauses.native import NativeClauses
from gankit.testing.clauses.networks import NetworkClauses
from gankit.testing.clauses.optimizers import OptimizerClauses
from gankit.testing.clauses.penalties import PenaltyClauses
from gankit.testing.clauses.portability import PortabilityClauses
from gankit.testing.clauses.resuming import ResumeClauses
from gankit.testing.clauses.running_state import RunningStateClauses
from gankit.testing.clauses.updates import UpdateClauses


class BackendContract(
    DeclarationClauses,
    NetworkClauses,
    UpdateClauses,
    AverageClauses,
    FormulaClauses,
    OptimizerClauses,
    LayerClauses,
    RunningStateClauses,
    LabelClauses,
    PenaltyClauses,
    AugmentationClauses,
    BlockClauses,
    ResumeClauses,
    MixedClauses,
    PortabilityClauses,
    ExportClauses,
    IntegrationClauses,
    NativeClauses,
):
    """The contract of a backend, one test per clause; inherit it, and define `backend`."""

    __test__ = False

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - passed on unchanged.
        """Let pytest collect subclasses, whatever their name."""
        super().__init_subclass__(**options)
        cls.__test__ = True

    @pytest.fixture
    def backend(self) -> Backend:
        """Return the backend under test; every subclass must define it."""
        raise NotImplementedError("define a fixture `backend` in your test class")

    @pytest.fixture
    def images(self) -> NDArray[np.uint8]:
        """Return the data set: `(N, 28, 28, 1)` images, at least 100."""
        return problems.images()
