"""Queries, mutations and change streams of executions."""
