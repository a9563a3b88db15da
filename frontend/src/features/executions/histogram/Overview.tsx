import { Button, Menu } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronDown } from "@tabler/icons-react";
import { type ComponentProps, useCallback } from "react";
import { ErrorState } from "@/shared/ui/ErrorState";
import { type ListQuery, RANGE_NAMES, type Range, type Search, searchOf } from "../address";
import { isAll, type Span, shownTime, spanOf, withLast, withSpan } from "../search/dates";
import { Headline } from "./Headline";
import { Histogram } from "./Histogram";
import classes from "./Histogram.module.css";
import { edgesOf, type HistogramBar } from "./histogram";
import { useHistogram } from "./useHistogram";

const NO_BARS: readonly HistogramBar[] = [];

type Props = {
  search: Search;
  query: ListQuery;
  version: unknown;
  paused: boolean;
  onChange: (search: Search) => void;
};

/** A summary in one sentence, and the histogram, which also selects the time. */
export function Overview({ search, query, version, paused, onChange }: Props) {
  const isPhone = useMediaQuery("(max-width: 700px)") ?? false;
  const text = searchOf(search) ?? "";
  const { span, rest } = spanOf(text, Date.now());
  const wanted = {
    where: query.where,
    search: rest || null,
    range: search.range,
    span,
    bars: isPhone ? 50 : 100,
    paused,
  };
  const { bars, error } = useHistogram(wanted, version);
  const shown = (bars && edgesOf(bars)) ?? shownTime(search.range, span, Date.now());
  const onSpan = useCallback(
    (next: Span | null) => onChange({ ...search, q: withSpan(text, next) || undefined }),
    [search, text, onChange],
  );
  const marked = span && bars && !isAll(span, shown) ? span : null;
  return (
    <section className={classes.section} aria-label="Executions over time">
      <div className={classes.top}>
        {bars && <Headline bars={bars} span={marked} search={search} onChange={onChange} />}
        <div className={classes.range}>
          {span && (
            <Button variant="subtle" color="gray" onClick={() => onSpan(null)}>
              Reset
            </Button>
          )}
          <Ranges search={search} onChange={onChange} />
        </div>
      </div>
      <Bars bars={bars} error={error} height={isPhone ? 44 : 76} span={marked} onSpan={onSpan} />
    </section>
  );
}

type BarsProps = Omit<ComponentProps<typeof Histogram>, "bars"> & ReturnType<typeof useHistogram>;

/** The loaded bars; an error message in their place if they could not be read. */
function Bars({ bars, error, ...rest }: BarsProps) {
  if (bars || !error) return <Histogram bars={bars ?? NO_BARS} {...rest} />;
  return (
    <div className={classes.failed}>
      <ErrorState error={error} what="The histogram" />
    </div>
  );
}

const WORDS: Record<Range, string> = {
  "1h": "Last hour",
  "6h": "Last 6 h",
  "24h": "Last 24 h",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};

function Ranges({ search, onChange }: { search: Search; onChange: (search: Search) => void }) {
  const text = searchOf(search) ?? "";
  return (
    <Menu position="bottom-end" width={180}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          rightSection={<IconChevronDown size={14} stroke={1.75} aria-hidden />}
          aria-label={`Range: ${WORDS[search.range ?? "24h"]}`}
        >
          {(search.range ?? "24h").replace(/(?=\D)/, " ")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {RANGE_NAMES.map((range) => (
          <Menu.Item key={range} onClick={() => onChange({ ...search, range, q: withLast(text, range) })}>
            {WORDS[range]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          onClick={() => onChange({ ...search, range: undefined, q: withSpan(text, null) || undefined })}
        >
          Any time
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
