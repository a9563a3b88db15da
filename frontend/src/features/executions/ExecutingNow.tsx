import { useState } from "react";
import { ExecutingNowDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { Count } from "@/shared/ui/Count";

/** The live number of executions that have not ended; hidden when there is none. */
export function ExecutingNow() {
  const [count, setCount] = useState({ value: 0, exact: true });
  useLive(ExecutingNowDocument, {}, { onData: ({ stats }) => setCount(stats.total) });
  return <Count count={count} of="executing" />;
}
