/** Numbers as text, as Python's formats write them. */

/** Significant digits without trailing zeros, as format "g". */
export function general(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) {
    const [mantissa, power] = value.toExponential(digits - 1).split("e") as [string, string];
    const sign = power.startsWith("-") ? "-" : "+";
    return `${trimmed(mantissa)}e${sign}${power.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  return trimmed(value.toFixed(digits - 1 - exponent));
}

/** Digits after the point; nothing for NaN. */
export function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(digits);
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
