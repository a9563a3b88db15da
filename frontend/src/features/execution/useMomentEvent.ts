import { MomentOfDocument, type MomentOfQuery } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

export type Moment = NonNullable<MomentOfQuery["execution"]>["events"][number];

/** The event of the shown moment; undefined while the page shows now. */
export function useMomentEvent(id: string, at: number | undefined): Moment | undefined {
  const { data } = useRead(MomentOfDocument, { id, before: (at ?? 1) - 1 }, { paused: at === undefined });
  return at === undefined ? undefined : data?.execution?.events[0];
}
