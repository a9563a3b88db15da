"""Decides which part of an execution a viewer may see."""
