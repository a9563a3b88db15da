import { Button, Checkbox, Popover } from "@mantine/core";
import { FacetSelect } from "./FacetSelect";
import classes from "./FilterBar.module.css";
import { FIELDS, hidesSubflows, QUICK, quickOf, type Search, statesOf, withStates } from "./filters";
import { StateChoices } from "./StateChoices";

type Props = { search: Search; onChange: (search: Search) => void };

export function FilterBar({ search, onChange }: Props) {
  const quick = quickOf(search);
  const states = statesOf(search);
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
      {FIELDS.map((field) => (
        <FacetSelect key={field} field={field} search={search} onChange={onChange} />
      ))}
      <Checkbox
        size="xs"
        label="Hide subflows"
        checked={hidesSubflows(search)}
        onChange={(event) =>
          onChange({ ...search, subflows: event.currentTarget.checked ? "hidden" : undefined })
        }
      />
    </div>
  );
}
