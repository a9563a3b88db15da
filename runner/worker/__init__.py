"""The worker: takes jobs, runs their attempts, extends their leases, and drains."""
