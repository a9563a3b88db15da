import type { CombinedError } from "@urql/core";
import { memo } from "react";
import { Segments } from "@/shared/ui/Segments";
import { type ListQuery, type Search, searchOf } from "./address";
import { ColumnsMenu } from "./columns/ColumnsMenu";
import type { Column } from "./columns/columns";
import classes from "./ExecutionsPage.module.css";
import { FilterBar } from "./filters/FilterBar";
import { SearchBox } from "./search/SearchBox";

const FORMS = { list: "List", time: "Timeline" } as const;

type Props = {
  search: Search;
  query: ListQuery;
  columns: readonly Column[];
  error: CombinedError | undefined;
  /** Error messages by fingerprint. */
  errors: ReadonlyMap<string, string>;
  onChange: (search: Search) => void;
  onColumns: (ids: readonly string[] | undefined) => void;
};

/** The search box, the display options and the filters. Changes of rows do not render it again. */
export const Query = memo(function Query({
  search,
  query,
  columns,
  error,
  errors,
  onChange,
  onColumns,
}: Props) {
  return (
    <>
      <div className={classes.query}>
        <SearchBox
          value={searchOf(search) ?? ""}
          query={query}
          error={error}
          onChange={(q) => onChange({ ...search, q: q || undefined })}
        />
        <div className={classes.forms}>
          <Segments
            label="Shown as"
            options={FORMS}
            value={search.view ?? "list"}
            onChange={(form) => onChange({ ...search, view: form === "time" ? form : undefined })}
          />
        </div>
        {!search.view && <ColumnsMenu columns={columns} query={query} onChoose={onColumns} />}
      </div>
      <FilterBar search={search} query={query} errors={errors} onChange={onChange} />
    </>
  );
});
