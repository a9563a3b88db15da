"""The search language, for example `state:failed AND flow:nightly* duration>30m`. Parses a text into a filter tree."""

from models.search.fields import EXECUTIONS, FLOWS
from models.search.parsing import LONGEST, parse_search

__all__ = ["EXECUTIONS", "FLOWS", "LONGEST", "parse_search"]
