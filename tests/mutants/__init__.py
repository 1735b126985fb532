"""Change `gankit.functional` in one place at a time; see which test or clause notices."""
