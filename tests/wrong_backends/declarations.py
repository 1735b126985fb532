"""Backends whose description of themselves is wrong."""

import importlib
from dataclasses import dataclass, replace

from gankit.contract import API, Backend
from gankit.testing.problems import SIMPLE
from tests.wrong_backends.correct import CORRECT, CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by

WITHOUT = {name: CORRECT.capabilities - {name} for name in CORRECT.capabilities}


class Lax(Backend):
    """A backend that builds what it does not claim."""

    def trainer(self, problem):
        """Build without a look at the capabilities."""
        return self.build(problem)


@dataclass(frozen=True)
class Eager(Backend):
    """A backend that imports its required modules when it is listed."""

    def __post_init__(self):
        for name in self.requires:
            importlib.import_module(name)


@caught_by("test_describes_itself", name="Some Backend")
class HasAnInvalidName(CorrectTrainer):
    """Has a name with a space and capital letters."""


@caught_by("test_describes_itself", api=API + 1)
class DeclaresAnotherApi(CorrectTrainer):
    """Declares another version of the contract."""


@caught_by("test_describes_itself", requires="array")
class RequiresAString(CorrectTrainer):
    """Declares its required module as a string, which is read as five modules."""


@caught_by("test_claims_known_capabilities", capabilities=CORRECT.capabilities | {"telepathy"})
class ClaimsTelepathy(CorrectTrainer):
    """Claims a capability that does not exist."""


@caught_by("test_claims_known_capabilities", capabilities=frozenset({"average"}))
class ClaimsNoPrecision(CorrectTrainer):
    """Claims no precision."""


@caught_by("test_imports_nothing_early", kind=Eager, requires=("colorsys",))
class ImportsEarly(CorrectTrainer):
    """Imports its required module when it is listed."""


@caught_by("test_reports_facts_about_its_framework", inspect=lambda: {"threads": 2})
class ReportsNumbers(CorrectTrainer):
    """Reports a number, not text, about its framework."""


@caught_by("test_reports_facts_about_its_framework", inspect=lambda: ["made-up 1.0"])
class ReportsAList(CorrectTrainer):
    """Reports facts about its framework without names."""


@caught_by("test_reports_facts_about_its_framework", inspect=dict)
class ReportsNothing(CorrectTrainer):
    """Has `inspect`, which reports nothing."""


@caught_by("test_builds_the_precisions_it_claims")
class BuildsFloat32Always(CorrectTrainer):
    """Builds float32 when the problem has float64."""

    def __init__(self, problem):
        super().__init__(replace(problem, precision="float32"))


@caught_by("test_builds_the_precisions_it_claims", kind=Lax, capabilities=WITHOUT["float64"])
class BuildsAnUnclaimedPrecision(CorrectTrainer):
    """Builds float64, which it does not claim."""


@caught_by("test_builds_an_average_if_claimed", "test_average_starts_as_the_generator")
class BuildsNoAverage(CorrectTrainer):
    """Builds no average though the problem requests one."""

    def __init__(self, problem):
        super().__init__(replace(problem, average=None))


@caught_by("test_builds_an_average_if_claimed", kind=Lax, capabilities=WITHOUT["average"])
class BuildsAnUnclaimedAverage(CorrectTrainer):
    """Builds an average, which it does not claim."""


@caught_by("test_refuses_native_networks_unless_claimed", kind=Lax, capabilities=WITHOUT["native"])
class BuildsSomethingElse(CorrectTrainer):
    """Accepts a native network, which it does not claim, and builds another one."""

    def __init__(self, problem):
        super().__init__(replace(problem, generator=SIMPLE.generator))
