"""The search language: `state:failed AND flow:nightly* duration>30m`. Its text becomes a filter tree."""

from models.search.fields import EXECUTIONS, FLOWS
from models.search.parsing import LONGEST, parse_search

__all__ = ["EXECUTIONS", "FLOWS", "LONGEST", "parse_search"]
