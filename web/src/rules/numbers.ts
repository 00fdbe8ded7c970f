/** Rounding and order statistics that give the same numbers as NumPy's. */

/** Round to the nearest whole number, halves to the even one, as Python and NumPy do. */
export function roundEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** A quantile, interpolated linearly between the two values next to it. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return NaN;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  const low = sorted[below]!;
  return low + (place - below) * (sorted[above]! - low);
}

export function median(values: Iterable<number>): number {
  return quantile(values, 0.5);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Linear interpolation in a rising table, constant beyond its ends. */
export function interpolate(at: number, places: ArrayLike<number>, values: ArrayLike<number>): number {
  const last = places.length - 1;
  if (at <= places[0]!) return values[0]!;
  if (at >= places[last]!) return values[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle]! <= at) low = middle;
    else high = middle;
  }
  const share = (at - places[low]!) / (places[high]! - places[low]!);
  return values[low]! + share * (values[high]! - values[low]!);
}

/** The first index at which a rising list is at least this large. */
export function firstAtLeast(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
