"""Approval requests: who may vote, what the votes decide, and what needs an approver."""
