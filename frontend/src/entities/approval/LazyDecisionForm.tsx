import { type ComponentProps, Suspense } from "react";
import { lazily } from "@/shared/ui/lazily";
import type { DecisionForm as Form } from "./DecisionForm";

const DecisionForm = lazily(() => import("./DecisionForm").then((form) => form.DecisionForm));

/** The decision form, loaded only where there is something to decide: it includes the fields of all inputs. */
export function LazyDecisionForm(props: ComponentProps<typeof Form>) {
  return (
    <Suspense fallback={null}>
      <DecisionForm {...props} />
    </Suspense>
  );
}
