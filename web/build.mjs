/**
 * Builds the page, its tests, or checks that the built page is what the source makes.
 *
 *     node build.mjs            writes ../src/physiocam/web/page
 *     node build.mjs --tests    writes build/tests, for node --test
 *     node build.mjs --verify   fails where ../src/physiocam/web/page is not what the source makes
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import xz from "xz-decompress";

const PAGE = "../src/physiocam/web/page";
const ORT = "node_modules/onnxruntime-web/dist";
const COMMON = { bundle: true, format: "esm", minify: true, write: false, target: "es2022", legalComments: "none", logLevel: "warning" };
const HEADERS = JSON.parse(await readFile("src/headers.json", "utf8"));

async function bundled(entry, name, more = {}) {
  const { outputFiles } = await build({ ...COMMON, entryPoints: { [name]: entry }, outdir: "out", ...more });
  return outputFiles.map((file) => [file.path.split("/").at(-1), Buffer.from(file.contents)]);
}

/** All files of the page, by name; those whose name ends in .xz are yet to be packed. */
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
    ["ort-wasm-simd-threaded.wasm.xz", await readFile(`${ORT}/ort-wasm-simd-threaded.wasm`)],
    ["rfb_320.onnx.xz", await readFile("static/rfb_320.onnx")],
    ["LICENSES.txt", await licences()],
  ]);
  const version = createHash("sha256");
  for (const content of files.values()) version.update(content);
  const served = ["./", ...[...files.keys()].filter((name) => !["index.html", "headers.json", "LICENSES.txt"].includes(name) && !name.endsWith(".xz"))];
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
    // Some packages hold no text of their licence.
    const terms = await readFile(file ? `${folder}/${file}` : `static/${name}.LICENSE`, "utf8");
    parts.push(`${name} ${version}, ${license}\nSource: ${repository?.url ?? repository ?? homepage}\n\n${terms.trim()}\n`);
  }
  parts.push(`The face detector RFB-320\n\n${(await readFile("../src/physiocam/video/detector/LICENSE", "utf8")).trim()}\n`);
  return Buffer.from(parts.join(`\n${"-".repeat(80)}\n\n`));
}

/** What a file of the built page means; null where there is none. */
async function builtContent(name) {
  const content = await readFile(`${PAGE}/${name}`).catch(() => null);
  if (!content || !name.endsWith(".xz")) return content;
  return Buffer.from(await new Response(new xz.XzReadableStream(new Blob([content]).stream())).arrayBuffer());
}

async function verify() {
  const files = await pageFiles();
  const wrong = [];
  for (const name of new Set([...(await readdir(PAGE)), ...files.keys()])) {
    const found = await builtContent(name);
    if (!found || !files.get(name)?.equals(found)) wrong.push(name);
  }
  if (wrong.length) throw new Error(`the built page differs from its source (${wrong.join(", ")}); run: npm run build`);
}

/** Writes the page; what is packed already stays, since packing takes long. */
async function write() {
  const files = await pageFiles();
  await mkdir(PAGE, { recursive: true });
  for (const name of await readdir(PAGE)) if (!files.has(name)) await rm(`${PAGE}/${name}`);
  for (const [name, content] of files) {
    if ((await builtContent(name))?.equals(content)) continue;
    await writeFile(`${PAGE}/${name}`, name.endsWith(".xz") ? packed(name, content) : content);
  }
}

function packed(name, content) {
  const kind = name.includes(".onnx") ? ["--weights"] : [];
  return execFileSync("python", ["../scripts/web/pack.py", ...kind], { input: content, maxBuffer: content.length + 1024 });
}

if (process.argv.includes("--tests")) {
  await build({ entryPoints: ["tests/golden.test.ts"], bundle: true, platform: "node", format: "esm", outdir: "build/tests", logLevel: "warning" });
} else if (process.argv.includes("--verify")) {
  await verify();
} else {
  await write();
}
