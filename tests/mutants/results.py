"""The outcomes of mutants in a file, so that an interrupted run continues."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mutants.changes import Mutant
from tests.mutants.running import Outcome
from tests.mutants.survivors import SURVIVORS


class Results:
    """The outcomes of mutants, and a file with a line of JSON for each.

    A mutant is not run again while the text of its module is the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.outcomes: dict[str, Outcome] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            key, source, *outcome = json.loads(line)
            self.outcomes[f"{source} {key}"] = Outcome(*outcome)

    def of(self, mutant: Mutant) -> Outcome | None:
        """Return the outcome of a mutant, or None if it has to run."""
        return self.outcomes.get(_name(mutant))

    def has(self, mutant: Mutant, *, again: bool) -> bool:
        """Return whether a mutant need not run.

        If `again`, one that was not caught and has no reason to survive runs once more.
        """
        outcome = self.of(mutant)
        if outcome is None or outcome.kind == "caught":
            return outcome is not None
        return mutant.key in SURVIVORS or not again

    def note(self, mutant: Mutant, outcome: Outcome) -> None:
        """Add an outcome to the file, and print it."""
        self.outcomes[_name(mutant)] = outcome
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([mutant.key, mutant.source.digest, *outcome]) + "\n")
        print(f"{mutant.key}\n    {said(mutant, outcome)}", flush=True)


def said(mutant: Mutant, outcome: Outcome) -> str:
    """Return an outcome as text, with the reason of a survivor."""
    if outcome.kind == "survived":
        return f"survived: {SURVIVORS.get(mutant.key, 'NO REASON')}"
    return {"caught": "caught by ", "died": "DIED: "}[outcome.kind] + outcome.by


def _name(mutant: Mutant) -> str:
    return f"{mutant.source.digest} {mutant.key}"
