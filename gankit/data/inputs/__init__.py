"""Images given from Python: recognised by what they offer, and read into one array of uint8."""
