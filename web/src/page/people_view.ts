/** The people who are measured: a box, a name and a colour for each, and the choice whose results are shown. */

import type { Measurement } from "../rules/measurement.ts";
import type { Place } from "../work/messages.ts";
import { text } from "./texts.ts";

/** As many as the style sheet has; others get the same again. */
const COLOURS = 6;

/** A box whose name would lie outside of the picture has it below. */
const HIGH = 0.15;

const byId = (id: string): HTMLElement => document.getElementById(id)!;

function colour(element: HTMLElement, person: number): void {
  element.style.setProperty("--person", `var(--person-${((person - 1) % COLOURS) + 1})`);
}

export class PeopleView {
  private measurements: readonly Measurement[] = [];
  private chosen: number | null = null;

  /** `onChosen` is called when another person's results are to be shown. */
  constructor(private readonly onChosen: () => void) {
    this.clear();
  }

  /** Whose results are shown: the person chosen, or else the largest. */
  get shown(): Measurement | null {
    return this.measurements.find(({ person }) => person === this.chosen) ?? this.measurements[0] ?? null;
  }

  clear(): void {
    this.chosen = null;
    this.show([]);
    this.boxes([], false);
  }

  /** Offer these people. */
  show(measurements: readonly Measurement[]): void {
    this.measurements = measurements;
    const group = byId("people");
    const numbers = measurements.flatMap(({ person }) => person ?? []).sort((one, other) => one - other);
    const offered = [...group.querySelectorAll("input")].map((input) => Number(input.value));
    group.hidden = numbers.length < 2;
    if (offered.join() !== numbers.join()) {
      for (const label of group.querySelectorAll("label")) label.remove();
      group.append(...numbers.map((person) => this.option(person)));
    }
    for (const input of group.querySelectorAll("input")) input.checked = Number(input.value) === this.shown?.person;
  }

  /** Draw boxes over the picture, which the camera's shows mirrored. */
  boxes(places: readonly Place[], mirrored: boolean): void {
    byId("boxes").replaceChildren(
      ...places.map(({ x, y, width, height, person }) => {
        const box = document.createElement("div");
        box.className = y < HIGH ? "box high" : "box";
        const shares = { left: mirrored ? 1 - x - width : x, top: y, width, height };
        for (const [side, share] of Object.entries(shares)) box.style.setProperty(side, `${100 * share}%`);
        if (person !== null) {
          colour(box, person);
          const name = document.createElement("span");
          name.textContent = text("person", { number: person });
          box.append(name);
        }
        return box;
      }),
    );
  }

  private option(person: number): HTMLElement {
    const label = document.createElement("label");
    colour(label, person);
    const input = document.createElement("input");
    input.type = "radio";
    input.name = "person";
    input.value = String(person);
    input.addEventListener("change", () => {
      this.chosen = person;
      this.onChosen();
    });
    label.append(input, text("person", { number: person }));
    return label;
  }
}
