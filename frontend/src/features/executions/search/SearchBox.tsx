import { IconSearch, IconX } from "@tabler/icons-react";
import type { CombinedError } from "@urql/core";
import { useId, useState } from "react";
import { useKeys } from "@/shared/lib/keys";
import type { ListQuery } from "../address";
import { type Fault, faultOf } from "./fault";
import { LanguageDialog } from "./LanguageDialog";
import classes from "./SearchBox.module.css";
import { Suggestions } from "./Suggestions";
import { useSearchText } from "./useSearchText";

type Props = {
  value: string;
  query: ListQuery;
  error: CombinedError | undefined;
  onChange: (value: string) => void;
};

/** The search as text, with completion of keys and values; an error is shown below, at its position. `/` focuses it. */
export function SearchBox({ value, query, error, onChange }: Props) {
  const id = useId();
  const [listed, setListed] = useState(false);
  const { input, text, at, isOpen, completion, write, open, track, take, search, pressed } = useSearchText(
    value,
    query,
    onChange,
  );
  useKeys("Executions", [{ key: "/", words: "search", run: () => input.current?.focus() }]);
  const { suggestions } = completion;
  const fault = error && faultOf(error);
  const activeId = isOpen && at >= 0 ? `${id}${at}` : undefined;
  return (
    <div className={classes.box} data-wrong={fault ? true : undefined}>
      <div className={classes.field}>
        <IconSearch size={16} stroke={1.75} aria-hidden />
        <input
          ref={input}
          role="combobox"
          aria-label="Search executions"
          aria-expanded={isOpen}
          aria-controls={isOpen ? `${id}list` : undefined}
          aria-activedescendant={activeId}
          aria-autocomplete="list"
          aria-invalid={fault ? true : undefined}
          aria-describedby={fault ? `${id}fault` : undefined}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder="Words, or state:failed flow:nightly-* label.team:data duration>30m"
          value={text}
          onChange={(event) => {
            write(
              event.currentTarget.value,
              event.currentTarget.selectionStart ?? event.currentTarget.value.length,
            );
            open();
          }}
          onSelect={(event) => track(event.currentTarget.selectionStart ?? 0)}
          onBlur={search}
          onKeyDown={pressed}
        />
        {text && (
          <button
            type="button"
            className={classes.clear}
            aria-label="Clear the search"
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => {
              write("", 0);
              onChange("");
            }}
          >
            <IconX size={14} stroke={1.75} aria-hidden />
          </button>
        )}
      </div>
      {isOpen && (
        <Suggestions
          id={id}
          heading={completion.heading}
          suggestions={suggestions}
          active={at}
          onTake={take}
          onAll={() => setListed(true)}
        />
      )}
      {fault && <FaultLine id={`${id}fault`} fault={fault} />}
      {listed && <LanguageDialog fields={completion.fields} onClose={() => setListed(false)} />}
    </div>
  );
}

/** Points at the position of the error in the box above. */
function FaultLine({ id, fault: { column, message } }: { id: string; fault: Fault }) {
  return (
    <p className={classes.fault} id={id} role="alert">
      {column !== null && (
        <span
          className={classes.column}
          style={{ paddingInlineStart: `${Math.max(0, column - 1)}ch` }}
          aria-hidden="true"
        >
          ^
        </span>
      )}
      {message}
    </p>
  );
}
