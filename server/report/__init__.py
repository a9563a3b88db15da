"""Executions as PDF."""
