"""Saboteurs that do not take their state seriously."""

from gankit_numpy.networks import copy_into

from gankit.contract import check_state
from tests.saboteurs.honest import HonestTrainer
from tests.saboteurs.saboteur import caught_by


@caught_by("test_state_has_the_common_names")
class NamesItsOwnWay(HonestTrainer):
    """Has names of its own for what it saves."""

    def _values(self):
        return {name.replace("kernel", "weight"): a for name, a in super()._values().items()}


@caught_by("test_state_has_the_common_names")
class LaysKernelsDown(HonestTrainer):
    """Saves kernels `(out, in)`."""

    def _values(self):
        return {name: a.T for name, a in super()._values().items()}


@caught_by("test_state_contains_the_weights")
class SavesItsFirstWeights(HonestTrainer):
    """Saves the weights that it began with or was loaded with."""

    def __init__(self, problem):
        super().__init__(problem)
        self.saved = super().state()

    def load_state(self, state):
        super().load_state(state)
        self.saved = super().state()

    def state(self):
        return {**super().state(), **{n: a for n, a in self.saved.items() if n.startswith("gen")}}


@caught_by("test_returns_copies_of_its_state")
class LendsItsState(HonestTrainer):
    """Gives its state away, not copies."""

    def state(self):
        return self._values()


@caught_by("test_resumes_after_any_step")
class LoadsNothing(HonestTrainer):
    """Checks the state that it is given and loads none of it."""

    def load_state(self, state):
        check_state(state, self._values())


@caught_by("test_copies_a_loaded_state")
class BorrowsItsState(HonestTrainer):
    """Keeps the arrays that it is given, not copies."""

    def load_state(self, state):
        super().load_state(state)
        for name in self._g.values:
            kept = state[f"generator/{name}"]
            self._g.values[name] = self._arrays[f"generator/{name}"] = kept


@caught_by("test_loads_a_state_of_either_precision")
class TakesOnAPrecision(HonestTrainer):
    """Goes on in the precision of the state that it loads."""

    def load_state(self, state):
        super().load_state(state)
        for name in self._g.values:
            kept = state[f"generator/{name}"].copy()
            self._g.values[name] = self._arrays[f"generator/{name}"] = kept


@caught_by("test_loads_a_state_of_either_precision")
class LoadsByHalves(HonestTrainer):
    """Steps what it loads to half precision."""

    def load_state(self, state):
        rounded = {n: a.astype("float16") if a.dtype.kind == "f" else a for n, a in state.items()}
        super().load_state(rounded)


@caught_by(
    "test_refuses_an_invalid_state",
    "test_refuses_an_incomplete_state",
    "test_refuses_an_invalid_native_state",
)
class LoadsWhatItKnows(HonestTrainer):
    """Loads what fits and is silent about the rest."""

    def load_state(self, state):
        for name, value in self._values().items():
            if name in state and state[name].shape == value.shape:
                value[...] = state[name]


@caught_by("test_refuses_an_invalid_state", "test_refuses_an_incomplete_state")
class LoadsBeforeItChecks(HonestTrainer):
    """Refuses a wrong state when it has loaded a part of it."""

    def load_state(self, state):
        known = {name: value for name, value in self._values().items() if name in state}
        kernel = "discriminator/1.kernel"
        copy_into({n: v for n, v in known.items() if n == kernel}, state)
        super().load_state(state)


@caught_by("test_refuses_an_incomplete_state")
class NeedsNoMoments(HonestTrainer):
    """Takes a state without Adam's second moments, and keeps its own."""

    def load_state(self, state):
        moments = {name: a for name, a in self._values().items() if "/v/" in name}
        super().load_state({**moments, **state})
