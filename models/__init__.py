"""The domain: states, events and decisions. Pure, except for the tables."""
