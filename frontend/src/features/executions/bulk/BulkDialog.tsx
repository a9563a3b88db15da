import { useState } from "react";
import type { BulkStateFragment } from "@/shared/graphql/gen/graphql";
import { plural } from "@/shared/lib/number";
import { Dialog } from "@/shared/ui/Dialog";
import type { ListQuery } from "../address";
import type { Selection } from "../selection/selection";
import { BulkForm } from "./BulkForm";
import { BulkResult } from "./BulkResult";
import type { BulkAction } from "./bulk";

type Props = {
  action: BulkAction;
  selection: Selection;
  total: number;
  query: ListQuery;
  onClose: () => void;
  onDone: () => void;
};

/** A bulk action: the preview, then the progress and what was refused. Closing does not stop it. */
export function BulkDialog({ action, selection, total, query, onClose, onDone }: Props) {
  const [bulk, setBulk] = useState<BulkStateFragment | null>(null);
  const count = selection.all ? total : selection.ids.size;
  const close = () => {
    if (bulk) onDone();
    onClose();
  };
  return (
    <Dialog onClose={close} size="lg" title={`${action.word}: ${plural(count, "execution")}`}>
      {bulk ? (
        <BulkResult started={bulk} onClose={close} />
      ) : (
        <BulkForm action={action} selection={selection} query={query} onStarted={setBulk} onClose={close} />
      )}
    </Dialog>
  );
}
