"""Checks before the first step: errors and warnings about data and networks."""
