"""External runs: checks and stores reports and log lines."""
