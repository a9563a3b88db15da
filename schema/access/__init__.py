"""Access control: people, services, roles and tokens."""
