"""Bulk actions: one action on many executions, previewed first, then run atomically or one by one."""
