"""Resume a run: its recorded settings, images, loss and checkpoints, and what may differ."""
