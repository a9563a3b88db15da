import { Button, CopyButton, Drawer } from "@mantine/core";
import { type MouseEvent, useCallback, useEffect, useEffectEvent, useState } from "react";
import { stripAnsi } from "@/shared/lib/ansi";
import { formatInteger, plural } from "@/shared/lib/number";
import { usePreferences } from "@/shared/lib/preferences";
import { holds, type LineRange } from "../address/lineRange";
import type { Line } from "../choice";
import classes from "../LogsPanel.module.css";
import type { Mark } from "../search/matches";
import type { LogStore, Row } from "../store/logStore";
import { extentOf, type OpenLog, useVersion } from "../store/useLog";
import { FixedLines } from "./FixedLines";
import { LogLine } from "./LogLine";
import lineClasses from "./LogLine.module.css";
import { LogRuler } from "./LogRuler";
import { useFollow } from "./useFollow";
import type { Goal, Seen } from "./view";
import { WrappedLines } from "./WrappedLines";

type Props = {
  open: OpenLog;
  goal: Goal | null;
  range: LineRange | null;
  current: number | null;
  find: string;
  isError: (line: Line) => boolean;
  showTask: boolean;
  marks: readonly Mark[];
  growing: boolean;
  wordsOf: (before: Line) => string;
  onGo: (goal: Goal) => void;
  onSeen: (seen: Seen, following: boolean) => void;
  onNumber: (line: number, event: MouseEvent) => void;
};

/** The lines, the ruler next to them, and the button back to the end. */
export function LogView({ open, goal, range, marks, growing, wordsOf, onGo, onSeen, ...rest }: Props) {
  const { store, wrap } = open;
  const extent = extentOf(open);
  useVersion(store);
  const { zone } = usePreferences();
  const follow = useFollow(store.arrived, open.at === null);
  const [opened, setOpened] = useState<Line | null>(null);
  const [seen, setSeen] = useState<Seen>({ top: open.begin, bottom: open.end });

  const went = useEffectEvent((to: Goal) => (to.line === "end" ? follow.follow() : follow.stop()));
  useEffect(() => {
    if (goal) went(goal);
  }, [goal]);

  const changed = useEffectEvent((following: boolean) => onSeen(seen, following));
  useEffect(() => changed(follow.following), [follow.following]);
  const saw = (next: Seen) => {
    setSeen((before) => (before.top === next.top && before.bottom === next.bottom ? before : next));
    onSeen(next, follow.following);
  };
  const onOpen = useCallback((line: Line) => setOpened(line), []);
  const draw = (row: Row | undefined) => {
    if (!row) return <div className={lineClasses.waiting}>…</div>;
    if (row.kind === "separator") return <div className={lineClasses.separator}>{wordsOf(row.before)}</div>;
    const { line } = row;
    return (
      <LogLine
        line={line}
        zone={zone}
        wrap={wrap}
        showTask={rest.showTask}
        error={rest.isError(line)}
        marked={holds(range, line.line)}
        current={rest.current === line.line}
        find={rest.find}
        onNumber={rest.onNumber}
        onOpen={onOpen}
      />
    );
  };

  const toEnd = async () => {
    await store.reach(2_000_000_000);
    onGo({ line: "end" });
  };
  const Lines = wrap ? WrappedLines : FixedLines;
  return (
    <div className={classes.frame}>
      <Lines store={store} goal={goal} follow={follow} draw={draw} onSeen={saw} />
      <LogRuler
        marks={marks}
        seen={seen}
        begin={extent.from}
        end={extent.to}
        onGo={(line) => onGo({ line })}
      />
      {!follow.following && !isEndSeen(seen, store) && (
        <button type="button" className={classes.follow} onClick={toEnd}>
          {endWords(follow.unseen, growing)} ↓
        </button>
      )}
      <LineDrawer line={opened} onClose={() => setOpened(null)} />
    </div>
  );
}

/** Hidden at the last line of a log that is loaded to its end. */
function isEndSeen({ bottom }: Seen, store: LogStore): boolean {
  return store.atEnd && store.indexOf(bottom) >= store.count - 1;
}

function endWords(unseen: number, growing: boolean): string {
  if (unseen > 0) return plural(unseen, "new line");
  return growing ? "Follow" : "End";
}

function LineDrawer({ line, onClose }: { line: Line | null; onClose: () => void }) {
  const text = line ? stripAnsi(line.text) : "";
  return (
    <Drawer
      opened={line !== null}
      onClose={onClose}
      position="right"
      size="xl"
      title={`Line ${line?.line ?? ""}, ${formatInteger(text.length)} characters`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <CopyButton value={text}>
        {({ copied, copy }) => <Button onClick={copy}>{copied ? "Copied 1 line" : "Copy line"}</Button>}
      </CopyButton>
      <pre className={classes.whole}>{text}</pre>
    </Drawer>
  );
}
