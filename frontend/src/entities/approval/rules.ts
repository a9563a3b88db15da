import type { ApprovalState, ApprovalViewFragment, InboxItemFragment } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { formatAgo } from "@/shared/lib/time";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";

type Policy = Pick<ApprovalViewFragment, "groups">;
type Group = Policy["groups"][number];

/** "1 of 2 approvals given. By maria, omar or the role operator."; with groups, one sentence pair for each by its name. */
export function whoMayDecide({ groups }: Policy): string {
  return groups.map(sentenceOf).join(" ");
}

function sentenceOf(group: Group): string {
  const { name, required, given } = group;
  const whole = required === 1 && !name;
  const count = whole ? "One approval is enough." : `${given} of ${required} approvals given.`;
  const who = peopleOf(group);
  return `${name ? `${name}: ` : ""}${count}${who ? ` By ${who}.` : ""}`;
}

/** "maria, omar or the role operator"; null for anyone with the permission. */
function peopleOf({ users, roles }: Group): string | null {
  const who = [...users, ...roles.map((role) => `the role ${role}`)];
  return who.length > 1 ? `${who.slice(0, -1).join(", ")} or ${who.at(-1)}` : (who[0] ?? null);
}

/** "1 of 3": the given approvals of the required ones. */
export function seatsOf({ groups }: Policy): string {
  const given = groups.reduce((sum, group) => sum + group.given, 0);
  const required = groups.reduce((sum, group) => sum + group.required, 0);
  return `${given} of ${required}`;
}

/** "ops (signed), security": the groups by name; without groups, the people. */
export function signersOf({ groups }: Policy): string {
  const words = groups.map((group) => {
    if (!group.name) return peopleOf(group) ?? "anyone who may approve";
    return group.given >= group.required ? `${group.name} (signed)` : group.name;
  });
  return words.join(", ");
}

type Signed = Policy & { votes: readonly { actor: { name: string } }[] };

/** "You approved; security still has to approve: omar or maria". Without the request, nothing about the others. */
export function resultWords(decision: "APPROVE" | "REJECT", request: Signed | null): string {
  if (decision === "REJECT") return "You rejected";
  const signed = new Set(request?.votes.map((vote) => vote.actor.name));
  const missing = request?.groups.filter(({ required, given }) => given < required) ?? [];
  return ["You approved", ...missing.map((group) => missingWords(group, signed))].join("; ");
}

function missingWords(group: Group, signed: ReadonlySet<string>): string {
  const who = peopleOf({ ...group, users: group.users.filter((user) => !signed.has(user)) });
  const count = group.required - group.given;
  const more = count === 1 ? "1 more approval is needed" : `${count} more approvals are needed`;
  const words = group.name && count === 1 ? `${group.name} still has to approve` : more;
  const of = group.name && count > 1 ? ` from ${group.name}` : "";
  return `${words}${of}${who ? `: ${who}` : ""}`;
}

const AT_THE_END: Record<InboxItemFragment["onTimeout"], string> = {
  REJECT: "then rejected",
  APPROVE: "then approved",
  FAIL: "then it fails",
  CANCEL: "then cancelled",
  SKIP: "then skipped",
  ESCALATE: "then escalated",
};

/** "in 2h 03m, then rejected"; null without a timeout. */
export function dueWords(
  { expiresAt, onTimeout }: Pick<InboxItemFragment, "expiresAt" | "onTimeout">,
  now: number,
): string | null {
  if (!expiresAt) return null;
  const left = Math.floor((Date.parse(expiresAt) - now) / 1000);
  return `${left > 0 ? `in ${formatDuration(left)}` : "overdue"}, ${AT_THE_END[onTimeout]}`;
}

export type Decided = {
  state: ApprovalState;
  decidedAt: string | null;
  votes: readonly { actor: { name: string }; decision: "APPROVE" | "REJECT" }[];
};

/** "Approved by maria, omar 7s ago". */
export function decidedWords({ state, decidedAt, votes }: Decided, now: number): string {
  const decision = { APPROVED: "APPROVE", REJECTED: "REJECT" }[state as string];
  const by = votes.filter((vote) => vote.decision === decision).map((vote) => vote.actor.name);
  const ago = decidedAt ? ` ${formatAgo(Date.parse(decidedAt), now)}` : "";
  return `${STATE_TOKENS[state].word}${by.length ? ` by ${by.join(", ")}` : ""}${ago}`;
}

/** The reasons that block each answer until something is written; null where nothing is missing. */
export type Unsaid = { approve: string | null; reject: string | null };
type CommentRule = ApprovalViewFragment["comment"] | "OVERRIDE";

export function unsaidOf(rule: CommentRule, comment: string): Unsaid {
  return comment.trim() ? NOTHING_UNSAID : UNSAID[rule];
}

const NOTHING_UNSAID: Unsaid = { approve: null, reject: null };
const UNSAID: Record<CommentRule, Unsaid> = {
  NEVER: NOTHING_UNSAID,
  ON_REJECT: { approve: null, reject: "Write a comment first: a rejection requires one" },
  ALWAYS: both("Write a comment first: this approval requires one"),
  OVERRIDE: both("Write a reason first: it is stored with the override"),
};

function both(words: string): Unsaid {
  return { approve: words, reject: words };
}
