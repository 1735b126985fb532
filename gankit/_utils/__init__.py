"""Internal helpers of several folders: files, child processes, names of arrays."""
