import type { CombinedError } from "@urql/core";
import { memo } from "react";
import { Segments } from "@/shared/ui/Segments";
import { type Asked, type Search, searchOf } from "./address";
import { ColumnsMenu } from "./columns/ColumnsMenu";
import type { Column } from "./columns/columns";
import classes from "./ExecutionsPage.module.css";
import { FilterBar } from "./filters/FilterBar";
import { SearchBox } from "./search/SearchBox";

const FORMS = { list: "List", time: "Timeline" } as const;

type Props = {
  search: Search;
  asked: Asked;
  columns: readonly Column[];
  error: CombinedError | undefined;
  /** Messages by fingerprint. */
  errors: ReadonlyMap<string, string>;
  onChange: (search: Search) => void;
  onColumns: (ids: readonly string[] | undefined) => void;
};

/** The search as text, how its rows are shown, and its filters. Changes of rows do not render it anew. */
export const Query = memo(function Query({
  search,
  asked,
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
          asked={asked}
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
        {!search.view && <ColumnsMenu columns={columns} asked={asked} onChoose={onColumns} />}
      </div>
      <FilterBar search={search} asked={asked} errors={errors} onChange={onChange} />
    </>
  );
});
