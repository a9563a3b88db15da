"""The cause of a failure, chosen from the last lines that a program wrote. Pure."""
