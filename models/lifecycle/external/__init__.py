"""Executions that ran elsewhere: reports in any order, merged into what is known."""
