"""What several folders need, and no user does: files, processes, names of arrays."""
