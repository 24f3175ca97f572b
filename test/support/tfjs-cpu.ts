/**
 * TensorFlow.js on its plain JavaScript backend, with automatic differentiation: an independent judge of gradients.
 *
 * The package's CommonJS build leaves the gradients out and its ES modules have imports that Node does not resolve, so the module that
 * registers them is translated here. Registries are global, so the copies share them.
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { compileFunction } from "node:vm";
import { transformSync } from "@swc/core";
import type { Tf } from "#smilec/train/tfjs.js";

const require = createRequire(import.meta.url);

function fileOf(path: string): string {
  if (path.endsWith(".js")) return path;
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder && statSync(`${path}.js`, { throwIfNoEntry: false }) === undefined
    ? `${path}/index.js`
    : `${path}.js`;
}

function loadTranslated(path: string, loaded: Map<string, { exports: object }>): object {
  const file = fileOf(path);
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const { code } = transformSync(readFileSync(file, "utf8"), {
    module: { type: "commonjs" },
    jsc: { target: "es2022" },
  });
  const load = (request: string) =>
    request.startsWith(".") ? loadTranslated(resolve(dirname(file), request), loaded) : require(request);
  // Jest's globals are not those that compiled functions see.
  compileFunction(code, ["module", "exports", "require", "global"], { filename: file })(
    module,
    module.exports,
    load,
    globalThis,
  );
  return module.exports;
}

/** The tfjs module on backend "cpu". */
export async function tfjsCpu(): Promise<Tf> {
  const tf = require("@tensorflow/tfjs-core") as Tf;
  tf.env().set("PROD", true);
  require("@tensorflow/tfjs-backend-cpu");
  loadTranslated(resolve(dirname(require.resolve("@tensorflow/tfjs-core")), "register_all_gradients.js"), new Map());
  await tf.setBackend("cpu");
  return tf;
}
