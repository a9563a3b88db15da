import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { ListQuery } from "../address";
import { type Suggestion, taken } from "./completion";
import { useCompletion } from "./useCompletion";

/** The state of the search box while the user types: the caret, the open list, and the effects of its keys. */
export function useSearchText(value: string, query: ListQuery, onChange: (value: string) => void) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(0);
  const [opened, setOpened] = useState(false);
  const [active, setActive] = useState(-1);
  useEffect(() => setText(value), [value]);
  const completion = useCompletion(text, caret, query, opened);
  const { suggestions } = completion;
  const isOpen = opened && suggestions.length > 0;
  const at = Math.min(active, suggestions.length - 1);

  const write = (next: string, position: number) => {
    setText(next);
    setCaret(position);
    setActive(-1);
  };
  const take = (one: Suggestion) => {
    const put = taken(text, completion.writing, one);
    write(put.text, put.caret);
    setOpened(one.goesOn);
    input.current?.focus();
    requestAnimationFrame(() => input.current?.setSelectionRange(put.caret, put.caret));
    if (!one.goesOn) onChange(put.text.trim());
  };
  const search = () => {
    setOpened(false);
    if (text.trim() !== value) onChange(text.trim());
  };
  const move = (step: number) => {
    setOpened(true);
    const count = Math.max(1, suggestions.length);
    setActive(at < 0 ? (step > 0 ? 0 : count - 1) : (at + step + count) % count);
  };
  const deeds: Record<Done, () => void> = {
    down: () => move(1),
    up: () => move(-1),
    take: () => take(suggestions[Math.max(0, at)]!),
    enter: () => (at >= 0 && isOpen ? take(suggestions[at]!) : search()),
    close: () => setOpened(false),
    leave: () => input.current?.blur(),
  };
  const pressed = (event: KeyboardEvent<HTMLInputElement>) => {
    const done = keyOf(event, isOpen);
    if (!done) return;
    event.preventDefault();
    deeds[done]();
  };
  const open = () => setOpened(true);
  return { input, text, at, isOpen, completion, write, open, track: setCaret, take, search, pressed };
}

type Done = "down" | "up" | "take" | "enter" | "close" | "leave";

function keyOf(event: KeyboardEvent, isOpen: boolean): Done | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  switch (event.key) {
    case "ArrowDown":
      return "down";
    case "ArrowUp":
      return "up";
    case "Tab":
      return isOpen && !event.shiftKey ? "take" : null;
    case "Enter":
      return "enter";
    case "Escape":
      return isOpen ? "close" : "leave";
    default:
      return null;
  }
}
