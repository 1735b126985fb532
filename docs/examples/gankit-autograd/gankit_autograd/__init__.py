"""A backend for gankit on HIPS autograd; imports it only when a trainer is built."""

import gankit
from gankit.contract import CAPABILITIES, Backend


def build(problem):
    """Return a trainer for `problem`."""
    from gankit.functional import trainer

    from gankit_autograd.framework import Autograd

    return trainer(problem, Autograd(problem.precision, problem.device))


@gankit.hookimpl
def gankit_backends():
    """Offer the backend `autograd`."""
    able = CAPABILITIES - {"native", "exact-blocks", "mixed", "distributed"}
    remedy = "pip install autograd"
    yield Backend("autograd", ("autograd",), build, able, api=1, remedy=remedy)
