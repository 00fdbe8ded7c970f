/** Pictures and squares, as the rules take them. */

/** An upright RGB picture, its pixels row by row with red, green and blue side by side. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Float32Array;
}

/** A square of pixels inside a picture: its upper left corner and its side. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

export function sameSquare(one: Square | null, other: Square | null): boolean {
  return one === other || (!!one && !!other && one.x === other.x && one.y === other.y && one.size === other.size);
}
