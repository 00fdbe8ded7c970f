/** Other people in the picture; as `video/people.py`. */

import rules from "./rules.json";

/** The number of faces in the picture, one look after another. */
export class FacesSeen {
  private readonly looks = new Map<number, number>();

  count(faces: number): void {
    this.looks.set(faces, (this.looks.get(faces) ?? 0) + 1);
  }

  /** In how many detections a face must be found to count. */
  get needed(): number {
    return Math.min(
      rules.people.looks,
      [...this.looks.values()].reduce((sum, looks) => sum + looks, 0),
    );
  }
}

/** Describe from which seconds on the face may be another person's. */
export function changeNotes(seconds: readonly number[]): string[] {
  const { listed } = rules.people;
  const notes = seconds
    .slice(0, listed)
    .map((from) => `from ${from.toFixed(1)} s on the face followed may be another person's: the previous face was lost`);
  if (seconds.length > listed) notes.push(`the face followed changed ${seconds.length} times in all; the first ${listed} are listed`);
  return notes;
}

/** Say how many people were seen of whom only the largest was measured. */
export function othersNote(seen: number): string {
  return `the largest of ${seen} faces`;
}
