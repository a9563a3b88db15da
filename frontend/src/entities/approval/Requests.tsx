import { useState } from "react";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { ApprovalCard } from "./ApprovalCard";
import { DecidedApproval } from "./DecidedApproval";

/**
 * Pending requests, then those that were decided before this was opened, the latest first. A request that is decided
 * meanwhile keeps its place, so that no other one moves under the pointer.
 */
export function Requests({ approvals }: { approvals: readonly ApprovalViewFragment[] }) {
  const [before] = useState(() => new Set(approvals.filter(isDecided).map(({ id }) => id)));
  const open = approvals.filter(({ id }) => !before.has(id));
  const past = approvals.filter(({ id }) => before.has(id)).reverse();
  return [...open, ...past].map((approval) =>
    isDecided(approval) ? (
      <DecidedApproval key={approval.id} approval={approval} />
    ) : (
      <ApprovalCard key={approval.id} approval={approval} />
    ),
  );
}

function isDecided({ state }: ApprovalViewFragment): boolean {
  return state !== "PENDING";
}
