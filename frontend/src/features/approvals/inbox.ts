import type { ApprovalsInboxSubscription, InboxItemFragment } from "@/shared/graphql/gen/graphql";

type Change = Omit<ApprovalsInboxSubscription["approvals"], "__typename">;
type Item = InboxItemFragment;

/** `gone` are ids that are no longer pending and still shown, because the viewer has them open. */
export type Inbox = {
  loaded: boolean;
  items: readonly Item[];
  gone: ReadonlySet<string>;
  total: { value: number; exact: boolean };
};

export type InboxStep =
  /** `held` is the request that the viewer has open: it does not disappear while they use it. */
  | { type: "changed"; change: Change; held: string | null }
  | { type: "decided"; item: Item }
  | { type: "closed" };

export const EMPTY_INBOX: Inbox = {
  loaded: false,
  items: [],
  gone: new Set(),
  total: { value: 0, exact: true },
};

/** The pending requests, oldest first. A decided request is removed, or shown as decided while it is open. */
export function foldInbox(inbox: Inbox, step: InboxStep): Inbox {
  switch (step.type) {
    case "changed":
      return change(inbox, step.change, step.held);
    case "decided":
      if (!inbox.gone.has(step.item.id)) return inbox;
      return { ...inbox, items: inbox.items.map((item) => (item.id === step.item.id ? step.item : item)) };
    case "closed":
      if (!inbox.gone.size) return inbox;
      return { ...inbox, items: inbox.items.filter((item) => !inbox.gone.has(item.id)), gone: new Set() };
  }
}

function change(inbox: Inbox, { reset, changed, gone, totalCount }: Change, held: string | null): Inbox {
  const arrived = new Map(changed.map((item) => [item.id, item]));
  const leaving = new Set(reset ? inbox.items.map((item) => item.id) : [...gone, ...inbox.gone]);
  for (const id of arrived.keys()) leaving.delete(id);
  const kept = inbox.items.filter(
    (item) => !arrived.has(item.id) && (!leaving.has(item.id) || item.id === held),
  );
  return {
    loaded: true,
    items: [...kept, ...arrived.values()].sort(byAge),
    gone: new Set(kept.filter((item) => leaving.has(item.id)).map((item) => item.id)),
    total: totalCount,
  };
}

function byAge(one: Item, other: Item): number {
  return one.requestedAt.localeCompare(other.requestedAt) || one.id.localeCompare(other.id);
}
