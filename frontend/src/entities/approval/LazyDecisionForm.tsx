import { type ComponentProps, lazy, Suspense } from "react";
import type { DecisionForm as Form } from "./DecisionForm";

const DecisionForm = lazy(() => import("./DecisionForm").then((form) => ({ default: form.DecisionForm })));

/** The form of a decision, loaded where there is something to decide: it brings the fields of all inputs with it. */
export function LazyDecisionForm(props: ComponentProps<typeof Form>) {
  return (
    <Suspense fallback={null}>
      <DecisionForm {...props} />
    </Suspense>
  );
}
