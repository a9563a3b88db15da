"""One action on many executions: previewed, then carried out together or one by one."""
