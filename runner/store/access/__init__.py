"""Access: people and services, their groups, roles, tokens and sessions."""
