import { lazy, Suspense } from "react";
import { closeDialog, type DialogRequest, useDialog } from "@/shared/lib/dialogs";

const RunDialog = lazy(() =>
  import("@/features/run/RunDialog").then((page) => ({ default: page.RunDialog })),
);
const PrepareDialog = lazy(() =>
  import("@/features/run/PrepareDialog").then((page) => ({ default: page.PrepareDialog })),
);
const KeysDialog = lazy(() => import("./KeysDialog").then((page) => ({ default: page.KeysDialog })));
const PreferencesDialog = lazy(() =>
  import("./PreferencesDialog").then((page) => ({ default: page.PreferencesDialog })),
);

/** Draws the dialog that a screen opened; each is loaded when it is first needed. */
export function Dialogs() {
  const request = useDialog();
  return request && <Suspense fallback={null}>{dialogOf(request)}</Suspense>;
}

function dialogOf(request: DialogRequest) {
  switch (request.kind) {
    case "run":
      return <RunDialog flow={request.flow} onClose={closeDialog} />;
    case "run-again":
      return <RunDialog again={request.execution} onClose={closeDialog} />;
    case "prepare":
      return <PrepareDialog {...request.execution} onClose={closeDialog} />;
    case "keys":
      return <KeysDialog onClose={closeDialog} />;
    case "preferences":
      return <PreferencesDialog onClose={closeDialog} />;
  }
}
