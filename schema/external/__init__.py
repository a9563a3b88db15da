"""Mutations that record external runs."""
