/** Zero-phase Butterworth band-pass; the same numbers as `signals/filters.py`, which are SciPy's. */

interface Complex {
  readonly re: number;
  readonly im: number;
}

const complex = (re: number, im = 0): Complex => ({ re, im });
const plus = (a: Complex, b: Complex): Complex => complex(a.re + b.re, a.im + b.im);
const minus = (a: Complex, b: Complex): Complex => complex(a.re - b.re, a.im - b.im);
const times = (a: Complex, b: Complex): Complex => complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);

function over(a: Complex, b: Complex): Complex {
  const size = b.re * b.re + b.im * b.im;
  return complex((a.re * b.re + a.im * b.im) / size, (a.im * b.re - a.re * b.im) / size);
}

function root(a: Complex): Complex {
  const size = Math.hypot(a.re, a.im);
  const re = Math.sqrt((size + a.re) / 2);
  const im = Math.sqrt((size - a.re) / 2);
  return complex(re, a.im < 0 ? -im : im);
}

/** A second-order section: three numbers of the numerator and three of the denominator. */
interface Section {
  readonly numerator: readonly [number, number, number];
  readonly denominator: readonly [number, number, number];
}

export function butterworth(order: number, band: readonly [number, number], fs: number): Section[] {
  const one = complex(1);
  const low = Math.tan((Math.PI * band[0]) / fs);
  const high = Math.tan((Math.PI * band[1]) / fs);
  const upper: Complex[] = [];
  const lower: Complex[] = [];
  for (let k = 0; k < order; k++) {
    const angle = (Math.PI * (2 * k + order + 1)) / (2 * order);
    const half = times(complex(Math.cos(angle), Math.sin(angle)), complex((high - low) / 2));
    const spread = root(minus(times(half, half), complex(low * high)));
    upper.push(plus(half, spread));
    lower.push(minus(half, spread));
  }
  const middle = Math.floor(order / 2);
  const pairs: [Complex, Complex][] = [...upper.slice(0, middle), ...lower.slice(0, middle)].map((pole) => [pole, complex(pole.re, -pole.im)]);
  if (order % 2) pairs.push([upper[middle]!, lower[middle]!]);
  return pairs.map(([first, second]) => {
    const gain = over(complex(high - low), times(minus(one, first), minus(one, second))).re;
    const poles = [first, second].map((pole) => over(plus(one, pole), minus(one, pole)));
    return {
      numerator: [gain, 0, -gain],
      denominator: [1, -plus(poles[0]!, poles[1]!).re, times(poles[0]!, poles[1]!).re],
    };
  });
}

/** Samples that `bandpass` adds at each end; a signal must have more than that. */
export function padding(order: number): number {
  return 3 * (2 * order + 1);
}

export function bandpass(signal: Float64Array, order: number, band: readonly [number, number], fs: number): Float64Array {
  const sections = butterworth(order, band, fs);
  const pad = padding(order);
  const n = signal.length;
  let values: Float64Array = new Float64Array(n + 2 * pad);
  for (let i = 0; i < pad; i++) {
    values[i] = 2 * signal[0]! - signal[pad - i]!;
    values[pad + n + i] = 2 * signal[n - 1]! - signal[n - 2 - i]!;
  }
  values.set(signal, pad);
  for (let pass = 0; pass < 2; pass++) {
    const start = values[0]!;
    values = values.map((value) => value - start);
    for (const section of sections) values = filtered(section, values);
    values = values.reverse();
  }
  return values.slice(pad, pad + n);
}

function filtered({ numerator, denominator }: Section, signal: Float64Array): Float64Array {
  const answer = new Float64Array(signal.length);
  for (let t = 0; t < signal.length; t++) {
    let value = 0;
    for (let delay = 0; delay < 3 && delay <= t; delay++) value += numerator[delay]! * signal[t - delay]!;
    for (let delay = 1; delay < 3 && delay <= t; delay++) value -= denominator[delay]! * answer[t - delay]!;
    answer[t] = value;
  }
  return answer;
}
