import { Drawer } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { LogRowFragment } from "@/shared/graphql/gen/graphql";
import { stripAnsi } from "@/shared/lib/ansi";
import { LogLine } from "./LogLine";
import classes from "./LogsPanel.module.css";
import type { LogBuffer } from "./logBuffer";
import { useFollow } from "./useFollow";

const ROW = 20;
const LOAD_OLDER_WITHIN = 400;

type Props = {
  buffer: LogBuffer;
  target: number | null;
  showTask: boolean;
  loadOlder: () => Promise<void>;
  reach: (line: number) => Promise<void>;
};

export function LogView({ buffer, target, showTask, loadOlder, reach }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<LogRowFragment | null>(null);
  const virtual = useVirtualizer({
    count: buffer.lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (at) => buffer.lines[at]?.line ?? at,
    overscan: 20,
  });
  // After the virtualizer, which sets the position to the start when it mounts.
  const { following, unseen, onScroll, follow, stop } = useFollow(scroller, buffer, ROW);

  useEffect(() => {
    if (target === null) return;
    let wanted = true;
    stop();
    scroller.current?.closest("section")?.scrollIntoView({ block: "nearest" });
    void reach(target).then(() => {
      const box = scroller.current;
      if (!wanted || !box) return;
      // After the lines that were put in front have moved the position.
      requestAnimationFrame(() => {
        box.scrollTop = Math.max(0, buffer.indexOf(target) * ROW - box.clientHeight / 3);
      });
    });
    return () => {
      wanted = false;
    };
  }, [target, reach, stop, buffer]);

  const scrolled = () => {
    onScroll();
    if (scroller.current && scroller.current.scrollTop < LOAD_OLDER_WITHIN && !following) void loadOlder();
  };

  return (
    <div className={classes.frame}>
      <div
        className={classes.scroller}
        ref={scroller}
        onScroll={scrolled}
        role="region"
        aria-label="Log lines"
        tabIndex={0}
      >
        <div className={classes.lines} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const line = buffer.lines[item.index];
            if (!line) return null;
            return (
              <LogLine
                key={line.line}
                line={line}
                top={item.start}
                marked={line.line === target}
                showTask={showTask}
                onOpen={setOpened}
              />
            );
          })}
        </div>
      </div>
      {!following && (
        <button type="button" className={classes.follow} onClick={follow}>
          {unseen > 0 ? `${unseen.toLocaleString()} new ${unseen === 1 ? "line" : "lines"}` : "Follow"} ↓
        </button>
      )}
      <Drawer
        opened={opened !== null}
        onClose={() => setOpened(null)}
        position="right"
        size="xl"
        title={`Line ${opened?.line ?? ""}`}
      >
        <pre className={classes.whole}>{opened && stripAnsi(opened.text)}</pre>
      </Drawer>
    </div>
  );
}
