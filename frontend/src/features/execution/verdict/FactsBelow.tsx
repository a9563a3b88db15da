import type { Head } from "@/entities/execution/record";
import { usePhone } from "@/shared/lib/phone";
import type { Facts } from "../useFacts";
import { RunFacts } from "./RunFacts";
import classes from "./RunFacts.module.css";

/** On a phone the log at the error comes first, and the facts of a failure are below it. */
export function FactsBelow({ head, facts }: { head: Head; facts: Facts | undefined }) {
  const phone = usePhone();
  if (!phone || head.failure === null || head.state === "SUCCESS") return null;
  return (
    <section aria-label="About this failure" className={classes.below}>
      <RunFacts head={head} facts={facts} />
    </section>
  );
}
