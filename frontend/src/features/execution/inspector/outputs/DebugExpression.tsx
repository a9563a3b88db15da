import { Button, Select, Textarea } from "@mantine/core";
import { useLocation } from "@tanstack/react-router";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { DebugExpressionDocument, type DebugExpressionQuery } from "@/shared/graphql/gen/graphql";
import { answerSentenceOf } from "@/shared/ui/ErrorState";
import { isEmpty, JsonTree } from "@/shared/ui/JsonTree";
import { Section } from "../Section";
import { EXPRESSION } from "./expression";
import classes from "./Outputs.module.css";

type Result = DebugExpressionQuery["debugExpression"];
type Props = { record: ExecutionRecord; taskRun: TaskRunRow | undefined };

/** Evaluates an expression in the context of a task; without a selected task, the viewer chooses one. */
export function DebugExpression({ record, taskRun }: Props) {
  const client = useClient();
  const keys = [...record.taskRuns.values()];
  const [chosen, setChosen] = useState(
    () => taskRun?.id ?? record.head.failure?.taskRun?.id ?? lastStarted(keys),
  );
  const [expression, setExpression] = useState("");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result>();
  const id = taskRun?.id ?? chosen;
  const field = useRef<HTMLTextAreaElement>(null);
  const targeted = useLocation({ select: ({ hash }) => hash === EXPRESSION });
  useEffect(() => {
    if (targeted) field.current?.focus();
  }, [targeted]);

  const evaluate = async () => {
    if (!id || busy || !expression.trim()) return;
    setBusy(true);
    const answer = await client.query(DebugExpressionDocument, { taskRunId: id, expression }).toPromise();
    setBusy(false);
    setResult(
      answer.data?.debugExpression ?? refused(answer.error ? answerSentenceOf(answer.error) : "No answer."),
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void evaluate();
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    void evaluate();
  };
  return (
    <Section title="Debug expression" note={taskRun && `as ${taskRun.key} sees it`}>
      <form className={classes.form} onSubmit={submit}>
        {!taskRun && (
          <Select
            label="Evaluate as seen by task"
            searchable
            limit={100}
            allowDeselect={false}
            data={keys.map((one) => ({ value: one.id, label: one.key }))}
            value={chosen ?? null}
            onChange={(next) => setChosen(next ?? undefined)}
          />
        )}
        <div className={classes.row}>
          <Textarea
            className={classes.expression}
            ref={field}
            label="Expression"
            placeholder="{{ inputs }}"
            autosize
            minRows={1}
            maxRows={8}
            value={expression}
            onChange={(event) => setExpression(event.currentTarget.value)}
            onKeyDown={pressed}
          />
          <Button type="submit" size="sm" loading={busy} disabled={!expression.trim()}>
            Evaluate
          </Button>
        </div>
        <div role="status">{result && <Shown result={result} />}</div>
      </form>
    </Section>
  );
}

function lastStarted(tasks: readonly TaskRunRow[]): string | undefined {
  const latest = tasks.reduce<TaskRunRow | undefined>(
    (found, one) => (one.startedAt && one.startedAt > (found?.startedAt ?? "") ? one : found),
    undefined,
  );
  return (latest ?? tasks.at(-1))?.id;
}

function refused(message: string): Result {
  return { value: null, type: null, error: { message, line: null, column: null } };
}

function Shown({ result: { value, type, error } }: { result: Result }) {
  if (error) {
    return (
      <div className={classes.result}>
        <p className={classes.wrong}>{error.message}</p>
        {error.line !== null && (
          <p className={classes.place}>
            line {error.line}
            {error.column !== null && `, column ${error.column}`}
          </p>
        )}
      </div>
    );
  }
  const isTree = value !== null && typeof value === "object" && !isEmpty(value);
  return (
    <div className={classes.result}>
      <p className={classes.place}>{type?.toLowerCase()}</p>
      {isTree ? (
        <JsonTree label="Result" value={value} />
      ) : (
        <pre>{typeof value === "string" ? value : JSON.stringify(value)}</pre>
      )}
    </div>
  );
}
