"""The artifact store, the files of a task, uploads, and the room on the disk."""
