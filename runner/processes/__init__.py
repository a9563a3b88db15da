"""Processes of tasks: started in a session of their own, found wherever they went, ended as a whole."""
