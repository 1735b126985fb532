"""The findings of `gankit doctor` and `gankit checkpoint`, as data."""
