import { Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { AnyVariables, TypedDocumentNode } from "@urql/core";
import { type KeyboardEvent, useEffect, useEffectEvent, useState } from "react";
import { useShownError } from "@/shared/graphql/failures";
import { useRead } from "@/shared/graphql/read";
import { sentenceOf } from "./ErrorState";
import classes from "./SearchSelect.module.css";

/** `label` is shown instead of the value; by default the value is. */
export type Choice = { value: string; label?: string; note?: string };

/** The query for choices that contain a text, and how to read its answer, which has at most `most`. */
export type Finding<Data, Variables extends AnyVariables> = {
  document: TypedDocumentNode<Data, Variables>;
  variables: (text: string) => Variables;
  choices: (data: Data) => readonly Choice[];
  most: number;
};

type Props<Data, Variables extends AnyVariables> = Omit<
  SelectProps,
  "data" | "value" | "onChange" | "searchable" | "searchValue"
> & {
  value: string | null;
  onChange: (value: string | null) => void;
  finding: Finding<Data, Variables>;
};

const MORE = "\u0000more";
const TYPING = 150;

/** A select with a search on the server: choices that are not among the first are found by typing. */
export function SearchSelect<Data, Variables extends AnyVariables>({
  value,
  onChange,
  finding,
  ...props
}: Props<Data, Variables>) {
  const [typed, setTyped] = useState("");
  const [opened, setOpened] = useState(false);
  const [openings, setOpenings] = useState(0);
  const text = typed === (value ?? "") ? "" : typed.trim();
  const [searched] = useDebouncedValue(text, TYPING);
  const { data, error, loading } = useRead(finding.document, finding.variables(searched), {
    paused: !opened,
    version: openings,
  });
  useShownError(error);
  const choices = data ? finding.choices(data) : [];
  const notes = new Map(choices.map((choice) => [choice.value, choice.note]));
  const isShown = (option: string) => notes.has(option) || option === MORE;
  const isCut = choices.length >= finding.most;
  const isFound = text !== "" && searched === text && !loading;
  const taking = useTakingFirst(opened && text !== "" && !isFound, () => {
    const [first] = choices;
    if (!first) return;
    setOpened(false);
    onChange(first.value);
  });
  return (
    <Select
      {...props}
      searchable
      selectFirstOptionOnChange={isFound}
      onKeyDown={taking.onKeyDown}
      data={[
        ...choices.map(({ value: one, label = one }) => ({ value: one, label })),
        ...(value && !notes.has(value) ? [value] : []),
        ...(isCut ? [{ value: MORE, label: "Type to find others", disabled: true }] : []),
      ]}
      value={value}
      onChange={onChange}
      searchValue={typed}
      onSearchChange={setTyped}
      dropdownOpened={opened}
      onDropdownOpen={() => {
        setOpened(true);
        setOpenings((count) => count + 1);
      }}
      onDropdownClose={() => {
        setOpened(false);
        taking.forget();
      }}
      filter={({ options }) => options.filter((option) => "value" in option && isShown(option.value))}
      nothingFoundMessage={error ? sentenceOf(error) : loading || searched !== text ? "Searching…" : "None"}
      renderOption={({ option }) => (
        <>
          <span className={classes.value}>{option.label}</span>{" "}
          {notes.get(option.value) && <span className={classes.note}>{notes.get(option.value)}</span>}
        </>
      )}
    />
  );
}

/** Enter takes the first match. Pressed during the search, it takes the match as soon as it is found. */
function useTakingFirst(searching: boolean, onTake: () => void) {
  const [wanted, setWanted] = useState(false);
  const take = useEffectEvent(() => {
    setWanted(false);
    onTake();
  });
  useEffect(() => {
    if (wanted && !searching) take();
  }, [wanted, searching]);
  return {
    forget: () => setWanted(false),
    onKeyDown: (event: KeyboardEvent) => {
      if (!searching) return;
      if (event.key === "Enter") event.preventDefault();
      setWanted(event.key === "Enter");
    },
  };
}
