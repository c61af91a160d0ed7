/** Amounts of work as people read them. */

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** Three digits, a decimal prefix and the unit: "1.45 GFLOP"; a dash for undefined and what is not finite. */
export function amount(value: number | undefined, unit = ""): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  let size = value;
  let prefix = 0;
  while (size >= 999.5 && prefix < PREFIXES.length - 1) {
    size /= 1000;
    prefix++;
  }
  const text = Number.isInteger(size) && prefix === 0 ? String(size) : size.toPrecision(3);
  return `${text} ${PREFIXES[prefix]}${unit}`.trim();
}

/** Three digits without exponents, for rates and ratios from 0.001 to 100,000. */
export function three(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size < 0.001) return value.toExponential(1);
  return value.toPrecision(3);
}
