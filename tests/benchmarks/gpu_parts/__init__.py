"""The parts of `gpu.py`: `measure_part(rows, here)` of each adds rows until its time ends."""
