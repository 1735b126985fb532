"""A backend held against the contract in a process of its own: `gankit plugins check`.

Nothing here imports the clauses before pytest runs, which could then not show what they compared.
"""
