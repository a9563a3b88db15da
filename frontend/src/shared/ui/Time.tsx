import { usePreferences } from "@/shared/lib/preferences";
import { formatExact, formatTime } from "@/shared/lib/time";

export function Time({ at }: { at: string | null }) {
  const { zone } = usePreferences();
  if (!at) return <span title="not yet">–</span>;
  return (
    <time dateTime={at} title={formatExact(at)}>
      {formatTime(at, zone)}
    </time>
  );
}
