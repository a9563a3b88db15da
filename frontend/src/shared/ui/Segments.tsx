import { SegmentedControl } from "@mantine/core";

type Props<Value extends string> = {
  label: string;
  /** The words of each value, in the order in which they stand. */
  options: Record<Value, string>;
  value: Value;
  onChange: (value: Value) => void;
};

/** A small switch between a few ways to show the same. */
export function Segments<Value extends string>({ label, options, value, onChange }: Props<Value>) {
  const data = (Object.keys(options) as Value[]).map((one) => ({ value: one, label: options[one] }));
  return (
    <SegmentedControl<Value> size="xs" aria-label={label} data={data} value={value} onChange={onChange} />
  );
}
