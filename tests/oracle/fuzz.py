"""Compare backends with the oracle on many random problems: `python -m tests.oracle.fuzz 300`.

Ends with the largest differences, and with 1 if one is above the bound; `--from 120` begins
elsewhere, `--backends numpy,torch` names whom to try.
"""

import argparse
import statistics
import sys

from gankit import plugins
from tests.oracle.agreement import BOUND, distance
from tests.oracle.problems import case


def main():
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=300)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--backends", default="numpy")
    given = parser.parse_args()
    failed = []
    for name in given.backends.split(","):
        backend, found = plugins.get_backend(name), []
        for number in range(given.first, given.first + given.count):
            found.append(one := distance(backend, case(number)))
            if not one.close:
                failed.append(number)
                print(f"{name}, problem {number}: {one}", flush=True)
        states, losses = ([getattr(d, part) for d in found] for part in ("state", "losses"))
        print(
            f"{name}: {len(found)} problems, bound {BOUND:g}; "
            f"state {statistics.median(states):.1e} in the median, {max(states):.1e} at most; "
            f"losses {statistics.median(losses):.1e}, {max(losses):.1e}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
