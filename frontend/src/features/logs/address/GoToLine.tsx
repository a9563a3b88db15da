import { Popover, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import classes from "./GoToLine.module.css";
import { type LineRange, outsideWords, wantedLine } from "./lineRange";

type Props = {
  /** The number of lines, on the button. */
  words: string;
  /** The first and the last line number; 0 for an empty log. */
  extent: LineRange;
  opened: boolean;
  onOpened: (opened: boolean) => void;
  onGo: (line: number) => void;
};

/** Shows the number of lines, and scrolls to a line by its number. */
export function GoToLine({ words, extent, opened, onOpened, onGo }: Props) {
  return (
    <Popover
      opened={opened}
      onChange={onOpened}
      width={240}
      position="top-start"
      withinPortal
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <button
          type="button"
          className={classes.count}
          title="Go to line (g)"
          disabled={extent.to === 0}
          onClick={() => onOpened(!opened)}
        >
          {words}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Go to line">
        <NumberForm
          extent={extent}
          onGo={(line) => {
            onOpened(false);
            onGo(line);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function NumberForm({ extent, onGo }: Pick<Props, "extent" | "onGo">) {
  const [text, setText] = useState("");
  const [submitted, setSubmitted] = useState(false);
  const line = wantedLine(text, extent);
  const go = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (line !== null) onGo(line);
  };
  return (
    <form onSubmit={go}>
      <TextInput
        data-autofocus
        label="Go to line"
        inputMode="numeric"
        autoComplete="off"
        maxLength={12}
        placeholder={`${extent.from} to ${extent.to}`}
        error={submitted && line === null && outsideWords(extent)}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setSubmitted(false);
        }}
      />
    </form>
  );
}
