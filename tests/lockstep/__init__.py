"""Run the contract of a backend in several processes that train together.

`python -m tests.lockstep 3 torch keras` starts the processes of each backend. All run the same
clauses at the same time, and each clause must hold for a trainer that is one of several.
"""
