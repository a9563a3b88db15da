import { Suspense, useMemo, useState } from "react";
import { type LineageDirection, LineageDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { keep, kept } from "@/shared/lib/preferences";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { lazily } from "@/shared/ui/lazily";
import { Segments } from "@/shared/ui/Segments";
import { AsNow } from "../AsNow";
import { TabWaiting } from "../TabWaiting";
import type { TabProps } from "../tabs";
import { ofTask } from "./graph";
import classes from "./Lineage.module.css";
import { LineageTable } from "./LineageTable";

const LineageGraph = lazily(() => import("./LineageGraph").then((found) => found.LineageGraph));
const FORM = "headway.lineage";
const FORMS = { graph: "Graph", table: "Table" } as const;
const DIRECTIONS: Record<LineageDirection, string> = {
  BOTH: "Both ways",
  UPSTREAM: "Came from",
  DOWNSTREAM: "Went into",
};

/** The origins of the artifacts that it used and the users of those that it made: as a graph, or as a table. */
export function LineageTab({ record, taskRun, at }: TabProps) {
  const id = record.head.id;
  const [direction, setDirection] = useState<LineageDirection>("BOTH");
  const [form, setForm] = useState<keyof typeof FORMS>(() => kept(FORM) ?? "graph");
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
  const show = (next: keyof typeof FORMS) => {
    keep(FORM, next);
    setForm(next);
  };
  return (
    <>
      <div className={classes.tools}>
        <Segments label="Direction" options={DIRECTIONS} value={direction} onChange={setDirection} />
        <Segments label="Shown as" options={FORMS} value={form} onChange={show} />
        {at !== undefined && <AsNow />}
        {graph?.truncated && <span className={classes.note}>Only a part is shown.</span>}
      </div>
      {error && <ErrorState error={error} what="The lineage" />}
      {loading && <TabWaiting label="Loading the lineage" />}
      {graph && !graph.edges.length && (
        <EmptyState title={`${key ?? "This execution"} did not use or make any artifacts.`} />
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
