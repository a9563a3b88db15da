"""Who may come in, and what that is worth: people and services, their groups, roles, tokens and sessions."""
