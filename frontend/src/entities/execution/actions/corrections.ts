/** Terminal states that a person may set instead of the actual one. */
export const EXECUTION_ENDS = ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"] as const;
export const TASK_RUN_ENDS = ["SUCCESS", "WARNING", "FAILED", "SKIPPED"] as const;
