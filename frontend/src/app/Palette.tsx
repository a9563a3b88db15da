import { createSpotlight, Spotlight, type SpotlightActionGroupData, useSpotlight } from "@mantine/spotlight";
import { quoted } from "@/shared/lib/searchTerm";
import "@mantine/spotlight/styles.css";
import { IconList, IconPlayerPlay, IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useMemo, useState } from "react";
import { useWhyNotRun } from "@/entities/flow/useWhyNotRun";
import { useShownError } from "@/shared/graphql/failures";
import { JumpDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { commandGroups } from "@/shared/lib/commands";
import { openDialog } from "@/shared/lib/dialogs";
import { useEntries } from "@/shared/lib/registry";
import { sentenceOf } from "@/shared/ui/ErrorState";
import { StateBadge } from "@/shared/ui/StateBadge";
import { AREAS } from "./areas";
import { usePaletteRequests } from "./openPalette";
import classes from "./Palette.module.css";

const MOST = 6;
const SHORTEST = 2;
const [store, palette] = createSpotlight();

/** Ctrl K: go to a page, run a flow, or act on what is on the screen. */
export function Palette() {
  const requests = usePaletteRequests();
  const [query, setQuery] = useState("");
  useEffect(() => {
    if (requests) palette.open();
  }, [requests]);
  const found = useFound(query);
  useFirstSelected(found.groups);
  const offered = useEntries(commandGroups);
  const here: SpotlightActionGroupData[] = offered.map(({ name, commands }) => ({
    group: name,
    actions: commands.map(({ run, icon, id, label, description }) => ({
      id,
      label,
      ...(description && { description }),
      leftSection: icon,
      onClick: run,
    })),
  }));
  return (
    <Spotlight
      store={store}
      actions={[...here, ...found.groups, ...useAreas()]}
      query={query}
      onQueryChange={setQuery}
      nothingFound={found.words}
      highlightQuery
      scrollable
      maxHeight={420}
      shortcut={null}
      classNames={{ action: classes.action }}
      attributes={{ content: { "aria-label": "Search or jump" } }}
      searchProps={{
        leftSection: <IconSearch size={18} stroke={1.75} aria-hidden />,
        placeholder: "Find an execution or a flow, run a flow, act on this page",
        "aria-label": "Search or jump",
      }}
    />
  );
}

function useAreas(): SpotlightActionGroupData[] {
  const navigate = useNavigate();
  return [
    {
      group: "Go to",
      actions: [
        ...AREAS.map((area) => ({
          id: area.to,
          label: area.name,
          leftSection: area.icon,
          onClick: () => void navigate({ to: area.to, search: {} }),
        })),
        { id: "preferences", label: "Preferences", onClick: () => openDialog({ kind: "preferences" }) },
        { id: "keys", label: "Keyboard shortcuts", onClick: () => openDialog({ kind: "keys" }) },
      ],
    },
  ];
}

/**
 * Selects the first line again when an answer of the server adds lines, so that Enter takes it. Spotlight selects only
 * when a key is pressed. The selection of a user who has moved on with an arrow key stays.
 */
function useFirstSelected(found: unknown) {
  const { opened, listId, selected } = useSpotlight(store);
  const first = useEffectEvent(() => {
    if (!opened || selected > 0) return;
    const list = document.getElementById(listId);
    list?.querySelector("[data-selected]")?.removeAttribute("data-selected");
    list?.querySelector("[data-action]")?.setAttribute("data-selected", "true");
    store.updateState((state) => ({ ...state, selected: 0 }));
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new answer resets the selection
  useEffect(() => first(), [found, listId]);
}

type Found = { groups: SpotlightActionGroupData[]; words: string };

/** Executions whose name begins with the typed text, and flows whose key contains it. */
function useFound(query: string): Found {
  const navigate = useNavigate();
  const whyNotRun = useWhyNotRun();
  const text = query.trim();
  const { data, error, loading } = useRead(
    JumpDocument,
    { name: text, flow: { key: { contains: text } }, first: MOST },
    { paused: text.length < SHORTEST },
  );
  const groups = useMemo((): SpotlightActionGroupData[] => {
    if (!data || text.length < SHORTEST) return [];
    const executions = data.executions.nodes.map((one) => ({
      id: one.id,
      label: one.name,
      leftSection: <StateBadge state={one.state} plain />,
      onClick: () => void navigate({ to: "/executions/$id", params: { id: one.id }, search: {} }),
    }));
    const runs = data.flows.nodes.map((flow) => ({
      id: `run ${flow.id}`,
      label: `Run ${flow.key}`,
      description: flow.namespace,
      leftSection: <IconPlayerPlay size={18} stroke={1.75} aria-hidden />,
      onClick: () => openDialog({ kind: "run", flow }),
    }));
    const lists = data.flows.nodes.map(({ id, key, namespace }) => ({
      id: `list ${id}`,
      label: `Executions of ${key}`,
      description: namespace,
      leftSection: <IconList size={18} stroke={1.75} aria-hidden />,
      onClick: () =>
        void navigate({
          to: "/executions",
          search: { q: `namespace:${quoted(namespace)} flow:${quoted(key)}` },
        }),
    }));
    return [
      { group: "Executions", actions: executions },
      { group: "Run a flow", actions: whyNotRun ? [] : runs },
      { group: "Flows", actions: lists },
    ];
  }, [data, text, navigate, whyNotRun]);
  useShownError(data ? undefined : error);
  if (error && !data) return { groups, words: sentenceOf(error) };
  const words =
    loading && text.length >= SHORTEST
      ? "Searching …"
      : "Nothing found: no execution name starts with this, and no flow key contains it.";
  return { groups, words };
}
