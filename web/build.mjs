/**
 * Builds the page, its tests, or checks that the built page is what the source makes.
 *
 *     node build.mjs            writes ../src/physiocam/web/page
 *     node build.mjs --tests    writes build/tests, for node --test
 *     node build.mjs --verify   fails where ../src/physiocam/web/page is not what the source makes
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const PAGE = "../src/physiocam/web/page";
const ORT = "node_modules/onnxruntime-web/dist";
const COMMON = { bundle: true, format: "esm", minify: true, write: false, target: "es2022", legalComments: "none", logLevel: "warning" };
const HEADERS = JSON.parse(await readFile("src/headers.json", "utf8"));

async function bundled(entry, name, more = {}) {
  const { outputFiles } = await build({ ...COMMON, entryPoints: { [name]: entry }, outdir: "out", ...more });
  return outputFiles.map((file) => [file.path.split("/").at(-1), Buffer.from(file.contents)]);
}

/** All files of the page, by name. The largest is kept compressed; the server, and `physiocam web -o`, know that. */
async function pageFiles() {
  const html = (await readFile("static/index.html", "utf8")).replace("{{CSP}}", HEADERS["Content-Security-Policy"]);
  const files = new Map([
    ["index.html", Buffer.from(html)],
    ["icon.svg", await readFile("static/icon.svg")],
    ["manifest.webmanifest", await readFile("static/manifest.webmanifest")],
    ["headers.json", await readFile("src/headers.json")],
    ...(await bundled("src/page/page.ts", "page")),
    ...(await bundled("src/page/page.css", "page")),
    ...(await bundled("src/work/worker.ts", "work", { conditions: ["onnxruntime-web-use-extern-wasm"] })),
    ["ort-wasm-simd-threaded.mjs", await readFile(`${ORT}/ort-wasm-simd-threaded.mjs`)],
    ["ort-wasm-simd-threaded.wasm.gz", gzipSync(await readFile(`${ORT}/ort-wasm-simd-threaded.wasm`), { level: 9 })],
    ["LICENSES.txt", await licences()],
  ]);
  const version = createHash("sha256");
  for (const [name, content] of files) version.update(name.endsWith(".gz") ? gunzipSync(content) : content);
  const served = ["./", ...[...files.keys()].filter((name) => !["index.html", "headers.json", "LICENSES.txt"].includes(name) && !name.endsWith(".gz"))];
  const define = { PAGE_FILES: JSON.stringify(served), PAGE_VERSION: JSON.stringify(version.digest("hex").slice(0, 12)) };
  for (const [name, content] of await bundled("src/page/offline_worker.ts", "offline", { define })) files.set(name, content);
  return files;
}

/** What is bundled, and under which licence. */
async function licences() {
  const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));
  const parts = [];
  for (const name of Object.keys(dependencies)) {
    const folder = `node_modules/${name}`;
    const { version, license, homepage, repository } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
    // ONNX Runtime's package holds no text of its licence.
    const terms = await readFile(file ? `${folder}/${file}` : "static/onnxruntime.LICENSE", "utf8");
    parts.push(`${name} ${version}, ${license}\nSource: ${repository?.url ?? repository ?? homepage}\n\n${terms.trim()}\n`);
  }
  return Buffer.from(parts.join(`\n${"-".repeat(80)}\n\n`));
}

async function verify() {
  const files = await pageFiles();
  const built = await readdir(PAGE);
  const wrong = [];
  for (const name of new Set([...built, ...files.keys()])) {
    const found = built.includes(name) ? await readFile(`${PAGE}/${name}`) : null;
    // Compressed files differ from one version of Node to another; what is in them does not.
    const plain = (content) => (name.endsWith(".gz") ? gunzipSync(content) : content);
    if (!found || !files.has(name) || !plain(files.get(name)).equals(plain(found))) wrong.push(name);
  }
  if (wrong.length) throw new Error(`the built page differs from its source (${wrong.join(", ")}); run: npm run build`);
}

if (process.argv.includes("--tests")) {
  await build({ entryPoints: ["tests/golden.test.ts"], bundle: true, platform: "node", format: "esm", outdir: "build/tests", logLevel: "warning" });
} else if (process.argv.includes("--verify")) {
  await verify();
} else {
  await rm(PAGE, { recursive: true, force: true });
  await mkdir(PAGE, { recursive: true });
  for (const [name, content] of await pageFiles()) await writeFile(`${PAGE}/${name}`, content);
}
