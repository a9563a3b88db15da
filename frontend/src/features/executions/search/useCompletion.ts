import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import {
  type FacetField,
  FacetMenuDocument,
  type FacetMenuQuery,
  SearchFieldsDocument,
} from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { formatCount } from "@/shared/lib/number";
import type { ListQuery } from "../address";
import {
  facetOf,
  headingOf,
  isMeant,
  type SearchField,
  type Suggestion,
  suggestionsOf,
  type Writing,
  writingAt,
} from "./completion";
import { partsOf, replaced } from "./language";

type Known = { field: FacetField | null; facets: FacetMenuQuery["facets"] };

const TYPING = 120;
const MOST_VALUES = 12;

export type Completion = {
  writing: Writing;
  heading: string;
  suggestions: readonly Suggestion[];
  fields: readonly SearchField[];
};

/** The suggestions at the caret: keys from the server's registry, values counted within the rest of the filter. */
export function useCompletion(text: string, caret: number, query: ListQuery, opened: boolean): Completion {
  const fields = useRead(SearchFieldsDocument, {}, { paused: !opened }).data?.searchFields ?? [];
  const writing = writingAt(text, caret, fields);
  const facet = facetOf(writing);
  const [contains] = useDebouncedValue(facet?.contains ?? "", TYPING);
  const others = partsOf(text).find((part) => writing.start >= part.start && writing.end <= part.end);
  const search = others ? replaced(text, others, "") : text;
  const [shown] = useDebouncedValue(search, TYPING);
  const { data } = useRead(
    FacetMenuDocument,
    {
      field: facet?.field ?? "FLOW",
      contains,
      where: query.where,
      search: shown || null,
      first: MOST_VALUES,
    },
    { paused: !opened || !facet },
  );
  const [last, setLast] = useState<Known>({ field: null, facets: [] });
  const field = facet?.field ?? null;
  useEffect(() => {
    if (data) setLast({ field, facets: data.facets });
  }, [data, field]);
  // While the next answer is loading the last one stays, so that the list does not flicker.
  const known = data?.facets ?? (field && last.field === field ? last.facets : undefined);
  const found = known?.map(({ count, key, ...one }) => ({
    ...one,
    key: key ?? null,
    note: formatCount(count),
  }));
  const suggestions = suggestionsOf(
    writing,
    fields,
    found?.filter((one) => isMeant(writing, one)),
  );
  return { writing, heading: headingOf(writing), suggestions, fields };
}
