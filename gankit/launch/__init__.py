"""Launch a run: find the data, open or resume the folder, set up the callbacks, train."""
