/** The page's words, all in texts.json. */

import texts from "./texts.json";

type Name = Exclude<keyof typeof texts, "problems">;
export type Problem = keyof typeof texts.problems;

/** A text, in which names in braces are replaced. */
export function text(name: Name, values: Readonly<Record<string, string | number>> = {}): string {
  return filled(texts[name], values);
}

export function problemText(problem: string, detail: string): string {
  const known = problem in texts.problems ? (problem as Problem) : "unexpected";
  return filled(texts.problems[known], { detail });
}

function filled(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Write each text into the element that names it. */
export function writeTexts(): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) element.textContent = text(element.dataset["text"] as Name);
}
