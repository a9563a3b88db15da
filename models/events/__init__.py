"""The events of an execution: one frozen dataclass for each fact."""
