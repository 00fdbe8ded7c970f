/** Curves of waveforms, drawn by uPlot. */

import uPlot from "uplot";
import { text } from "./texts.ts";

export class Trace {
  private plot: uPlot | null = null;
  private data: uPlot.AlignedData = [[], []];

  /** Shows at most the last `seconds`, in a colour that the style sheet names. */
  constructor(
    private readonly place: HTMLElement,
    private readonly colour: string,
    private readonly name: string,
    private readonly seconds: number,
  ) {
    new ResizeObserver(() => this.plot?.setSize(this.size)).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot && this.draw());
  }

  show(times: Float64Array, values: Float64Array): void {
    const end = times[times.length - 1] ?? 0;
    const start = Math.max(end - this.seconds, times[0] ?? 0);
    const from = times.findIndex((time) => time >= start);
    const shown = Array.from(times.subarray(Math.max(from, 0)));
    const curve = Array.from(values.subarray(Math.max(from, 0)), (value) => (Number.isFinite(value) ? value : null));
    this.data = [shown, curve];
    if (this.plot) this.plot.setData(this.data);
    else this.draw();
    this.place.setAttribute("aria-label", text("traceSpoken", { name: this.name, seconds: Math.round(end - start) }));
  }

  clear(): void {
    this.plot?.destroy();
    this.plot = null;
    this.place.removeAttribute("aria-label");
  }

  private get size(): { width: number; height: number } {
    return { width: Math.max(this.place.clientWidth, 80), height: 128 };
  }

  private draw(): void {
    this.plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const faint = style.getPropertyValue("--faint");
    const grid = { stroke: style.getPropertyValue("--line"), width: 1 };
    this.plot = new uPlot(
      {
        ...this.size,
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false } },
        axes: [
          { stroke: faint, grid, ticks: grid, size: 28, values: (_, ticks) => ticks.map((tick) => `${Math.round(tick * 10) / 10} s`) },
          { show: false },
        ],
        series: [{}, { stroke: style.getPropertyValue(this.colour), width: 1.5, points: { show: false } }],
      },
      this.data,
      this.place,
    );
  }
}
