"""Inputs of flows and their values."""
