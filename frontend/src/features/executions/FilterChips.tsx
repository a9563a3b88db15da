import classes from "./FilterChips.module.css";
import type { Chip, Search } from "./filters";

export function FilterChips({
  chips,
  onChange,
}: {
  chips: readonly Chip[];
  onChange: (search: Search) => void;
}) {
  if (!chips.length) return null;
  return (
    <ul className={classes.chips} aria-label="Active filters">
      {chips.map((chip) => (
        <li key={chip.key} className={classes.chip}>
          <span className={classes.name}>{chip.name}</span> {chip.value}
          <button
            type="button"
            className={classes.remove}
            aria-label={`Remove filter ${chip.name}: ${chip.value}`}
            onClick={() => onChange(chip.without)}
          >
            ×
          </button>
        </li>
      ))}
      {chips.length > 1 && (
        <li>
          <button type="button" className={classes.clear} onClick={() => onChange({})}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}
