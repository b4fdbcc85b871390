"""The shell around a node: configuration, the tick loop, logs, metrics, the trace."""
