"""Load a data set in a child process: `python -m gankit.testing.dataset_facts NAME`.

It sends one message: "facts", as `facts` returns them, or "unknown" if no plugin offers the name.
"""

from __future__ import annotations

import sys

from gankit._utils.child_process import channel
from gankit.errors import UnknownName
from gankit.plugins import get_dataset
from gankit.testing.clauses.datasets import facts

if __name__ == "__main__":
    send = channel()
    try:
        found = {"facts": facts(get_dataset(sys.argv[1]))}
    except UnknownName:
        found = {"unknown": [sys.argv[1]]}
    send(found | {"done": True})
