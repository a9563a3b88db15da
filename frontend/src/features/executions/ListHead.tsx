import { memo } from "react";
import { PageHead } from "@/shared/ui/PageHead";
import type { ListQuery, Order, Search } from "./address";
import type { Column } from "./columns/columns";
import { ExportMenu } from "./exports/ExportMenu";
import { HeadActions } from "./HeadActions";
import { Views } from "./views/Views";

type Props = {
  search: Search;
  query: ListQuery;
  order: Order;
  columns: readonly Column[];
  waiting: readonly string[] | undefined;
  onChange: (search: Search) => void;
};

/** The title of the page, its views and actions. Changes of rows do not render it again. */
export const ListHead = memo(function ListHead({ search, query, order, columns, waiting, onChange }: Props) {
  return (
    <PageHead
      title="Executions"
      actions={
        <HeadActions>
          <ExportMenu query={query} order={order} columns={columns} />
        </HeadActions>
      }
    >
      <Views search={search} waiting={waiting} onChange={onChange} />
    </PageHead>
  );
});
