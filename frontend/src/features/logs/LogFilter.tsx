import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconFilter } from "@tabler/icons-react";
import type { LogLevel, LogStream } from "@/shared/graphql/gen/graphql";
import classes from "./LogFilter.module.css";

type Props = {
  level: LogLevel | undefined;
  stream: LogStream | undefined;
  /** Undefined when the execution has only one task. */
  byTask: boolean | undefined;
  onLevel: (level: LogLevel | undefined) => void;
  onStream: (stream: LogStream | undefined) => void;
  onByTask: (byTask: boolean) => void;
};

const LEVELS: readonly [string, string][] = [
  ["", "All levels"],
  ["DEBUG", "Debug and above"],
  ["INFO", "Info and above"],
  ["WARN", "Warnings and errors"],
  ["ERROR", "Errors"],
];
const STREAMS: readonly [string, string][] = [
  ["", "All streams"],
  ["STDOUT", "stdout"],
  ["STDERR", "stderr"],
  ["SYSTEM", "Headway"],
];
const ORDERS: readonly [string, string][] = [
  ["time", "By time"],
  ["task", "By task and attempt"],
];

/** Filters the lines, and chooses their order. */
export function LogFilter({ level, stream, byTask, onLevel, onStream, onByTask }: Props) {
  const isAll = !level && !stream && !byTask;
  return (
    <Menu position="bottom-start" width={200} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="xs"
          fw={500}
          data-all={isAll || undefined}
          rightSection={<IconChevronDown size={14} stroke={1.75} />}
        >
          <IconFilter size={16} stroke={1.75} className={classes.sign} aria-hidden />
          <span className={classes.words}>{words(level, stream, byTask)}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Choices
          label="Level"
          choices={LEVELS}
          value={level ?? ""}
          onChange={(value) => onLevel((value || undefined) as LogLevel | undefined)}
        />
        <Choices
          label="Stream"
          choices={STREAMS}
          value={stream ?? ""}
          onChange={(value) => onStream((value || undefined) as LogStream | undefined)}
        />
        {byTask !== undefined && (
          <Choices
            label="Order"
            choices={ORDERS}
            value={byTask ? "task" : "time"}
            onChange={(value) => onByTask(value === "task")}
          />
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

type ChoicesProps = {
  label: string;
  choices: readonly [string, string][];
  value: string;
  onChange: (value: string) => void;
};

function Choices({ label, choices, value, onChange }: ChoicesProps) {
  return (
    <>
      <Menu.Label>{label}</Menu.Label>
      <Menu.RadioGroup value={value} onChange={onChange} aria-label={label}>
        {choices.map(([one, name]) => (
          <Menu.RadioItem key={one} value={one}>
            {name}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  );
}

function words(
  level: LogLevel | undefined,
  stream: LogStream | undefined,
  byTask: boolean | undefined,
): string {
  const named = (choices: readonly [string, string][], value: string) =>
    choices.find(([one]) => one === value)?.[1] ?? value;
  const parts = [
    level || !stream ? named(LEVELS, level ?? "") : "",
    stream ? named(STREAMS, stream) : "",
    byTask ? "by task" : "",
  ];
  return parts.filter(Boolean).join(" · ");
}
