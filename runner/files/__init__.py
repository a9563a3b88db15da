"""The artifact store, the files of a task, uploads, and free disk space."""
