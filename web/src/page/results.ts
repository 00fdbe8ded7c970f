/** Shows a measurement: rates, curves, action units and notes. */

import type { Measurement } from "../rules/measurement.ts";
import { type Quantity } from "../rules/settings.ts";
import rules from "../rules/rules.json";
import { text } from "./texts.ts";
import { Trace } from "./traces.ts";

const byId = (id: string): HTMLElement => document.getElementById(id)!;

/** Live bars show the mean of the last second. */
const NOW_SECONDS = 1;

export class Results {
  private readonly traces: Readonly<Record<Quantity, Trace>>;
  private readonly bars = new Map<string, { bar: HTMLElement; share: HTMLElement; item: HTMLElement; name: string }>();

  constructor() {
    const place = (quantity: Quantity) => byId(quantity).querySelector<HTMLElement>("[data-part=trace]")!;
    this.traces = {
      heart: new Trace(place("heart"), "--heart", text("pulseTrace"), 12),
      breathing: new Trace(place("breathing"), "--breath", text("breathingTrace"), 60),
    };
    this.clear();
  }

  /** Make a bar for each action unit. */
  units(labels: readonly string[]): void {
    this.bars.clear();
    byId("units").replaceChildren(...labels.map((label) => this.unit(label)));
  }

  clear(): void {
    for (const quantity of ["heart", "breathing"] as const) {
      this.write(quantity, "value", text("noValue"));
      for (const part of ["interval", "note", "percent"]) this.write(quantity, part, "");
      byId(quantity).querySelector("meter")!.value = 0;
      this.traces[quantity].clear();
    }
    for (const label of this.bars.keys()) this.bar(label, null);
    byId("pose").textContent = "";
    this.notes([]);
  }

  /** `live`: bars show the last second, otherwise the whole recording. */
  show(measurement: Measurement, live: boolean): void {
    for (const quantity of ["heart", "breathing"] as const) {
      const rate = measurement.rates[quantity];
      const given = rate.value !== null;
      this.write(quantity, "value", given ? rate.value.toFixed(quantity === "heart" ? 0 : 1) : text("noValue"));
      const [low, high] = rate.interval ?? [0, 0];
      this.write(quantity, "interval", given && rate.interval ? text("likely", { low: low.toFixed(0), high: high.toFixed(0) }) : "");
      const guess = !given && rate.estimate !== null ? ` ${text("guess", { estimate: rate.estimate.toFixed(0) })}` : "";
      this.write(quantity, "note", rate.note ? `${rate.note[0]!.toUpperCase()}${rate.note.slice(1)}.${guess}` : "");
      this.write(quantity, "percent", `${Math.round(100 * rate.quality)} %`);
      byId(quantity).querySelector("meter")!.value = rate.quality;
      this.traces[quantity].show(measurement.frames.seconds, measurement.waveforms[quantity]);
    }
    const { units, probability } = measurement.expressions;
    const last = Math.max(measurement.frames.found.length - NOW_SECONDS * measurement.frames.fs, 0);
    units.forEach((label, i) => {
      let [sum, count] = [0, 0];
      for (let at = Math.floor(live ? last : 0) * units.length + i; at < probability.values.length; at += units.length) {
        const value = probability.values[at]!;
        if (Number.isFinite(value)) [sum, count] = [sum + value, count + 1];
      }
      this.bar(label, count ? sum / count : null, measurement.units[label]!.auc);
    });
    this.pose(measurement);
    this.notes([...measurement.frames.notes, ...measurement.expressions.notes]);
  }

  private pose({ expressions, blinksPerMinute }: Measurement): void {
    const { values } = expressions.headPose;
    const said: string[] = [];
    let last = values.length - 3;
    while (last >= 0 && !Number.isFinite(values[last])) last -= 3;
    if (last >= 0) {
      const [pitch, yaw, roll] = [0, 1, 2].map((angle) => Math.round(values[last + angle]!)) as [number, number, number];
      said.push(text("pose", { pitch, yaw, roll }));
    }
    if (blinksPerMinute !== null) said.push(text("blinks", { blinks: blinksPerMinute.toFixed(0) }));
    byId("pose").textContent = said.join(" · ");
  }

  private notes(notes: readonly string[]): void {
    const list = byId("notes");
    list.hidden = notes.length === 0;
    list.replaceChildren(
      ...notes.map((note) => {
        const item = document.createElement("li");
        item.textContent = `${note[0]!.toUpperCase()}${note.slice(1)}.`;
        return item;
      }),
    );
  }

  private write(quantity: Quantity, part: string, value: string): void {
    byId(quantity).querySelector(`[data-part=${part}]`)!.textContent = value;
  }

  private unit(label: string): HTMLElement {
    const name = (rules.unit_names as Record<string, string>)[label] ?? label;
    const item = document.createElement("li");
    const [code, share, named, track, bar] = ["span", "span", "span", "div", "div"].map((tag) => document.createElement(tag)) as [
      HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement,
    ];
    code.className = "code";
    code.textContent = label;
    named.className = "name";
    named.textContent = name;
    share.className = "share";
    track.className = "bar";
    track.setAttribute("role", "meter");
    track.setAttribute("aria-label", `${label}, ${name}`);
    track.setAttribute("aria-valuemin", "0");
    track.setAttribute("aria-valuemax", "100");
    track.append(bar);
    item.append(code, named, share, track);
    this.bars.set(label, { bar, share, item, name });
    this.bar(label, null);
    return item;
  }

  private bar(label: string, value: number | null, auc: number | null = null): void {
    const found = this.bars.get(label);
    if (!found) return;
    const percent = value === null ? 0 : Math.round(100 * value);
    const uncertain = auc !== null && auc < rules.trusted_auc;
    found.bar.style.width = `${percent}%`;
    found.bar.parentElement!.setAttribute("aria-valuenow", String(percent));
    found.share.textContent = value === null ? text("noValue") : `${percent} %`;
    const named = found.item.querySelector<HTMLElement>(".name")!;
    named.textContent = uncertain ? `${found.name} (?)` : found.name;
    if (uncertain) named.title = text("unitUncertain");
  }
}
