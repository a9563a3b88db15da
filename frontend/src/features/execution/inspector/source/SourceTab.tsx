import { Button, CopyButton } from "@mantine/core";
import { Suspense, useMemo, useState } from "react";
import {
  ExecutionSourceDocument,
  RevisionSourceDocument,
  type RevisionTextFragment,
  TaskSourceDocument,
} from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { lazily } from "@/shared/ui/lazily";
import { Segments } from "@/shared/ui/Segments";
import { Time } from "@/shared/ui/Time";
import { TabWaiting } from "../TabWaiting";
import type { TabProps } from "../tabs";
import classes from "./Source.module.css";
import { type Lines, linesInWords, linesOf } from "./taskLines";

const SourceView = lazily(() => import("./SourceView").then((found) => found.SourceView));

/** The flow document of the execution with the selected task's lines marked, or its changes since the previous revision. */
export function SourceTab({ record, taskRun }: TabProps) {
  const { id, revision } = record.head;
  const key = taskRun?.key;
  const { data, error, loading } = useRead(ExecutionSourceDocument, { id }, { paused: !revision });
  const task = useRead(TaskSourceDocument, { id, key: key ?? "" }, { paused: key === undefined });
  const part = key === undefined ? "" : task.data?.execution?.task?.task.source;
  const shown = data?.execution?.revision;
  const lines = useMemo(() => (shown && part ? linesOf(shown.source, part) : null), [shown, part]);
  if (!revision) return <EmptyState title="No source: this execution ran outside Headway." />;
  const failed = (!shown && error) || (part === undefined && task.error);
  if (failed) return <ErrorState error={failed} what="The source" />;
  if (loading || part === undefined) return <TabWaiting label="Loading the source" />;
  if (!shown) return <EmptyState title="This revision no longer exists." />;
  const before = data?.execution?.flow?.revisions.find((one) => one.number === shown.number - 1);
  return <Source revision={shown} before={before?.id} lines={lines} task={key} />;
}

type Props = {
  revision: RevisionTextFragment;
  before: string | undefined;
  lines: Lines | null;
  task: string | undefined;
};

function Source({ revision, before, lines, task }: Props) {
  const [diff, setDiff] = useState(false);
  const earlier = useRead(RevisionSourceDocument, { id: before ?? "" }, { paused: !diff || !before });
  const node = earlier.data?.node;
  const original = diff && node && "source" in node ? node.source : undefined;
  return (
    <>
      <div className={classes.tools}>
        <span>
          Revision {revision.number}
          <span className={classes.quiet}>
            {" "}
            by {revision.createdBy.name}, <Time at={revision.createdAt} />
            {task && lines && ` · ${task}: ${linesInWords(lines)}`}
          </span>
        </span>
        <span className={classes.grow} />
        {before && (
          <Segments
            label="Shown as"
            options={{ source: "Source", diff: `Changes since ${revision.number - 1}` }}
            value={diff ? "diff" : "source"}
            onChange={(next) => setDiff(next === "diff")}
          />
        )}
        <CopyButton value={revision.source}>
          {({ copied, copy }) => <Button onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}
        </CopyButton>
      </div>
      {earlier.error && <ErrorState error={earlier.error} what="The previous revision" />}
      {original === revision.source && <p className={classes.same}>The text is unchanged.</p>}
      <Suspense>
        {(!diff || original !== undefined) && (
          <SourceView
            label={`Source of revision ${revision.number}`}
            text={revision.source}
            original={original}
            marked={diff ? null : lines}
          />
        )}
      </Suspense>
    </>
  );
}
