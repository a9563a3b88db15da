import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";
import type { TaskRowFragment } from "@/shared/graphql/gen/graphql";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import { IterationRows } from "./IterationRows";
import classes from "./Iterations.module.css";
import type { Rows } from "./TaskBranch";
import { countsOf, foldingOf, type Iteration } from "./tree";

/** More than these scroll in a frame of their own, with only what is seen of them in the page. */
const AT_ONCE = 40;
const ROW = 39;

type Props = { task: TaskRowFragment; iterations: readonly Iteration[]; rows: Rows };

/** How many iterations stand where; those that failed; all of them when asked. */
export function Iterations({ task, iterations, rows }: Props) {
  const fold = `${task.id}/iterations`;
  const all = rows.open.has(fold);
  const { shown, folded } = foldingOf(iterations, all);
  const List = shown.length > AT_ONCE ? LongList : ShortList;
  return (
    <div className={classes.iterations}>
      <div className={classes.bar}>
        <ul className={classes.counts} aria-label={`Iterations of ${task.key}`}>
          {countsOf(iterations).map(({ state, words }) => (
            <li key={state} className={classes.count} data-tone={STATE_TOKENS[state].tone}>
              <StateGlyph shape={STATE_TOKENS[state].shape} />
              {words}
            </li>
          ))}
        </ul>
        {(all || folded > 0) && (
          <Button size="compact-xs" aria-expanded={all} onClick={() => rows.toggle(fold)}>
            {all ? "Fold" : `Show all ${iterations.length.toLocaleString()}`}
          </Button>
        )}
      </div>
      {shown.length > 0 && (
        <List
          iterations={shown}
          label={`${all ? "All" : "Some"} iterations of ${task.key}`}
          row={(iteration) => <IterationRows iteration={iteration} rows={rows} told={!all} />}
        />
      )}
    </div>
  );
}

type ListProps = {
  iterations: readonly Iteration[];
  label: string;
  row: (iteration: Iteration) => ReactNode;
};

function ShortList({ iterations, label, row }: ListProps) {
  return (
    <ul className={classes.list} aria-label={label}>
      {iterations.map((iteration) => (
        <li key={iteration.index} className={classes.item}>
          {row(iteration)}
        </li>
      ))}
    </ul>
  );
}

function LongList({ iterations, label, row }: ListProps) {
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: iterations.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    getItemKey: (at) => iterations[at]!.index,
    overscan: 8,
  });
  return (
    <div className={classes.frame} ref={frame}>
      <ul className={classes.list} aria-label={label} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => (
          <li
            key={item.key}
            ref={virtual.measureElement}
            className={classes.item}
            data-index={item.index}
            aria-setsize={iterations.length}
            aria-posinset={item.index + 1}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {row(iterations[item.index]!)}
          </li>
        ))}
      </ul>
    </div>
  );
}
