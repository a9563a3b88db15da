"""One frozen dataclass for each fact."""
