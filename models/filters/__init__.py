"""The filter tree of lists, their orders, and matching in memory."""
