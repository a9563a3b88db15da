import { formatInteger } from "@/shared/lib/number";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import { type Search, searchOf } from "../address";
import { type Span, spanOf, withLast } from "../search/dates";
import { and, chosenOf } from "../search/language";
import classes from "./Histogram.module.css";
import { edgesOf, FAILED_TERMS, type HistogramBar, tallyOf, usualOf, within } from "./histogram";

type Props = {
  bars: readonly HistogramBar[];
  /** The selected span of the histogram; null for all of it. */
  span: Span | null;
  search: Search;
  onChange: (search: Search) => void;
};

/** "26 failed of 214 between 23:00 and now, usual is 3": the number links to the failed ones. */
export function Headline({ bars, span, search, onChange }: Props) {
  const { zone } = usePreferences();
  const tally = tallyOf(within(bars, span));
  const usual = span && usualOf(bars, span);
  const when = whenOf(bars, span, search, zone);
  if (!tally.total) return <span className={classes.loud}>Nothing {when}</span>;
  return (
    <>
      <Failed count={tally.failed} search={search} onChange={onChange} />
      <span className={classes.words}>
        of {formatInteger(tally.total)} {when}
        {usual && (
          <span title={`The median of the ${usual.of} previous spans of the same length`}>
            , usual is {formatInteger(usual.failed)}
          </span>
        )}
      </span>
    </>
  );
}

function Failed({ count, search, onChange }: { count: number } & Pick<Props, "search" | "onChange">) {
  const text = searchOf(search) ?? "";
  const words = `${formatInteger(count)} failed`;
  if (!count || chosenOf(text, "state").length > 0) {
    return (
      <span className={classes.loud} data-bad={count > 0 || undefined}>
        {words}
      </span>
    );
  }
  const narrow = () => {
    const dated = spanOf(text, Date.now()).span ? text : withLast(text, search.range ?? "24h");
    onChange({ ...search, q: and(dated, FAILED_TERMS) });
  };
  return (
    <button
      type="button"
      className={classes.loud}
      data-bad
      title="Show only failed executions"
      onClick={narrow}
    >
      {words}
    </button>
  );
}

function whenOf(
  bars: readonly HistogramBar[],
  span: Span | null,
  search: Search,
  zone: "local" | "utc",
): string {
  const moment = (at: number) => formatTime(new Date(at).toISOString(), zone).replace(/:\d\d$/, "");
  if (span) return `between ${moment(span.since)} and ${span.until === null ? "now" : moment(span.until)}`;
  const edges = edgesOf(bars);
  if (edges && edges.until < Date.now()) return `between ${moment(edges.since)} and ${moment(edges.until)}`;
  return `in the last ${(search.range ?? "24h").replace(/(?=\D)/, " ")}`;
}
