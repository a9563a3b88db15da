/** The ends that a person may put in the place of another. */
export const EXECUTION_ENDS = ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"] as const;
export const TASK_RUN_ENDS = ["SUCCESS", "WARNING", "FAILED", "SKIPPED"] as const;
