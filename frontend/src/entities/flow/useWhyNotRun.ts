import { MayRunDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

/** Why the viewer may not start any flow; null when they may, or when that is not known yet. */
export function useWhyNotRun(): string | null {
  const { data } = useRead(MayRunDocument, {});
  if (!data || data.viewer.permissions.includes("RUN_FLOW")) return null;
  return `You are signed in as ${data.viewer.actor.name}. Starting a flow needs the permission RUN_FLOW.`;
}
