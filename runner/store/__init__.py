"""SQL only: makes no decisions and does not listen for notifications."""
