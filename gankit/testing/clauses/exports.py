"""Clauses on exports: networks for use without gankit."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest

from gankit import plugins
from gankit.contract import Backend
from gankit.contract.export_format import Export, exported_network
from gankit.errors import BackendUnavailable
from gankit.export.fold_spectral_norm import folded
from gankit.export.verify_subprocess import compared
from gankit.export.write_subprocess import examples, network_of
from gankit.launch.run import Run
from gankit.runs.loss_history import LossHistory
from gankit.terms import GENERATOR
from gankit.testing.clauses.integration import each_family, setup_with_all_features
from gankit.testing.clauses.logit_maps import map_trainer, problem_of
from gankit.testing.clauses.passes import pass_trainer
from gankit.testing.full_problems import FAMILIES
from gankit.testing.harness import ready
from gankit.testing.level_marks import level

STEPS = 2
ROUNDING = 1e-5


@level("portability")
class ExportClauses:
    """Exports: networks for use without gankit."""

    @each_family
    def test_an_export_generates_the_same_images(self, backend: Backend, family: str) -> None:
        """Exported in any declared format and read again, a generator generates the same images.

        They agree within 1e-5, with inputs by name and any number of images. Formats whose
        requirements are not installed are skipped.
        """
        if not backend.exports:
            pytest.skip(f"backend {backend.name!r} offers no 'exports'")
        setup = setup_with_all_features(backend, family)
        trainer = ready(backend, setup.problem)
        setup.updates(trainer, 0, STEPS)
        run = Run(setup.problem, trainer, STEPS, LossHistory(np.zeros((STEPS, 2))))
        for name, export in backend.exports.items():
            if not plugins.missing(export.requires):
                assert difference(export, run) <= ROUNDING, name

    @pytest.mark.parametrize("kind", [*FAMILIES, "map"])
    def test_an_export_of_a_discriminator_computes_the_same(
        self, backend: Backend, kind: str
    ) -> None:
        """Exported in any declared format and read again, a discriminator makes the same logits.

        Its output is what its layers make: a logit and the columns of its heads, a logit by a
        projection of classes, or a map of logits, if the backend claims them. Their logits are
        those that the trainer's discriminator returns.
        """
        if not backend.exports:
            pytest.skip(f"backend {backend.name!r} offers no 'exports'")
        if kind == "map":
            trainer, _ = map_trainer(backend)
            problem = problem_of(backend)
        else:
            setup = setup_with_all_features(backend, kind)
            trainer, problem = ready(backend, setup.problem), setup.problem
            setup.updates(trainer, 0, STEPS)
        run = Run(problem, trainer, 0, LossHistory(np.zeros((0, 2))))
        for name, export in backend.exports.items():
            if not plugins.missing(export.requires):
                assert difference(export, run, "discriminator") <= ROUNDING, name

    def test_an_export_of_a_further_network_computes_the_same(self, backend: Backend) -> None:
        """An encoder, exported in any declared format and read again, makes the same codes.

        Its input and its output have the names of values. Needs the capability "networks".
        """
        if not backend.exports:
            pytest.skip(f"backend {backend.name!r} offers no 'exports'")
        trainer, _, problem = pass_trainer(backend, precision="float32")
        run = Run(problem, trainer, 0, LossHistory(np.zeros((0, 2))))
        for name, export in backend.exports.items():
            if not plugins.missing(export.requires):
                assert difference(export, run, "encoder") <= ROUNDING, name


def difference(export: Export, run: Run, network: str = GENERATOR) -> float:
    """Write and read a network; return the largest difference, or fail."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Exporters warn about their own code.
        path = Path(folder) / f"{network}{export.suffix}"
        exported = exported_network(run.problem, network)
        export.write(*folded(exported, network_of(run, network).weights()), path)
        try:
            found: float = compared(export.read(path), examples(run, exported))["difference"]
        except BackendUnavailable as error:
            pytest.fail(str(error))
    return found
