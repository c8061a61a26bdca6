"""Speed and memory, measured beside other libraries; each script runs on its own: `python benchmarks/structures.py`."""
