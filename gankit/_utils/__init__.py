"""Internal helpers that several folders share: files, processes, names of arrays."""
