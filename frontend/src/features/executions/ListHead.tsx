import { memo } from "react";
import { PageHead } from "@/shared/ui/PageHead";
import type { Asked, Order, Search } from "./address";
import type { Column } from "./columns/columns";
import { ExportMenu } from "./exports/ExportMenu";
import { HeadActions } from "./HeadActions";
import { Views } from "./views/Views";

type Props = {
  search: Search;
  asked: Asked;
  order: Order;
  columns: readonly Column[];
  waiting: readonly string[] | undefined;
  onChange: (search: Search) => void;
};

/** The name of the page, its views and what may be done. Changes of rows do not render it anew. */
export const ListHead = memo(function ListHead({ search, asked, order, columns, waiting, onChange }: Props) {
  return (
    <PageHead
      title="Executions"
      actions={
        <HeadActions>
          <ExportMenu asked={asked} order={order} columns={columns} />
        </HeadActions>
      }
    >
      <Views search={search} waiting={waiting} onChange={onChange} />
    </PageHead>
  );
});
