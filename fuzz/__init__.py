"""Coverage-guided fuzzing. `python -m fuzz --help` says how; docs/reliability.md what it found."""
