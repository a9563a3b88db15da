import { IconPlayerPlay } from "@tabler/icons-react";
import { useWhyNotRun } from "@/entities/flow/useWhyNotRun";
import { openDialog } from "@/shared/lib/dialogs";
import { OfferButton } from "@/shared/ui/OfferButton";

/** The actions next to the page's title: those of `children`, and running a flow. */
export function HeadActions({ children }: { children: React.ReactNode }) {
  const whyNotRun = useWhyNotRun();
  return (
    <>
      {children}
      <OfferButton
        leftSection={<IconPlayerPlay size={16} stroke={1.75} aria-hidden />}
        allowed={!whyNotRun}
        reason={whyNotRun}
        onClick={() => openDialog({ kind: "run" })}
      >
        Run a flow
      </OfferButton>
    </>
  );
}
