import { Suspense } from "react";
import { closeDialog, type DialogRequest, useDialog } from "@/shared/lib/dialogs";
import { lazily } from "@/shared/ui/lazily";

/** A dialog has no place of its own on the page for the message that it could not be loaded. */
const FLOATING = { closing: () => closeDialog };

const RunDialog = lazily(() => import("@/features/run/RunDialog").then((page) => page.RunDialog), FLOATING);
const PrepareDialog = lazily(
  () => import("@/features/run/PrepareDialog").then((page) => page.PrepareDialog),
  FLOATING,
);
const KeysDialog = lazily(() => import("./KeysDialog").then((page) => page.KeysDialog), FLOATING);
const PreferencesDialog = lazily(
  () => import("./PreferencesDialog").then((page) => page.PreferencesDialog),
  FLOATING,
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
