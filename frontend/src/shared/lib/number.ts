// Numbers have one format on the whole page: thin spaces between thousands, a true minus, few digits.
const THIN = "\u2009";

/** "1 204 117": a whole number. */
export function formatInteger(value: number): string {
  return Math.round(value)
    .toString()
    .replace("-", "−")
    .replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** "214", or "10 000+" for a capped count. */
export function formatCount({ value, exact }: { value: number; exact: boolean }): string {
  return `${formatInteger(value)}${exact ? "" : "+"}`;
}

/** "0.0841", "1 840", "4.2e−9": a measured number with about four significant digits. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return formatInteger(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9))
    return value.toExponential(2).replace("-", "−").replace("e-", "e−");
  if (size >= 1000) return formatInteger(value);
  return Number(value.toPrecision(4)).toString().replace("-", "−");
}

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"];

/** "318 MiB": a size in bytes. */
export function formatBytes(bytes: number): string {
  const step = Math.min(BINARY.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? formatInteger(value) : value.toFixed(1)} ${BINARY[step]}`;
}

/** "1 execution", "3 executions". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}
