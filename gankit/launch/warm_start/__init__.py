"""Begin a run with the weights of another one: find its checkpoint, load what fits, record it."""
