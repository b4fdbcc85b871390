"""The benchmark: `python -m bench`. What it measures and how: docs/performance.md."""
