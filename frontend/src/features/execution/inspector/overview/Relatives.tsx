import { Skeleton } from "@mantine/core";
import type { ExecutionLinkFragment, OverviewFactsQuery } from "@/shared/graphql/gen/graphql";
import { ExecutionRef } from "../Links";
import { Fact, Facts, None } from "../Section";

type FactsOf = NonNullable<OverviewFactsQuery["execution"]>;
type Props = {
  started: readonly ExecutionLinkFragment[];
  facts: FactsOf | undefined;
  loading: boolean;
};

const KINDS = [
  ["Parent", "parent"],
  ["Rerun of", "rerunOf"],
  ["Replay of", "replayOf"],
  ["Cached from", "cachedFrom"],
  ["Resolved by", "resolvedBy"],
  ["Previous", "previous"],
  ["Next", "next"],
] as const;

/** Related executions, each with its current state. */
export function Relatives({ started, facts, loading }: Props) {
  if (loading) return <Skeleton height={40} radius={6} />;
  const others = KINDS.filter(([, kind]) => facts?.[kind]);
  if (!others.length && !started.length) return <None>No related executions.</None>;
  return (
    <Facts>
      {others.map(([words, kind]) => {
        const execution = facts?.[kind];
        return (
          <Fact key={kind} name={words}>
            {execution && <ExecutionRef execution={execution} />}
          </Fact>
        );
      })}
      <Fact name="Children">
        {/* Their changes are part of this execution's changes. */}
        {started.length > 0 &&
          started.map((one) => <ExecutionRef key={one.id} execution={one} live={false} />)}
      </Fact>
    </Facts>
  );
}
