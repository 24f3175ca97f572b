/** Lets Node run the benches as they are: `node --import ./bench/typescript.mjs bench/kernels.ts` (after `npm run build`). */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

/** "./x.js" means ./x.ts where only that exists. */
export async function resolve(specifier, context, next) {
  if (specifier.startsWith(".") && specifier.endsWith(".js")) {
    const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
    if (existsSync(fileURLToPath(source))) return { url: source.href, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const { transform } = await import("@swc/core");
  const options = { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } };
  const { code } = await transform(await readFile(fileURLToPath(url), "utf8"), options);
  return { format: "module", source: code, shortCircuit: true };
}

// The loader thread imports this file too; only the program registers it.
if (isMainThread) register(import.meta.url);
