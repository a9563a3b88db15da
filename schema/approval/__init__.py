"""Approval requests: lists, the inbox, decisions."""
