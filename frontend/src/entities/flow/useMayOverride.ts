import { MayRunDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

/** Whether the viewer may override approvals; false until it is known. */
export function useMayOverride(): boolean {
  const { data } = useRead(MayRunDocument, {});
  return data?.viewer.permissions.includes("OVERRIDE_APPROVAL") ?? false;
}
