"""Uploads and artifacts over HTTP."""
