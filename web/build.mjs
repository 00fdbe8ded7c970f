/**
 * Builds the page, its tests, or checks that the built page is what the source makes.
 *
 *     node build.mjs            writes ../src/physiocam/web/page
 *     node build.mjs --tests    writes build/tests, for node --test
 *     node build.mjs --verify   fails where ../src/physiocam/web/page differs from the source
 */

import { build } from "esbuild";

if (process.argv.includes("--tests")) {
  await build({ entryPoints: ["tests/golden.test.ts"], bundle: true, platform: "node", format: "esm", outdir: "build/tests", logLevel: "warning" });
}
