import { Button, type ButtonProps, Tooltip } from "@mantine/core";

type Props = ButtonProps & { allowed: boolean; reason: string | null; onClick: () => void };

/** Greyed when it is not allowed, and still reached by who wants to know why. */
export function OfferButton({ allowed, reason, onClick, ...rest }: Props) {
  const button = (
    <Button
      {...rest}
      data-disabled={!allowed || undefined}
      aria-disabled={!allowed}
      onClick={(event) => (allowed ? onClick() : event.preventDefault())}
    />
  );
  if (allowed || !reason) return button;
  return <Tooltip label={reason}>{button}</Tooltip>;
}
