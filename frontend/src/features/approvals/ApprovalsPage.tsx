import { Skeleton } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { flushSync } from "react-dom";
import { useRowKeys } from "@/shared/lib/useRowKeys";
import { ErrorState } from "@/shared/ui/ErrorState";
import { PageHead } from "@/shared/ui/PageHead";
import views from "@/shared/ui/Views.module.css";
import classes from "./Inbox.module.css";
import { InboxRow } from "./InboxRow";
import { NothingWaits } from "./NothingWaits";
import { useCommentKey } from "./useCommentKey";
import { useInbox } from "./useInbox";

const route = getRouteApi("/approvals");

export function ApprovalsPage() {
  const { show } = route.useSearch();
  const navigate = route.useNavigate();
  const setShow = (next: "all" | undefined) => void navigate({ to: "/approvals", search: { show: next } });
  const mine = show !== "all";
  return (
    <>
      <PageHead title="Approvals">
        <div className={views.views} role="group" aria-label="Which approvals">
          <button type="button" className={views.view} aria-pressed={mine} onClick={() => setShow(undefined)}>
            Waiting for me
          </button>
          <button type="button" className={views.view} aria-pressed={!mine} onClick={() => setShow("all")}>
            All
          </button>
        </div>
      </PageHead>
      <Inbox key={show ?? "mine"} mine={mine} onAll={() => setShow("all")} />
    </>
  );
}

function Inbox({ mine, onAll }: { mine: boolean; onAll: () => void }) {
  const [opened, setOpened] = useState<string | null>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const { inbox, error } = useInbox(mine, opened);
  const { items, total } = inbox;
  const toggle = (id: string) => setOpened(opened === id ? null : id);
  useRowKeys({ ids: items.map((item) => item.id), selected, select: setSelected, open: toggle });
  useCommentKey(() => {
    const id = opened ?? selected ?? items[0]?.id ?? null;
    flushSync(() => setOpened(id));
  });

  if (error && !inbox.loaded) return <ErrorState error={error} what="The inbox" />;
  if (!inbox.loaded)
    return <Skeleton className={classes.waiting} role="status" aria-label="Loading approvals" />;
  if (!items.length) return <NothingWaits mine={mine} onAll={onAll} />;
  return (
    <>
      <ul className={classes.inbox} aria-label="Requests">
        {items.map((item) => (
          <InboxRow
            key={item.id}
            item={item}
            gone={inbox.gone.has(item.id)}
            opened={item.id === opened}
            selected={item.id === selected}
            onToggle={() => toggle(item.id)}
            onDecided={() => setOpened(null)}
          />
        ))}
      </ul>
      {total.value > items.length && (
        <p className={classes.more}>
          The {items.length} oldest of {total.value.toLocaleString()}
          {total.exact ? "" : "+"}.
        </p>
      )}
    </>
  );
}
