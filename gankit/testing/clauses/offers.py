"""Clauses on what a backend declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gankit.contract import API, CAPABILITIES, Backend, Precision, Problem, Trainer
from gankit.errors import Unsupported
from gankit.testing.capability_problems import NEEDS, needing
from gankit.testing.fingerprint import two_fresh_processes
from gankit.testing.level_marks import level
from gankit.testing.problems import AVERAGE, SIMPLE, precision


@level("protocol")
class OfferClauses:
    """The offer: what a backend declares, and that it does so."""

    def test_describes_itself(self, backend: Backend) -> None:
        """A backend has a name in lower case without spaces, and the number of this contract.

        It names the modules that it requires in a tuple.
        """
        assert backend.name == "".join(backend.name.lower().split()) != ""
        assert backend.api == API
        assert isinstance(backend.requires, tuple)

    def test_claims_known_capabilities(self, backend: Backend) -> None:
        """It claims only capabilities that gankit knows, and at least one precision."""
        assert backend.capabilities <= CAPABILITIES
        assert backend.capabilities & {"float32", "float64"}

    def test_imports_nothing_early(self, backend: Backend) -> None:
        """Getting a backend by name imports none of the modules it requires; building does."""
        for process in two_fresh_processes(backend.name):
            assert process["imported_early"] == []

    def test_tells_facts_of_its_framework(self, backend: Backend) -> None:
        """An `inspect` function returns texts by name, and at least one."""
        if backend.inspect is None:
            pytest.skip(f"backend {backend.name!r} offers no 'inspect'")
        facts = backend.inspect()
        assert isinstance(facts, Mapping)
        assert facts
        assert all(isinstance(text, str) and text for fact in facts.items() for text in fact)

    @pytest.mark.parametrize("wanted", ["float32", "float64"])
    def test_builds_the_precisions_it_claims(self, backend: Backend, wanted: Precision) -> None:
        """A precision that is claimed is built; another is refused, and nothing is built."""
        trainer = built_if_claimed(backend, replace(SIMPLE, precision=wanted))
        assert trainer is None or trainer.generator.weights()["0.kernel"].dtype == wanted

    def test_builds_an_average_if_it_claims_to(self, backend: Backend) -> None:
        """An average is built if it is claimed; if not, it is refused, and nothing is built."""
        problem = replace(SIMPLE, precision=precision(backend), average=AVERAGE)
        trainer = built_if_claimed(backend, problem)
        assert trainer is None or trainer.average is not None

    @pytest.mark.parametrize("capability", NEEDS)
    def test_builds_what_it_claims(self, backend: Backend, capability: str) -> None:
        """What is claimed is built; a problem that needs more is refused, and nothing is built."""
        problem = needing(backend, capability)
        assert capability in problem.needs()
        built_if_claimed(backend, problem)

    def test_refuses_native_networks_unless_claimed(self, backend: Backend) -> None:
        """A native network is refused by a backend that does not claim them, before building."""
        if "native" in backend.capabilities:
            pytest.skip(f"backend {backend.name!r} claims 'native'")
        native = replace(SIMPLE, precision=precision(backend), generator=object())
        assert built_if_claimed(backend, native) is None


def built_if_claimed(backend: Backend, problem: Problem) -> Trainer | None:
    """Return the trainer if `backend` claims all that `problem` needs; else check its refusal."""
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
