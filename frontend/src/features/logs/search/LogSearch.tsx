import { ActionIcon, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, type Ref, useEffect, useRef, useState } from "react";
import classes from "../LogsPanel.module.css";

type Props = {
  ref: Ref<HTMLInputElement>;
  value: string;
  words: string;
  isFound: boolean;
  onFind: (text: string) => void;
  onStep: (step: 1 | -1) => void;
};

/** The delay after which typed text becomes a search. */
const TYPING = 150;

export function LogSearch({ ref, value, words, isFound, onFind, onStep }: Props) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const reported = useRef(value);
  useEffect(() => {
    if (value !== reported.current) setText(value); // another URL
    reported.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const find = (next: string) => {
    clearTimeout(timer.current);
    reported.current = next;
    onFind(next);
  };
  const typed = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => find(next), TYPING);
  };
  const pressed = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") {
      event.preventDefault();
      if (text === value) onStep(event.shiftKey ? -1 : 1);
      else find(text);
    }
    if (event.key === "Escape") {
      event.stopPropagation();
      setText("");
      find("");
      event.currentTarget.blur();
    }
  };
  return (
    <div className={classes.search} data-finds={value !== "" || undefined}>
      <TextInput
        ref={ref}
        size="xs"
        aria-label="Search the log"
        placeholder="Search"
        maxLength={1000}
        leftSection={<IconSearch size={14} stroke={1.75} />}
        value={text}
        onChange={(event) => typed(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      {value && (
        <>
          <span className={classes.count} role="status" aria-label="Found">
            {words}
          </span>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Previous match"
            disabled={!isFound}
            onClick={() => onStep(-1)}
          >
            <IconChevronUp size={16} stroke={1.75} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Next match"
            disabled={!isFound}
            onClick={() => onStep(1)}
          >
            <IconChevronDown size={16} stroke={1.75} />
          </ActionIcon>
        </>
      )}
    </div>
  );
}
