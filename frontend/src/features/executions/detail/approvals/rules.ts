import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";

type Policy = Pick<ApprovalViewFragment, "required" | "users" | "roles" | "votes">;

/** "1 of 2 approvals given. By maria, omar or the role operator." */
export function whoMayDecide({ required, users, roles, votes }: Policy): string {
  const given = votes.filter((vote) => vote.decision === "APPROVE").length;
  const count = required === 1 ? "One approval is enough." : `${given} of ${required} approvals given.`;
  const who = [...users, ...roles.map((role) => `the role ${role}`)];
  if (!who.length) return count;
  const list = who.length === 1 ? who[0] : `${who.slice(0, -1).join(", ")} or ${who.at(-1)}`;
  return `${count} By ${list}.`;
}
