import type { FacetField, FacetMenuQuery, FacetMenuQueryVariables } from "@/shared/graphql/gen/graphql";
import { FacetMenuDocument } from "@/shared/graphql/gen/graphql";
import { type Choice, type Finding, SearchSelect } from "@/shared/ui/SearchSelect";
import classes from "./FilterBar.module.css";
import { type Field, nameOf, type Search, searchOf, whereOf } from "./filters";

const MOST = 50;
const FACETS: Record<Field, FacetField> = {
  namespace: "NAMESPACE",
  flow: "FLOW",
  kind: "KIND",
  trigger: "TRIGGER",
};

type Props = { field: Field; search: Search; onChange: (search: Search) => void };

/** The values of a field among the executions that the other filters leave, recorded ones too. */
export function FacetSelect({ field, search, onChange }: Props) {
  const name = nameOf(field);
  const others = { ...search, [field]: undefined };
  const finding: Finding<FacetMenuQuery, FacetMenuQueryVariables> = {
    document: FacetMenuDocument,
    variables: (contains) => ({
      field: FACETS[field],
      contains,
      where: whereOf(others),
      search: searchOf(others),
      first: MOST,
    }),
    choices: ({ facets }) => facets.map((facet) => choiceOf(field, facet)),
    most: MOST,
  };
  return (
    <SearchSelect
      className={classes.field}
      size="xs"
      aria-label={name}
      placeholder={name}
      clearable
      clearButtonProps={{ "aria-label": `Clear ${name.toLowerCase()}` }}
      value={search[field] ?? null}
      onChange={(value) => onChange({ ...search, [field]: value ?? undefined })}
      finding={finding}
    />
  );
}

function choiceOf(field: Field, facet: FacetMenuQuery["facets"][number]): Choice {
  const { value, exact } = facet.count;
  return {
    value: field === "trigger" ? facet.value.toLowerCase() : facet.value,
    note: `${value.toLocaleString()}${exact ? "" : "+"}`,
  };
}
