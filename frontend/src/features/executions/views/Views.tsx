import { useState } from "react";
import { type ExecutionFilter, SavedFiltersDocument, ViewCountDocument } from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { useRead } from "@/shared/graphql/read";
import { formatCount } from "@/shared/lib/number";
import views from "@/shared/ui/Views.module.css";
import type { Search } from "../address";
import { SavedFilter } from "./SavedFilter";
import classes from "./Views.module.css";
import { isShown, searchOfKept, searchOfView, shownOf, VIEWS, type View } from "./views";

type Props = {
  search: Search;
  waiting: readonly string[] | undefined;
  onChange: (search: Search) => void;
};

/** The built-in views, then the viewer's saved filters and those shared by others, each with its live count. */
export function Views({ search, waiting, onChange }: Props) {
  const [saves, setSaves] = useState(0);
  const kept = useRead(SavedFiltersDocument, {}, { version: saves }).data?.savedFilters ?? [];
  const shown = shownOf(kept, search);
  return (
    <div className={classes.line}>
      <nav className={views.views} aria-label="Views">
        {VIEWS.map((view) => (
          <ViewButton
            key={view.name}
            name={view.name}
            on={isShown(view, search)}
            onOpen={() => onChange(searchOfView(view, search, shown))}
          >
            {view.waiting ? (
              <Counted value={waiting && { value: waiting.length, exact: true }} tone={view.tone} />
            ) : (
              view.q && <LiveCount search={view.q} tone={view.tone} />
            )}
          </ViewButton>
        ))}
        {kept.map((filter) => (
          <ViewButton
            key={filter.id}
            name={filter.name}
            on={filter === shown}
            onOpen={() => onChange(searchOfKept(filter, search))}
          >
            <LiveCount search={filter.search} />
          </ViewButton>
        ))}
      </nav>
      <SavedFilter search={search} shown={shown} onSaved={() => setSaves((count) => count + 1)} />
    </div>
  );
}

function ViewButton({
  name,
  on,
  onOpen,
  children,
}: {
  name: string;
  on: boolean;
  onOpen: () => void;
  children: React.ReactNode;
}) {
  return (
    <button type="button" className={views.view} aria-pressed={on} onClick={onOpen}>
      <span className={classes.name}>{name}</span>
      {children}
    </button>
  );
}

type Tone = View["tone"];
type CountValue = { value: number; exact: boolean };

function LiveCount({
  search,
  where = null,
  tone,
}: {
  search: string;
  where?: ExecutionFilter | null;
  tone?: Tone;
}) {
  const [count, setCount] = useState<CountValue>();
  useLive(ViewCountDocument, { search, where }, { onData: ({ stats }) => setCount(stats.total) });
  return <Counted value={count} tone={tone} />;
}

function Counted({ value, tone }: { value: CountValue | undefined; tone?: Tone }) {
  if (!value) return null;
  return (
    <span className={classes.count} data-tone={value.value ? tone : undefined}>
      {formatCount(value)}
    </span>
  );
}
