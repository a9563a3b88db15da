"""Executions that ran elsewhere and are recorded here: reports and log lines."""
