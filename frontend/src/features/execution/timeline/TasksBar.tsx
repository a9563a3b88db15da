import { ActionIcon, TextInput, Tooltip } from "@mantine/core";
import { IconArrowsMaximize, IconArrowsMinimize, IconSearch, IconZoomReset } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { formatInteger } from "@/shared/lib/number";
import type { PaneView } from "../panes";
import classes from "./TasksBar.module.css";

type Props = {
  view: PaneView;
  onView: (view: PaneView) => void;
  tasks: number;
  text: string;
  onText: (text: string) => void;
  wide: boolean;
  onWide: (wide: boolean) => void;
  zoomed: boolean;
  onWhole: () => void;
  legend: ReactNode;
};

/** The toolbar above the tasks: the view, the filter, and the width. */
export function TasksBar({
  view,
  onView,
  tasks,
  text,
  onText,
  wide,
  onWide,
  zoomed,
  onWhole,
  legend,
}: Props) {
  const what = view === "graph" ? "Graph" : "Timeline";
  const width = wide
    ? `Show the ${what.toLowerCase()} next to the details`
    : `Show the ${what.toLowerCase()} in full width`;
  return (
    <div className={classes.bar}>
      <div className={classes.switch} role="group" aria-label="View of the tasks">
        {(["timeline", "graph"] as const).map((one) => (
          <button key={one} type="button" aria-pressed={view === one} onClick={() => onView(one)}>
            {one === "graph" ? "Graph" : "Timeline"}
          </button>
        ))}
      </div>
      <TextInput
        className={classes.search}
        size="xs"
        aria-label="Filter tasks"
        placeholder={tasks === 1 ? "Filter 1 task" : `Filter ${formatInteger(tasks)} tasks`}
        leftSection={<IconSearch size={14} stroke={1.75} />}
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
      />
      <span className={classes.room} />
      {zoomed ? (
        <button type="button" className={classes.whole} onClick={onWhole}>
          <IconZoomReset size={14} stroke={1.75} />
          Whole time
        </button>
      ) : (
        <span className={classes.legend}>{legend}</span>
      )}
      <Tooltip label={width}>
        <ActionIcon
          className={classes.wide}
          variant="subtle"
          color="gray"
          size={28}
          aria-label={width}
          aria-pressed={wide}
          onClick={() => onWide(!wide)}
        >
          {wide ? (
            <IconArrowsMinimize size={16} stroke={1.75} />
          ) : (
            <IconArrowsMaximize size={16} stroke={1.75} />
          )}
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
