"""The contracts of a backend, a loss and a data set: a test class each, with all clauses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit import plugins
from gankit.contract import Backend
from gankit.data import Dataset
from gankit.errors import GankitError
from gankit.losses import NONSATURATING, Loss
from gankit.testing import problems
from gankit.testing.clauses.augmentation import AugmentationClauses
from gankit.testing.clauses.averages import AverageClauses
from gankit.testing.clauses.blocks import BlockClauses
from gankit.testing.clauses.datasets import (
    DatasetImageClauses,
    DatasetLabelClauses,
    DatasetRepetitionClauses,
)
from gankit.testing.clauses.declarations import DeclarationClauses
from gankit.testing.clauses.exports import ExportClauses
from gankit.testing.clauses.features import FeatureClauses
from gankit.testing.clauses.followers import FollowerClauses
from gankit.testing.clauses.formulas import FormulaClauses
from gankit.testing.clauses.frozen import FrozenClauses
from gankit.testing.clauses.heads import HeadClauses
from gankit.testing.clauses.integration import IntegrationClauses
from gankit.testing.clauses.label_vectors import LabelVectorClauses
from gankit.testing.clauses.labels import LabelClauses
from gankit.testing.clauses.layers import LayerClauses
from gankit.testing.clauses.logit_maps import LogitMapClauses
from gankit.testing.clauses.losses import (
    LossGradientClauses,
    LossTrainingClauses,
    LossValueClauses,
    linear_setup,
)
from gankit.testing.clauses.mixed import MixedClauses
from gankit.testing.clauses.native import NativeClauses
from gankit.testing.clauses.networks import NetworkClauses
from gankit.testing.clauses.noise_gradients import NoiseGradientClauses
from gankit.testing.clauses.optimizers import OptimizerClauses
from gankit.testing.clauses.passes import PassClauses
from gankit.testing.clauses.penalties import PenaltyClauses
from gankit.testing.clauses.portability import PortabilityClauses
from gankit.testing.clauses.resuming import ResumeClauses
from gankit.testing.clauses.running_state import RunningStateClauses
from gankit.testing.clauses.several_processes import SeveralProcessesClauses
from gankit.testing.clauses.sources import SourceClauses
from gankit.testing.clauses.updates import UpdateClauses
from gankit.testing.clauses.views import ViewClauses


class Contract:
    """The base of the contracts; pytest collects their subclasses, whatever their name."""

    __test__ = False

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - passed on unchanged.
        """Let pytest collect a subclass of a contract, but not the contract itself."""
        super().__init_subclass__(**options)
        cls.__test__ = Contract not in cls.__bases__

    @classmethod
    def sections(cls) -> list[type]:
        """Return the classes of clauses, in their order."""
        return [base for base in cls.__bases__ if base is not Contract]


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
    HeadClauses,
    LabelVectorClauses,
    LogitMapClauses,
    FeatureClauses,
    ViewClauses,
    SourceClauses,
    PassClauses,
    PenaltyClauses,
    AugmentationClauses,
    FollowerClauses,
    BlockClauses,
    ResumeClauses,
    FrozenClauses,
    MixedClauses,
    PortabilityClauses,
    ExportClauses,
    IntegrationClauses,
    SeveralProcessesClauses,
    NativeClauses,
    NoiseGradientClauses,
    Contract,
):
    """The contract of a backend, one test per clause; inherit it, and define `backend`."""

    @pytest.fixture
    def backend(self) -> Backend:
        """Return the backend under test; every subclass must define it."""
        raise NotImplementedError("define a fixture `backend` in your test class")

    @pytest.fixture
    def images(self) -> NDArray[np.uint8]:
        """Return the data set: `(N, 28, 28, 1)` images, at least 100."""
        return problems.images()


class LossContract(LossValueClauses, LossGradientClauses, LossTrainingClauses, Contract):
    """The contract of a loss, one test per clause; inherit it, and define `loss`."""

    @pytest.fixture
    def loss(self) -> Loss:
        """Return the loss under test; every subclass must define it."""
        raise NotImplementedError("define a fixture `loss` in your test class")

    @pytest.fixture
    def backends(self) -> list[Backend]:
        """Return the backends to train on: all that are installed and can be built."""
        return [backend for backend in plugins.backends().values() if _can_be_built(backend)]


class DatasetContract(DatasetImageClauses, DatasetLabelClauses, DatasetRepetitionClauses, Contract):
    """The contract of a data set, one test per clause; inherit it, and define `dataset`."""

    @pytest.fixture
    def dataset(self) -> Dataset:
        """Return the data set under test; every subclass must define it."""
        raise NotImplementedError("define a fixture `dataset` in your test class")


def _can_be_built(backend: Backend) -> bool:
    if plugins.missing_modules(backend):
        return False
    try:
        backend.trainer(linear_setup(NONSATURATING, backend).problem)
    except GankitError:
        return False
    return True
