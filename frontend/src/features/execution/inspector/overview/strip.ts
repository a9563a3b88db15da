import type { ExecutionState, TaskRunState } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { type AnyState, isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";

export type Step = { state: string; at: string };
export type Look = "bad" | "bad-pale" | "good" | "active" | "ask" | "warn" | "wait" | "stop";
export type Segment = { state: AnyState; seconds: number; look: Look; words: string };

const RUNS = new Set(["RUNNING", "RESTARTED", "FAILED_FINISHING"]);
const BY_TONE = {
  bad: "bad",
  good: "good",
  active: "active",
  ask: "ask",
  warn: "warn",
  stop: "stop",
} as const;

/** The states from the first one that lasted, each with its duration; an attempt has the colour of its result. */
export function segmentsOf(steps: readonly Step[], until: number): Segment[] {
  return steps.flatMap(({ state, at }, index): Segment[] => {
    const next = steps[index + 1];
    if (!next && isEnded(state as ExecutionState | TaskRunState)) return [];
    const seconds = Math.max(0, ((next ? Date.parse(next.at) : until) - Date.parse(at)) / 1000);
    const word = STATE_TOKENS[state as AnyState].word;
    return [
      {
        state: state as AnyState,
        seconds,
        look: lookOf(state, next?.state),
        words: `${word} ${formatDuration(seconds)}`,
      },
    ];
  });
}

function lookOf(state: string, next: string | undefined): Look {
  if (state === "RETRYING") return "wait";
  if (!RUNS.has(state)) {
    const { tone } = STATE_TOKENS[state as AnyState];
    return tone === "calm" || tone === "good" || tone === "bad" ? "wait" : BY_TONE[tone];
  }
  if (next === "RETRYING" || next === "FAILED_FINISHING") return "bad-pale";
  if (!next || !isEnded(next as TaskRunState)) return "active";
  const { tone } = STATE_TOKENS[next as AnyState];
  return tone === "calm" ? "wait" : BY_TONE[tone];
}

/** Seconds spent waiting for retries. */
export function waitedForRetries(segments: readonly Segment[]): number {
  return segments.reduce((sum, one) => sum + (one.state === "RETRYING" ? one.seconds : 0), 0);
}
