"""Data sets that others have published: where their files are, and the sums that they must have."""
