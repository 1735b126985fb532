"""Backends whose saved or loaded state is wrong."""

from gankit_numpy.networks import copy_into

from gankit.contract import check_state
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_state_has_the_common_names")
class SavesOtherNames(CorrectTrainer):
    """Saves its state under other names."""

    def _values(self):
        return {name.replace("kernel", "weight"): a for name, a in super()._values().items()}


@caught_by("test_state_has_the_common_names")
class TransposesKernels(CorrectTrainer):
    """Saves kernels `(out, in)`."""

    def _values(self):
        return {name: a.T for name, a in super()._values().items()}


@caught_by("test_state_contains_the_weights")
class SavesItsFirstWeights(CorrectTrainer):
    """Saves its first or loaded weights."""

    def __init__(self, problem):
        super().__init__(problem)
        self.saved = super().state()

    def load_state(self, state):
        super().load_state(state)
        self.saved = super().state()

    def state(self):
        return {**super().state(), **{n: a for n, a in self.saved.items() if n.startswith("gen")}}


@caught_by("test_returns_copies_of_its_state")
class ReturnsItsStateNotCopies(CorrectTrainer):
    """Returns its state, not copies."""

    def state(self):
        return self._values()


@caught_by("test_resumes_after_any_step")
class LoadsNothing(CorrectTrainer):
    """Validates a state and does not load it."""

    def load_state(self, state):
        check_state(state, self._values())


@caught_by("test_copies_a_loaded_state")
class KeepsTheLoadedState(CorrectTrainer):
    """Keeps the loaded arrays, not copies."""

    def load_state(self, state):
        super().load_state(state)
        for name in self._g.values:
            kept = state[f"generator/{name}"]
            self._g.values[name] = self._arrays[f"generator/{name}"] = kept


@caught_by("test_loads_a_state_of_either_precision")
class TakesThePrecisionOfTheState(CorrectTrainer):
    """Continues in the precision of the loaded state."""

    def load_state(self, state):
        super().load_state(state)
        for name in self._g.values:
            kept = state[f"generator/{name}"].copy()
            self._g.values[name] = self._arrays[f"generator/{name}"] = kept


@caught_by("test_loads_a_state_of_either_precision")
class RoundsLoadedStates(CorrectTrainer):
    """Rounds what it loads to half precision."""

    def load_state(self, state):
        rounded = {n: a.astype("float16") if a.dtype.kind == "f" else a for n, a in state.items()}
        super().load_state(rounded)


@caught_by(
    "test_refuses_an_invalid_state",
    "test_refuses_an_incomplete_state",
    "test_refuses_an_invalid_native_state",
)
class LoadsTheKnownArrays(CorrectTrainer):
    """Loads the arrays that fit and ignores the others."""

    def load_state(self, state):
        for name, value in self._values().items():
            if name in state and state[name].shape == value.shape:
                value[...] = state[name]


@caught_by("test_refuses_an_invalid_state", "test_refuses_an_incomplete_state")
class LoadsBeforeItChecks(CorrectTrainer):
    """Refuses an invalid state after it has loaded some of it."""

    def load_state(self, state):
        known = {name: value for name, value in self._values().items() if name in state}
        kernel = "discriminator/1.kernel"
        copy_into({n: v for n, v in known.items() if n == kernel}, state)
        super().load_state(state)


@caught_by("test_refuses_an_incomplete_state")
class NeedsNoMoments(CorrectTrainer):
    """Accepts a state without Adam's second moments and keeps its own."""

    def load_state(self, state):
        moments = {name: a for name, a in self._values().items() if "/v/" in name}
        super().load_state({**moments, **state})
