import * as z from "zod/mini";

const optional = <Schema extends z.ZodMiniType>(schema: Schema) => z.catch(z.optional(schema), undefined);
const whole = optional(z.coerce.number().check(z.int(), z.nonnegative()));

/** The selection on an execution's page; an empty one is the whole execution as it is now. */
export const executionSearch = z.object({
  /** The key of a task run, as `each[3].fetch`. */
  task: optional(z.coerce.string()),
  attempt: whole,
  tab: optional(z.string()),
  view: optional(z.enum(["timeline", "graph"])),
  /** The group of task runs that the timeline is filtered to. */
  show: optional(z.enum(["waiting", "running", "failed", "done", "notRun"])),
  /** The seq of an event: the page shows the execution as it was after it. */
  at: whole,
  level: optional(z.enum(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"])),
  stream: optional(z.enum(["STDOUT", "STDERR", "SYSTEM"])),
  /** The text searched for in the log. */
  find: optional(z.coerce.string()),
});

export type ExecutionSearch = z.infer<typeof executionSearch>;
