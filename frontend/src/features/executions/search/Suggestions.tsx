import type { Suggestion } from "./completion";
import classes from "./SearchBox.module.css";

type Props = {
  id: string;
  heading: string;
  suggestions: readonly Suggestion[];
  active: number;
  onTake: (one: Suggestion) => void;
  onAll: () => void;
};

export function Suggestions({ id, heading, suggestions, active, onTake, onAll }: Props) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pressing the mouse must not move the focus from the box
    <div className={classes.menu} onMouseDown={(event) => event.preventDefault()}>
      <p className={classes.heading} aria-hidden="true">
        {heading}
      </p>
      <div role="listbox" id={`${id}list`} aria-label={heading} className={classes.list}>
        {suggestions.map((one, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box handles the keys
          <div
            key={`${one.text}${one.note}`}
            id={`${id}${at}`}
            role="option"
            aria-selected={at === active}
            data-first={(active < 0 && at === 0) || undefined}
            className={classes.option}
            onClick={() => onTake(one)}
          >
            <Marked {...one} /> <span className={classes.note}>{one.note}</span>
          </div>
        ))}
      </div>
      <p className={classes.foot}>
        <span>
          <kbd>Tab</kbd> take
        </span>
        <span>
          <kbd>Esc</kbd> close
        </span>
        <button type="button" className={classes.link} tabIndex={-1} onClick={onAll}>
          All keys and words
        </button>
      </p>
    </div>
  );
}

function Marked({ label, mark }: Suggestion) {
  if (!mark) return <span className={classes.label}>{label}</span>;
  return (
    <span className={classes.label}>
      {label.slice(0, mark[0])}
      <mark>{label.slice(...mark)}</mark>
      {label.slice(mark[1])}
    </span>
  );
}
