"""Removal by retention rules."""
