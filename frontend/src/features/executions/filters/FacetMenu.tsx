import { Button, Checkbox, Popover, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconChevronDown, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useShownError } from "@/shared/graphql/failures";
import { type FacetField, FacetMenuDocument, type FacetMenuQuery } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { formatCount } from "@/shared/lib/number";
import { StateBadge } from "@/shared/ui/StateBadge";
import { type AnyState, STATE_TOKENS } from "@/shared/ui/stateTokens";
import { type ListQuery, type Search, searchOf } from "../address";
import { hasTerm, partsOf, toggled, unquoted, without } from "../search/language";
import classes from "./FilterBar.module.css";

export type FacetKind = { name: string; field: FacetField; term: string };
type Facet = FacetMenuQuery["facets"][number];
type Choice = Facet | { value: string; search: string; key: string | null; count: null };

const MOST = 50;
const TYPING = 150;

type Props = { kind: FacetKind; search: Search; query: ListQuery; onChange: (search: Search) => void };

/** The values of a field among the executions that match the other filters; several can be selected. */
export function FacetMenu({ kind, search, query, onChange }: Props) {
  const [opened, setOpened] = useState(false);
  const text = searchOf(search) ?? "";
  const picked = picksOf(text, kind).length;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="subtle"
          color="gray"
          className={classes.facet}
          data-picked={picked > 0 || undefined}
          rightSection={<IconChevronDown size={14} stroke={1.75} aria-hidden />}
          onClick={() => setOpened(!opened)}
        >
          {kind.name}
          {picked > 1 ? ` ${picked}` : ""}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.menu} aria-label={kind.name}>
        {opened && (
          <Values
            kind={kind}
            text={text}
            query={query}
            onText={(q) => onChange({ ...search, q: q || undefined })}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function picksOf(text: string, kind: FacetKind): Choice[] {
  return partsOf(text)
    .flatMap((part) => part.terms)
    .filter((term) => term.field === kind.term && (term.operator === ":" || term.operator === "="))
    .map((term) => ({ value: unquoted(term.value), search: term.text, key: term.key || null, count: null }));
}

type ValuesProps = { kind: FacetKind; text: string; query: ListQuery; onText: (text: string) => void };

function Values({ kind, text, query, onText }: ValuesProps) {
  const [typed, setTyped] = useState("");
  const [contains] = useDebouncedValue(typed.trim(), TYPING);
  // Each label key is a filter of its own: the filters of other keys stay.
  const others = without(text, (part) => part.terms.length > 0 && part.terms[0]!.field === kind.term);
  const variables = { field: kind.field, contains, where: query.where, search: others || null, first: MOST };
  const { data, error } = useRead(FacetMenuDocument, variables);
  useShownError(data ? undefined : error);
  const facets: readonly Choice[] = data?.facets ?? [];
  const rest = contains
    ? []
    : picksOf(text, kind).filter((pick) => !facets.some((facet) => hasTerm(pick.search, facet.search)));
  const choices = data ? [...facets, ...rest] : [];
  return (
    <>
      <TextInput
        data-autofocus
        aria-label={`Find ${kind.name.toLowerCase()}`}
        placeholder={`Find ${kind.name.toLowerCase()}`}
        leftSection={<IconSearch size={14} stroke={1.75} aria-hidden />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <fieldset className={classes.values}>
        <legend className="hw-hidden">{kind.name}</legend>
        {choices.map((choice) => (
          <Checkbox
            key={choice.search}
            className={classes.value}
            classNames={{ body: classes.body, labelWrapper: classes.wrapper, label: classes.label }}
            checked={hasTerm(text, choice.search)}
            onChange={() => onText(toggled(text, choice.search))}
            label={
              <>
                <Value kind={kind} choice={choice} />{" "}
                {choice.count && <span className={classes.count}>{formatCount(choice.count)}</span>}
              </>
            }
          />
        ))}
      </fieldset>
      <p className={classes.foot} role="status">
        {footOf(choices.length, Boolean(data), Boolean(error))}
      </p>
    </>
  );
}

function footOf(count: number, isRead: boolean, failed: boolean): string {
  if (failed) return "The values could not be loaded.";
  if (!isRead) return "Searching…";
  if (!count) return "None";
  return count >= MOST ? "Type to find others" : `${count} in the current filter`;
}

function Value({ kind, choice }: { kind: FacetKind; choice: Choice }) {
  const state = choice.value.toUpperCase() as AnyState;
  if (kind.field === "STATE" && state in STATE_TOKENS) return <StateBadge state={state} plain />;
  const text = kind.field === "TRIGGER" ? choice.value.toLowerCase() : choice.value;
  return (
    <span className="hw-cut" title={text}>
      {kind.field === "LABEL" && choice.key ? <span className={classes.key}>{choice.key} </span> : null}
      {text}
    </span>
  );
}
