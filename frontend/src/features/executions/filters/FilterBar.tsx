import { Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { usePreferences } from "@/shared/lib/preferences";
import { type ListQuery, type Search, searchOf } from "../address";
import { hasTerm, toggled } from "../search/language";
import { chipsOf } from "./chips";
import { type FacetKind, FacetMenu } from "./FacetMenu";
import classes from "./FilterBar.module.css";

const FACETS: readonly FacetKind[] = [
  { name: "State", field: "STATE", term: "state" },
  { name: "Flow", field: "FLOW", term: "flow" },
  { name: "Kind", field: "KIND", term: "kind" },
  { name: "Trigger", field: "TRIGGER", term: "trigger" },
  { name: "By", field: "CREATED_BY", term: "by" },
  { name: "Label", field: "LABEL", term: "label" },
  { name: "Branch", field: "BRANCH", term: "branch" },
  { name: "Namespace", field: "NAMESPACE", term: "namespace" },
  { name: "Error", field: "ERROR", term: "error" },
];
const ROOTS = "is:root";

type Props = {
  search: Search;
  query: ListQuery;
  errors: ReadonlyMap<string, string>;
  onChange: (search: Search) => void;
};

/** The filter as chips, and menus that add to it. The box above holds the same filter as text. */
export function FilterBar({ search, query, errors, onChange }: Props) {
  const { zone } = usePreferences();
  const chips = chipsOf(search, { now: Date.now(), zone, errors });
  const text = searchOf(search) ?? "";
  const hidesSubflows = hasTerm(text, ROOTS);
  return (
    <div className={classes.bar}>
      {chips.length > 0 && (
        <ul className={classes.chips} aria-label="Active filters">
          {chips.map((chip) => (
            <li key={chip.key} className={classes.chip}>
              <span className={classes.what}>
                {chip.name} <b>{chip.value}</b>
              </span>
              <button
                type="button"
                className={classes.remove}
                aria-label={`Remove filter ${chip.name ? `${chip.name}: ` : ""}${chip.value}`}
                onClick={() => onChange(chip.without)}
              >
                <IconX size={12} stroke={1.75} aria-hidden />
              </button>
            </li>
          ))}
          {chips.length > 1 && (
            <li>
              <button
                type="button"
                className={classes.clear}
                onClick={() => onChange({ ...search, q: undefined, waiting: undefined })}
              >
                Clear all
              </button>
            </li>
          )}
        </ul>
      )}
      <div className={classes.facets} role="group" aria-label="Filters">
        {FACETS.map((kind) => (
          <FacetMenu key={kind.field} kind={kind} search={search} query={query} onChange={onChange} />
        ))}
        <Button
          variant="subtle"
          color="gray"
          className={classes.facet}
          aria-pressed={hidesSubflows}
          data-picked={hidesSubflows || undefined}
          onClick={() => onChange({ ...search, q: toggled(text, ROOTS) || undefined })}
        >
          Hide subflows
        </Button>
      </div>
    </div>
  );
}
