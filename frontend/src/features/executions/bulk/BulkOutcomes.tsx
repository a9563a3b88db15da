import { Button, Group, NativeSelect } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  type BulkOutcome,
  BulkResultsDocument,
  type BulkResultsQuery,
  type BulkStateFragment,
} from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { formatInteger } from "@/shared/lib/number";
import { ErrorState } from "@/shared/ui/ErrorState";
import classes from "./Bulk.module.css";
import { OUTCOMES } from "./bulk";

type Result = NonNullable<BulkResultsQuery["bulk"]>["results"]["nodes"][number];

/** The outcome for each execution, a page at a time; refused ones first, if there are any. */
export function BulkOutcomes({ bulk: { id, counts } }: { bulk: BulkStateFragment }) {
  const [chosen, setChosen] = useState<BulkOutcome | "ALL" | null>(null);
  /** The cursors of the pages up to the shown one. */
  const [places, setPlaces] = useState<readonly (string | null)[]>([null]);
  const shown = chosen ?? (counts.refused ? "REFUSED" : "ALL");
  const { data, error } = useRead(
    BulkResultsDocument,
    { id, outcome: shown === "ALL" ? null : shown, after: places.at(-1) ?? null },
    { version: `${counts.done}|${counts.refused}` },
  );
  const results = data?.bulk?.results;
  const next = results?.pageInfo.hasNextPage ? results.pageInfo.endCursor : null;
  const { word } = OUTCOMES.find(({ outcome }) => outcome === shown)!;
  return (
    <div>
      <NativeSelect
        label="Show"
        value={shown}
        data={OUTCOMES.map(({ outcome, word, count }) => ({
          value: outcome,
          label: `${word} (${formatInteger(counts[count])})`,
        }))}
        onChange={(event) => {
          setChosen(event.currentTarget.value as BulkOutcome | "ALL");
          setPlaces([null]);
        }}
      />
      {error && <ErrorState error={error} what="The results" />}
      <ul className={classes.results} aria-label={word}>
        {results?.nodes.map((result) => (
          <li key={result.executionId}>
            <Link to="/executions/$id" params={{ id: result.executionId }} search={{}} target="_blank">
              {result.name}
            </Link>
            <Outcome result={result} />
          </li>
        ))}
      </ul>
      {(next || places.length > 1) && (
        <Group gap="xs" mt="xs">
          <Button disabled={places.length === 1} onClick={() => setPlaces(places.slice(0, -1))}>
            Previous
          </Button>
          <Button disabled={!next} onClick={() => next && setPlaces([...places, next])}>
            Next
          </Button>
        </Group>
      )}
    </div>
  );
}

function Outcome({ result: { outcome, problem, started } }: { result: Result }) {
  if (started)
    return (
      <span>
        Started{" "}
        <Link to="/executions/$id" params={{ id: started.id }} search={{}} target="_blank">
          {started.name}
        </Link>
      </span>
    );
  return <span>{problem?.message ?? OUTCOMES.find((one) => one.outcome === outcome)?.word}</span>;
}
