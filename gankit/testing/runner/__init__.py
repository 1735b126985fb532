"""Run the conformance kit on one backend in a child process."""
