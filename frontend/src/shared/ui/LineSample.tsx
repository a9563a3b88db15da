type Props = { colour: string; dash: readonly number[] };

/** A sample of a curve, with its colour and dash, for the legend. */
export function LineSample({ colour, dash }: Props) {
  return (
    <svg viewBox="0 0 20 4" width="20" height="4" aria-hidden="true">
      <line
        x1="0"
        y1="2"
        x2="20"
        y2="2"
        stroke={`var(${colour})`}
        strokeWidth="2"
        strokeDasharray={dash.join(" ")}
      />
    </svg>
  );
}
