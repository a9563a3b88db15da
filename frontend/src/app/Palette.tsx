import { Spotlight, type SpotlightActionGroupData, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { JumpDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { commandGroups } from "@/shared/lib/commands";
import { openDialog } from "@/shared/lib/dialogs";
import { useEntries } from "@/shared/lib/registry";
import { StateBadge } from "@/shared/ui/StateBadge";
import { AREAS } from "./areas";
import { useAsked } from "./openPalette";

const MOST = 6;

/** Ctrl K: go somewhere, run a flow, or do something with what is on the screen. */
export function Palette() {
  const asked = useAsked();
  const [query, setQuery] = useState("");
  useEffect(() => {
    if (asked) spotlight.open();
  }, [asked]);
  const found = useFound(query);
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
      actions={[...here, ...found, ...useAreas()]}
      query={query}
      onQueryChange={setQuery}
      nothingFound="Nothing found. Press Enter in the search of the executions for words in errors."
      highlightQuery
      scrollable
      maxHeight={420}
      shortcut={null}
      attributes={{ content: { "aria-label": "Search or jump" } }}
      searchProps={{
        leftSection: <IconSearch size={18} stroke={1.75} aria-hidden />,
        placeholder: "Go to an execution or a flow, run a flow, act on this",
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
        { id: "keys", label: "Keys on this page", onClick: () => openDialog({ kind: "keys" }) },
      ],
    },
  ];
}

/** Executions whose name begins with what is typed, and flows that hold it. */
function useFound(query: string): SpotlightActionGroupData[] {
  const navigate = useNavigate();
  const text = query.trim();
  const { data } = useRead(
    JumpDocument,
    { name: text, flow: { key: { contains: text } }, first: MOST },
    { paused: text.length < 2 },
  );
  if (!data || text.length < 2) return [];
  return [
    {
      group: "Executions",
      actions: data.executions.nodes.map((one) => ({
        id: one.id,
        label: one.name,
        leftSection: <StateBadge state={one.state} plain />,
        onClick: () => void navigate({ to: "/executions/$id", params: { id: one.id }, search: {} }),
      })),
    },
    {
      group: "Run a flow",
      actions: data.flows.nodes.map((flow) => ({
        id: flow.id,
        label: `Run ${flow.key}`,
        description: flow.namespace,
        onClick: () => openDialog({ kind: "run", flow }),
      })),
    },
  ];
}
