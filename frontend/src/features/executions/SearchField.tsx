import { TextInput } from "@mantine/core";
import type { CombinedError } from "@urql/core";
import { useEffect, useRef, useState } from "react";
import { isPageKey } from "@/shared/lib/hotkeys";
import { faultOf } from "./filters";

type Props = {
  value: string | undefined;
  error: CombinedError | undefined;
  onChange: (value?: string) => void;
};

/** A search in the words of docs/search.md; what is wrong with it is told beneath. `/` goes there. */
export function SearchField({ value, error, onChange }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.key !== "/" || !isPageKey(event)) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
  const search = () => {
    if (text.trim() !== (value ?? "")) onChange(text.trim() || undefined);
  };
  return (
    <TextInput
      ref={field}
      size="xs"
      mb={10}
      type="search"
      aria-label="Search"
      placeholder="Search: words, or state:failed flow:nightly-* label.team:data duration>30m started>-24h"
      value={text}
      error={error && faultOf(error)}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={search}
      onKeyDown={(event) => {
        if (event.key === "Enter") search();
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
