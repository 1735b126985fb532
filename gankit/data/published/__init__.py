"""Published data sets: where their files are, and the checksums that they must have."""
