"""Takes jobs, runs their attempts, keeps their leases, and drains."""
