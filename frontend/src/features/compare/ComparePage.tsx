import { getRouteApi } from "@tanstack/react-router";

const route = getRouteApi("/compare");

export function ComparePage() {
  const { ids = "" } = route.useSearch();
  const count = ids.split(",").filter(Boolean).length;
  return <h1>Compare {count} executions</h1>;
}
