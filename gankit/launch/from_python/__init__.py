"""What `gankit.train`, `gankit.fit` and `gankit.load` do."""
