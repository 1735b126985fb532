"""Saboteurs that say of themselves what is not so."""

import importlib
from dataclasses import dataclass, replace

from gankit.contract import API, Backend
from gankit.testing.problems import SIMPLE
from tests.saboteurs.honest import HONEST, HonestTrainer
from tests.saboteurs.saboteur import caught_by

WITHOUT = {name: HONEST.capabilities - {name} for name in HONEST.capabilities}


class Lax(Backend):
    """A backend that builds what it does not claim."""

    def trainer(self, problem):
        """Build without a look at the capabilities."""
        return self.build(problem)


@dataclass(frozen=True)
class Eager(Backend):
    """A backend that imports what it requires when it is asked for."""

    def __post_init__(self):
        for name in self.requires:
            importlib.import_module(name)


@caught_by("test_describes_itself", name="Some Backend")
class HasNoProperName(HonestTrainer):
    """Has a name with a space and capitals."""


@caught_by("test_describes_itself", api=API + 1)
class IsOfAnotherTime(HonestTrainer):
    """Was written for another contract."""


@caught_by("test_describes_itself", requires="array")
class RequiresAString(HonestTrainer):
    """Names the module it requires in a string, which reads as five modules."""


@caught_by("test_claims_known_capabilities", capabilities=HONEST.capabilities | {"telepathy"})
class ClaimsTelepathy(HonestTrainer):
    """Claims a capability that gankit does not know."""


@caught_by("test_claims_known_capabilities", capabilities=frozenset({"average"}))
class ClaimsNoPrecision(HonestTrainer):
    """Claims no precision at all."""


@caught_by("test_imports_nothing_early", kind=Eager, requires=("colorsys",))
class ImportsEarly(HonestTrainer):
    """Imports what it requires when it is merely asked for."""


@caught_by("test_reports_facts_about_its_framework", inspect=lambda: {"threads": 2})
class TellsNumbers(HonestTrainer):
    """Tells facts of its framework that are no text."""


@caught_by("test_reports_facts_about_its_framework", inspect=lambda: ["made-up 1.0"])
class TellsAList(HonestTrainer):
    """Tells facts of its framework without their names."""


@caught_by("test_reports_facts_about_its_framework", inspect=dict)
class TellsNothing(HonestTrainer):
    """Offers to tell facts of its framework, and has none."""


@caught_by("test_builds_the_precisions_it_claims")
class BuildsFloat32Always(HonestTrainer):
    """Builds float32 where float64 was asked for."""

    def __init__(self, problem):
        super().__init__(replace(problem, precision="float32"))


@caught_by("test_builds_the_precisions_it_claims", kind=Lax, capabilities=WITHOUT["float64"])
class BuildsAnUnclaimedPrecision(HonestTrainer):
    """Builds float64, which it does not claim."""


@caught_by("test_builds_an_average_if_claimed", "test_average_starts_as_the_generator")
class BuildsNoAverage(HonestTrainer):
    """Builds no average though one was asked for."""

    def __init__(self, problem):
        super().__init__(replace(problem, average=None))


@caught_by("test_builds_an_average_if_claimed", kind=Lax, capabilities=WITHOUT["average"])
class BuildsAnUnclaimedAverage(HonestTrainer):
    """Builds an average, which it does not claim."""


@caught_by("test_refuses_native_networks_unless_claimed", kind=Lax, capabilities=WITHOUT["native"])
class BuildsSomethingElse(HonestTrainer):
    """Takes a native network, which it does not claim, and builds one of its own."""

    def __init__(self, problem):
        super().__init__(replace(problem, generator=SIMPLE.generator))
