"""The domain: states, facts, decisions. Pure, but for the tables."""
