"""HTTP below the API: the listener, limits, addresses, and the checks of every request."""
