"""People, services, roles and tokens: who may come in, and do what."""
