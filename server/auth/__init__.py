"""Authenticates requests: tokens, sessions, JWTs and trusted proxies."""
