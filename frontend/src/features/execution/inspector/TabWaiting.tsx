import { Skeleton } from "@mantine/core";
import classes from "./Inspector.module.css";

/** The placeholder of a tab while it loads. */
export function TabWaiting({ label = "Loading" }: { label?: string }) {
  return (
    <div role="status" aria-label={label} className={classes.waiting}>
      <Skeleton height={20} width="40%" radius={6} />
      <Skeleton height={80} radius={6} />
    </div>
  );
}
