import { SegmentedControl } from "@mantine/core";
import { Suspense, useMemo, useState } from "react";
import { type LineageDirection, LineageDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { keep, kept } from "@/shared/lib/preferences";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { lazily } from "@/shared/ui/lazily";
import { TabWaiting } from "../TabWaiting";
import type { TabProps } from "../tabs";
import { ofTask } from "./graph";
import classes from "./Lineage.module.css";
import { LineageTable } from "./LineageTable";

const LineageGraph = lazily(() => import("./LineageGraph").then((found) => found.LineageGraph));
const FORM = "headway.lineage";
const DIRECTIONS = [
  { value: "BOTH", label: "Both ways" },
  { value: "UPSTREAM", label: "Came from" },
  { value: "DOWNSTREAM", label: "Went into" },
];

/** Where what it used came from, and where what it made went: as a graph, or as a table. */
export function LineageTab({ record, taskRun }: TabProps) {
  const id = record.head.id;
  const [direction, setDirection] = useState<LineageDirection>("BOTH");
  const [form, setForm] = useState(() => kept<string>(FORM) ?? "graph");
  const { data, error, loading } = useRead(
    LineageDocument,
    { of: id, direction },
    { version: record.artifacts.size },
  );
  const key = taskRun?.key;
  const graph = useMemo(
    () => data && (key === undefined ? data.lineage : ofTask(data.lineage, id, key)),
    [data, id, key],
  );
  const show = (next: string) => {
    keep(FORM, next);
    setForm(next);
  };
  return (
    <>
      <div className={classes.tools}>
        <SegmentedControl
          size="xs"
          aria-label="Direction"
          data={DIRECTIONS}
          value={direction}
          onChange={(next) => setDirection(next as LineageDirection)}
        />
        <SegmentedControl
          size="xs"
          aria-label="Shown as"
          data={[
            { value: "graph", label: "Graph" },
            { value: "table", label: "Table" },
          ]}
          value={form}
          onChange={show}
        />
        {graph?.truncated && <span className={classes.note}>There is more than is shown here.</span>}
      </div>
      {error && <ErrorState error={error} what="The lineage" />}
      {loading && <TabWaiting label="Loading the lineage" />}
      {graph && !graph.edges.length && (
        <EmptyState title={key ? `${key} used and made no artifacts.` : "It used and made no artifacts."} />
      )}
      {graph && graph.edges.length > 0 && form === "table" && <LineageTable graph={graph} />}
      {graph && graph.edges.length > 0 && form !== "table" && (
        <Suspense>
          <LineageGraph graph={graph} of={id} />
        </Suspense>
      )}
    </>
  );
}
