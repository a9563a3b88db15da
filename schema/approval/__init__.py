"""Queries, mutations and the live inbox of approval requests."""
