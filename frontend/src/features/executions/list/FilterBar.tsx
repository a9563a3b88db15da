import { Button, Popover, Select } from "@mantine/core";
import { useMemo } from "react";
import type { FilterChoicesQuery } from "@/shared/graphql/gen/graphql";
import classes from "./FilterBar.module.css";
import { QUICK, quickOf, type Search, statesOf, withStates } from "./filters";
import { StateChoices } from "./StateChoices";

type Props = { search: Search; choices: FilterChoicesQuery | undefined; onChange: (search: Search) => void };

export function FilterBar({ search, choices, onChange }: Props) {
  const quick = quickOf(search);
  const states = statesOf(search);
  const known = useMemo(() => {
    const flows = choices?.flows.nodes ?? [];
    return {
      flow: flows
        .filter((flow) => !search.namespace || flow.namespace === search.namespace)
        .map((flow) => flow.key),
      namespace: choices?.namespaces.map((namespace) => namespace.name) ?? [],
      kind: flows.map((flow) => flow.kind),
    };
  }, [choices, search.namespace]);

  const field = (name: "flow" | "namespace" | "kind", placeholder: string) => (
    <Select
      className={classes.field}
      size="xs"
      aria-label={placeholder}
      placeholder={placeholder}
      searchable
      clearable
      clearButtonProps={{ "aria-label": `Clear ${placeholder.toLowerCase()}` }}
      nothingFoundMessage="None"
      data={distinct([...known[name], search[name]])}
      value={search[name] ?? null}
      onChange={(value) => onChange({ ...search, [name]: value ?? undefined })}
    />
  );

  return (
    <div className={classes.bar}>
      <div className={classes.quick} role="group" aria-label="Quick views">
        {QUICK.map((one) => (
          <button
            type="button"
            key={one.name}
            className={classes.view}
            aria-pressed={one === quick}
            onClick={() => onChange(withStates(search, one.states))}
          >
            {one.name}
          </button>
        ))}
      </div>
      <Popover position="bottom-start" shadow="md" trapFocus>
        <Popover.Target>
          <Button className={classes.states}>State{states.length ? ` (${states.length})` : ""} ▾</Button>
        </Popover.Target>
        <Popover.Dropdown aria-label="States">
          <StateChoices states={states} onChange={(next) => onChange(withStates(search, next))} />
        </Popover.Dropdown>
      </Popover>
      {field("namespace", "Namespace")}
      {field("flow", "Flow")}
      {field("kind", "Kind")}
    </div>
  );
}

function distinct(words: readonly (string | undefined)[]): string[] {
  return [...new Set(words.filter((word): word is string => Boolean(word)))].sort();
}
