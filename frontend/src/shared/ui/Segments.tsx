import { SegmentedControl } from "@mantine/core";

type Props<Value extends string> = {
  label: string;
  /** The label of each value, in order. */
  options: Record<Value, string>;
  value: Value;
  onChange: (value: Value) => void;
};

/** A small switch between a few displays of the same data. */
export function Segments<Value extends string>({ label, options, value, onChange }: Props<Value>) {
  const data = (Object.keys(options) as Value[]).map((one) => ({ value: one, label: options[one] }));
  return (
    <SegmentedControl<Value> size="xs" aria-label={label} data={data} value={value} onChange={onChange} />
  );
}
