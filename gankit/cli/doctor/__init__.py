"""What `gankit doctor` and `gankit checkpoint` find, as data."""
