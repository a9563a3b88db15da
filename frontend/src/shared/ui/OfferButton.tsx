import { Button, type ButtonProps, Tooltip } from "@mantine/core";

type Props = ButtonProps & {
  allowed: boolean;
  reason: string | null;
  onClick: () => void;
  /** Moves the focus to what is missing, where that is on the page. */
  onRefused?: () => void;
};

/** Greyed out when it is not allowed, but still focusable, so that the reason can be read. */
export function OfferButton({ allowed, reason, onClick, onRefused, ...rest }: Props) {
  return (
    <Tooltip label={reason} disabled={allowed || !reason}>
      <Button
        {...rest}
        data-disabled={!allowed || undefined}
        aria-disabled={!allowed}
        onClick={(event) => {
          if (allowed) return onClick();
          event.preventDefault();
          onRefused?.();
        }}
      />
    </Tooltip>
  );
}
