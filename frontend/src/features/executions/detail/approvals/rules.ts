import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";

type Policy = Pick<ApprovalViewFragment, "groups">;
type Group = Policy["groups"][number];

/** "1 of 2 approvals given. By maria, omar or the role operator.", or so for each group by its name. */
export function whoMayDecide({ groups }: Policy): string {
  return groups.map(sentenceOf).join(" ");
}

function sentenceOf({ name, users, roles, required, given }: Group): string {
  const whole = required === 1 && !name;
  const count = whole ? "One approval is enough." : `${given} of ${required} approvals given.`;
  const who = [...users, ...roles.map((role) => `the role ${role}`)];
  const list = who.length > 1 ? `${who.slice(0, -1).join(", ")} or ${who.at(-1)}` : who[0];
  return `${name ? `${name}: ` : ""}${count}${list ? ` By ${list}.` : ""}`;
}
