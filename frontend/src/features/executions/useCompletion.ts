import { useDebouncedValue } from "@mantine/hooks";
import { FacetMenuDocument, SearchFieldsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { formatCount } from "@/shared/lib/number";
import type { Asked } from "./address";
import {
  facetOf,
  headingOf,
  type SearchField,
  type Suggestion,
  suggestionsOf,
  type Writing,
  writingAt,
} from "./completion";
import { partsOf, replaced } from "./language";

const TYPING = 120;
const ASKED = 12;

export type Completion = {
  writing: Writing;
  heading: string;
  suggestions: readonly Suggestion[];
  fields: readonly SearchField[];
};

/** What may be written at the caret: keys from the server's registry, values counted in what else is filtered. */
export function useCompletion(text: string, caret: number, asked: Asked, opened: boolean): Completion {
  const fields = useRead(SearchFieldsDocument, {}, { paused: !opened }).data?.searchFields ?? [];
  const writing = writingAt(text, caret, fields);
  const facet = facetOf(writing);
  const [contains] = useDebouncedValue(facet?.contains ?? "", TYPING);
  const others = partsOf(text).find((part) => writing.start >= part.start && writing.end <= part.end);
  const search = others ? replaced(text, others, "") : text;
  const [shown] = useDebouncedValue(search, TYPING);
  const { data } = useRead(
    FacetMenuDocument,
    { field: facet?.field ?? "FLOW", contains, where: asked.where, search: shown || null, first: ASKED },
    { paused: !opened || !facet },
  );
  const found = facet
    ? (data?.facets ?? []).map(({ count, ...one }) => ({
        ...one,
        key: one.key ?? null,
        note: formatCount(count),
      }))
    : [];
  return { writing, heading: headingOf(writing), suggestions: suggestionsOf(writing, fields, found), fields };
}
