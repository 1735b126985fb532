"""Clauses on what a backend declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gankit.contract import API, CAPABILITIES, Backend, Precision, Problem, Trainer
from gankit.errors import Unsupported
from gankit.testing.capability_problems import NEEDS, problem_requiring
from gankit.testing.fingerprint import of_two_fresh_processes
from gankit.testing.level_marks import level
from gankit.testing.problems import AVERAGE, SIMPLE, precision


@level("protocol")
class DeclarationClauses:
    """Declaration: a backend declares its name, capabilities and requirements."""

    def test_describes_itself(self, backend: Backend) -> None:
        """A backend has a name in lower case without spaces, and the number of this contract.

        `requires` is a tuple of the modules that it needs.
        """
        assert backend.name == "".join(backend.name.lower().split()) != ""
        assert backend.api == API
        assert isinstance(backend.requires, tuple)

    def test_claims_known_capabilities(self, backend: Backend) -> None:
        """A backend claims only capabilities that gankit defines, and at least one precision."""
        assert backend.capabilities <= CAPABILITIES
        assert backend.capabilities & {"float32", "float64"}

    def test_imports_nothing_early(self, backend: Backend) -> None:
        """`get_backend` imports none of the required modules; only `build` does."""
        for imported_early in of_two_fresh_processes(backend.name, "imported_early"):
            assert imported_early == []

    def test_reports_facts_about_its_framework(self, backend: Backend) -> None:
        """`inspect`, if a backend has it, returns at least one text by name."""
        if backend.inspect is None:
            pytest.skip(f"backend {backend.name!r} offers no 'inspect'")
        facts = backend.inspect()
        assert isinstance(facts, Mapping)
        assert facts
        assert all(isinstance(text, str) and text for fact in facts.items() for text in fact)

    @pytest.mark.parametrize("wanted", ["float32", "float64"])
    def test_builds_the_precisions_it_claims(self, backend: Backend, wanted: Precision) -> None:
        """A problem in a claimed precision is built; another is refused before `build`."""
        trainer = built_if_claimed(backend, replace(SIMPLE, precision=wanted))
        assert trainer is None or trainer.generator.weights()["0.kernel"].dtype == wanted

    def test_builds_an_average_if_claimed(self, backend: Backend) -> None:
        """An average is built if it is claimed; else it is refused before `build`."""
        problem = replace(SIMPLE, precision=precision(backend), average=AVERAGE)
        trainer = built_if_claimed(backend, problem)
        assert trainer is None or trainer.average is not None

    @pytest.mark.parametrize("capability", NEEDS)
    def test_builds_what_it_claims(self, backend: Backend, capability: str) -> None:
        """A problem is built if its capabilities are claimed; else it is refused before `build`."""
        problem = problem_requiring(backend, capability)
        assert capability in problem.needs()
        built_if_claimed(backend, problem)

    def test_refuses_native_networks_unless_claimed(self, backend: Backend) -> None:
        """A native network is refused before `build` if native networks are not claimed."""
        if "native" in backend.capabilities:
            pytest.skip(f"backend {backend.name!r} claims 'native'")
        native = replace(SIMPLE, precision=precision(backend), generator=object())
        assert built_if_claimed(backend, native) is None


def built_if_claimed(backend: Backend, problem: Problem) -> Trainer | None:
    """Return the trainer if `backend` claims what `problem` needs; else assert its refusal."""
    built: list[Problem] = []

    def build(problem: Problem) -> Trainer:
        built.append(problem)
        return backend.build(problem)

    watched = replace(backend, build=build)
    if problem.needs() <= backend.capabilities:
        return watched.trainer(problem)
    with pytest.raises(Unsupported):
        watched.trainer(problem)
    assert not built
    return None
