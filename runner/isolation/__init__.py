"""Tasks kept apart from the server and from each other: how, by whom they are started, and what cannot be had here."""
