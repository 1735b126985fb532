"""Evaluate a run: generate images, and compare them with the images of its data set."""
