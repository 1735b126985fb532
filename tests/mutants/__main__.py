"""Run the mutants of `gankit.functional`; see `python -m tests.mutants --help`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutants.changes import Mutant, Source
from tests.mutants.results import Results, said
from tests.mutants.running import OPTIONS, Runner
from tests.mutants.survivors import SURVIVORS
from tests.paths import ROOT

MODULES = (
    "followers",
    "functional.objective",
    "functional.passes",
    "functional.penalties",
    "functional.terms",
    "functional.followers",
    "functional.updates",
    "functional.defaults",
    "functional.normalize",
    "functional.forward",
    "functional.framework",
    "functional.operations",
    "functional.optimizers",
    "functional.networks",
    "functional.blocks",
)
"""The modules of `gankit` that are changed by default."""
TESTS = ("tests/functional", "docs/examples/gankit-autograd/tests/test_contract.py")
"""Those that each mutant is run against; the second are the clauses, on a backend that uses every
default."""
SKIPPED = (
    "not (features_resume or features_may_be_split or features_move or features_refuse"
    " or fresh_processes)"
)
"""Of the clauses, those that only save, load and compare a state take half the time; the others
notice as much."""
RESULTS = ROOT / "build" / "mutants.jsonl"


def main(arguments: Sequence[str]) -> int:
    """Run the mutants; return 1 if one has to be looked at, else 0.

    That is one that survived without a reason, was caught in spite of one, or whose process died.
    """
    given = _parser().parse_args(arguments)
    sources = [Source(f"gankit.{name}") for name in given.modules or MODULES]
    mutants = [m for source in sources for m in source.mutants() if given.only in m.key]
    results = Results(given.results)
    if left := [mutant for mutant in mutants if not results.has(mutant, again=given.again)]:
        tests = [str(ROOT / path) for path in given.tests or TESTS]
        runner = Runner(left, sources, results.note)
        status = pytest.main([*OPTIONS, "-k", SKIPPED, *tests], plugins=[runner])
        if status:
            return int(status)
    return _report(mutants, results)


def _report(mutants: list[Mutant], results: Results) -> int:
    """Print the sums, and what has to be looked at; return the exit status."""
    outcomes = [(mutant, outcome) for mutant in mutants if (outcome := results.of(mutant))]
    kinds = Counter(outcome.kind for _, outcome in outcomes)
    wrong = [
        (mutant, outcome)
        for mutant, outcome in outcomes
        if outcome.kind == "died" or (outcome.kind == "survived") != (mutant.key in SURVIVORS)
    ]
    for mutant, outcome in wrong:
        print(f"{mutant.key}\n    {said(mutant, outcome)}")
    print(
        f"{len(mutants)} mutants: {kinds['caught']} caught, {kinds['survived']} survived, "
        f"{kinds['died']} died; {len(wrong)} to look at; "
        f"{sum(outcome.seconds for _, outcome in outcomes):.0f} s of processor time"
    )
    return int(bool(wrong))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.mutants",
        description="Change gankit.functional in one place at a time: delete a statement, negate "
        "a condition or a value, change an operator or a number, swap the values of a returned "
        "tuple. Each mutant runs in a child process against the tests that call the changed "
        "function. A mutant that no test notices needs a reason in tests/mutants/survivors.py.",
    )
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help=f"those to change; {', '.join(MODULES)}"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose key has TEXT")
    parser.add_argument("--tests", action="append", metavar="PATH", help=f"by default {TESTS}")
    parser.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="FILE",
        help="a line for each mutant; the next call leaves out those whose module is unchanged; "
        "by default build/mutants.jsonl",
    )
    parser.add_argument(
        "--again", action="store_true", help="run those again that were not caught without a reason"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
