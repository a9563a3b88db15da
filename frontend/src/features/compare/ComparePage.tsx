import { Button, Skeleton, Switch } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCopy } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CompareDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { isRefusal } from "@/shared/graphql/retry";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { PageHead } from "@/shared/ui/PageHead";
import { AddExecution } from "./AddExecution";
import classes from "./ComparePage.module.css";
import { CompareTable } from "./CompareTable";
import { Curves } from "./Curves";
import { reordered, sectionsOf } from "./sections";
import { baselineFirst, MOST, placesOf } from "./selection";

const route = getRouteApi("/compare");

/** Two to five executions side by side: the differences from the baseline, and their metric curves in shared charts. */
export function ComparePage() {
  const search = route.useSearch();
  const ids = (search.ids ?? "").split(",").filter(Boolean);
  const navigate = route.useNavigate();
  const clipboard = useClipboard();
  const ordered = baselineFirst(ids, search.baseline);
  const enough = ids.length >= 2 && ids.length <= MOST;
  const { data, error } = useRead(CompareDocument, { ids: ordered }, { paused: !enough });
  const comparison = data?.compareExecutions;
  const change = (next: readonly string[], baseline = search.baseline) =>
    void navigate({ search: { ...search, ids: next.join(","), baseline: baseline ?? "" } });

  const places = placesOf(ids, ordered);
  const executions = comparison && places.map((place) => comparison.executions[place]!);
  const lastSuccess = executions?.map((one) => one.lastSuccess).find((one) => one && !ids.includes(one.id));
  return (
    <>
      <PageHead
        title={enough ? `Compare ${ids.length} executions` : "Compare executions"}
        actions={
          <>
            <Switch
              label="Only differences"
              classNames={{ label: classes.label }}
              checked={search.show !== "equal"}
              onChange={(event) =>
                void navigate({
                  search: { ...search, show: event.currentTarget.checked ? undefined : "equal" },
                  replace: true,
                  resetScroll: false,
                })
              }
            />
            {ids.length < MOST && (
              <AddExecution like={executions?.[0]} shown={ids} onAdd={(id) => change([...ids, id])} />
            )}
            {lastSuccess && ids.length < MOST && (
              <Button onClick={() => change([...ids, lastSuccess.id])} title={`Adds ${lastSuccess.name}`}>
                Last success
              </Button>
            )}
            <Button
              leftSection={<IconCopy size={16} stroke={1.75} aria-hidden />}
              onClick={() => clipboard.copy(window.location.href)}
            >
              {clipboard.copied ? "Link copied" : "Copy link"}
            </Button>
          </>
        }
      />
      {!enough && <Choose ids={ids} />}
      {error && <ErrorState error={error} what="The comparison" />}
      {error && isRefusal(error) && <Choose ids={[]} />}
      {enough && !comparison && !error && (
        <Skeleton className={classes.waiting} role="status" aria-label="Comparing" />
      )}
      {comparison && executions && (
        <CompareTable
          executions={executions}
          sections={reordered(sectionsOf(comparison), places)}
          baseline={ordered[0]!}
          equal={search.show === "equal"}
          onBaseline={(id) => change(ids, id)}
          onRemove={(id) =>
            change(
              ids.filter((one) => one !== id),
              ordered[0] === id ? "" : search.baseline,
            )
          }
          onEqual={() => void navigate({ search: { ...search, show: "equal" }, resetScroll: false })}
        >
          <Curves comparison={comparison} executions={executions} places={places} />
        </CompareTable>
      )}
    </>
  );
}

function Choose({ ids }: { ids: readonly string[] }) {
  const words =
    ids.length > MOST
      ? `These are ${ids.length} executions; at most ${MOST} are compared.`
      : ids.length === 1
        ? "Choose one more with Add."
        : "Select two to five executions in the list, then Compare; or choose them with Add.";
  return (
    <EmptyState title={words}>
      <Button renderRoot={(props) => <Link {...props} to="/executions" search={{}} />}>All executions</Button>
    </EmptyState>
  );
}
