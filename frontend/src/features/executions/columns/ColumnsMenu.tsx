import { ActionIcon, Autocomplete, Button, Popover } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconColumns3, IconPlus, IconX } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { ColumnNamesDocument, type ColumnNamesQuery } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { isValue, type ListQuery } from "../address";
import classes from "./ColumnsMenu.module.css";
import { BUILT_IN_IDS, type Column, columnOf, FIXED, moved } from "./columns";

type Props = {
  columns: readonly Column[];
  query: ListQuery;
  onChoose: (ids: readonly string[] | undefined) => void;
};

/** The columns and their order; any label, property, input or metric can be a column. */
export function ColumnsMenu({ columns, query, onChoose }: Props) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button
          className={classes.button}
          aria-label="Columns"
          leftSection={<IconColumns3 size={16} stroke={1.75} aria-hidden />}
          onClick={() => setOpened(!opened)}
        >
          <span className={classes.word}>Columns</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.menu} aria-label="Columns">
        {opened && <Choices columns={columns} query={query} onChoose={onChoose} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Choices({ columns, query, onChoose }: Props) {
  const ids = columns.map((column) => column.id);
  const others = BUILT_IN_IDS.filter((id) => !ids.includes(id));
  return (
    <>
      <ul className={classes.list} aria-label="Shown columns">
        {columns.map((column, at) => (
          <li key={column.id} className={classes.item}>
            <span className="hw-cut" title={column.id}>
              {column.name}
            </span>
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={at === 0}
              aria-label={`Move ${column.name} to the left`}
              onClick={() => onChoose(moved(ids, column.id, -1))}
            >
              <IconArrowUp size={14} stroke={1.75} aria-hidden />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={at === ids.length - 1}
              aria-label={`Move ${column.name} to the right`}
              onClick={() => onChoose(moved(ids, column.id, 1))}
            >
              <IconArrowDown size={14} stroke={1.75} aria-hidden />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={FIXED.includes(column.id)}
              aria-label={`Remove ${column.name}`}
              onClick={() => onChoose(ids.filter((id) => id !== column.id))}
            >
              <IconX size={14} stroke={1.75} aria-hidden />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <div className={classes.others} role="group" aria-label="Other columns">
          {others.map((id) => (
            <Button
              key={id}
              size="compact-xs"
              leftSection={<IconPlus size={12} stroke={1.75} aria-hidden />}
              onClick={() => onChoose([...ids, id])}
            >
              {columnOf(id)!.name.replace(/,.*/, "")}
            </Button>
          ))}
        </div>
      )}
      <AddValue query={query} taken={ids} onAdd={(id) => onChoose([...ids, id])} />
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChoose(undefined)}>
        Usual columns
      </Button>
      <p className={classes.note}>In a narrow window the last ones are hidden.</p>
    </>
  );
}

function AddValue({
  query,
  taken,
  onAdd,
}: {
  query: ListQuery;
  taken: readonly string[];
  onAdd: (id: string) => void;
}) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const { data } = useRead(ColumnNamesDocument, query);
  const add = (id: string) => {
    if (!isValue(id)) return setFault("Write label.KEY, property.KEY, input.KEY or metric.NAME.");
    setFault(null);
    setText("");
    if (!taken.includes(id)) onAdd(id);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add(text.trim());
  };
  return (
    <form onSubmit={submit} className={classes.add}>
      <Autocomplete
        label="A label, property, input or metric"
        placeholder="metric.loss"
        data={namesIn(data).filter((name) => !taken.includes(name))}
        limit={12}
        value={text}
        onChange={setText}
        onOptionSubmit={(id) => {
          add(id);
          requestAnimationFrame(() => setText(""));
        }}
        error={fault}
        comboboxProps={{ withinPortal: false }}
      />
      <Button type="submit">Add</Button>
    </form>
  );
}

const KINDS = { metrics: "metric", properties: "property", inputs: "input" } as const;

/** The names that occur in the newest executions, by kind. */
export function namesIn(data: ColumnNamesQuery | undefined): string[] {
  const names = (data?.executions.nodes ?? []).flatMap(({ labels, values }) => {
    const given = values as Record<keyof typeof KINDS, Record<string, unknown> | null>;
    const keyed = Object.entries(KINDS).flatMap(([column, kind]) =>
      Object.keys(given[column as keyof typeof KINDS] ?? {}).map((key) => `${kind}.${key}`),
    );
    const own = labels.filter(({ key }) => !key.startsWith("system."));
    return [...own.map(({ key }) => `label.${key}`), ...keyed];
  });
  return [...new Set(names)].sort();
}
