import { Skeleton } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { flushSync } from "react-dom";
import { useKeys } from "@/shared/lib/keys";
import { formatInteger } from "@/shared/lib/number";
import { ErrorState } from "@/shared/ui/ErrorState";
import { PageHead } from "@/shared/ui/PageHead";
import views from "@/shared/ui/Views.module.css";
import classes from "./Inbox.module.css";
import { InboxRow } from "./InboxRow";
import { NoApprovals } from "./NoApprovals";
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
  const ids = items.map((item) => item.id);
  const move = (step: number) => {
    const at = selected ? ids.indexOf(selected) : -1;
    setSelected(ids[Math.max(0, Math.min(ids.length - 1, at + step))] ?? null);
  };
  const comment = () => {
    flushSync(() => setOpened(opened ?? selected ?? ids[0] ?? null));
    document.querySelector<HTMLElement>("[data-approval-comment]")?.focus();
  };
  useKeys("Approvals", [
    { key: "j", words: "next request", run: () => move(1) },
    { key: "k", words: "request before", run: () => move(-1) },
    { key: "Enter", words: "open or close the request", run: () => selected && toggle(selected) },
    { key: "a", words: "comment on the request", run: comment },
    { key: "Escape", words: "clear the selected request", run: () => setSelected(null) },
  ]);

  if (error && !inbox.loaded) return <ErrorState error={error} what="The inbox" />;
  if (!inbox.loaded)
    return <Skeleton className={classes.waiting} role="status" aria-label="Loading approvals" />;
  if (!items.length) return <NoApprovals mine={mine} onAll={onAll} />;
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
          The {items.length} oldest of {formatInteger(total.value)}
          {total.exact ? "" : "+"}.
        </p>
      )}
    </>
  );
}
