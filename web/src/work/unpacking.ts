/** Files that are packed as .xz, because not every host compresses what it sends; as `web/packing.py`. */

import { XzReadableStream } from "xz-decompress";

/** How every .xz file begins. */
const BEGINNING = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

/** A file's content, unpacked if it is packed. */
export async function unpacked(content: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (!BEGINNING.every((byte, i) => content[i] === byte)) return content;
  const stream = new XzReadableStream(new Blob([content]).stream());
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
