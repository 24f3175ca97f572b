/**
 * Stack use of the core and of the shipped model's code on Xtensa: every function's frame as gcc gives it, summed over the call graph. What the HAL takes
 * below a call comes on top: test/esp32/stack.test.ts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { run, runOrThrow } from "#smilec/process/run.js";
import { type CallGraph, readCallGraph, type StackRules, stackUse } from "../support/call-graph.js";
import { kernelFolder } from "../support/compile.js";
import { cFiles, coreFolder } from "../support/firmware.js";
import { sessionFiles } from "../support/session.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { CALLED_BACK, knownBytes, lx6Folder, windowed } from "../support/xtensa-stack.js";

const temporaryFolder = temporaryFolders();
const COMPILER = "xtensa-lx106-elf-gcc";
const simIncludes = join(packageRoot, "firmware", "hal", "sim", "include");

/** Bytes. The task's stack is 12,288 (esp32_main.c). */
const LIMITS = { core: 1536, engine: 768, whole: 2048, function: 512 };

const missing = (await run(COMPILER, ["--version"])).notFound;
const compiled = missing ? it.skip : it;
const suffix = missing ? ` (skipped: ${COMPILER} is not installed)` : "";

function rules(indirect: readonly string[]): StackRules {
  // What the HAL calls back calls at most the HAL, whose stack is not summed here.
  return { outside: knownBytes, indirect: (caller) => (CALLED_BACK.test(caller) ? [] : indirect), frame: windowed };
}

/** The core and a model, compiled for size or speed as ESP-IDF is told to (CONFIG_COMPILER_OPTIMIZATION_PERF: -O2). */
async function graphOf(target: "portable" | "lx6"): Promise<CallGraph> {
  const folder = temporaryFolder("stack-");
  const generated = await sessionFiles(target);
  for (const name of ["model.c", "model.h", "smilec_config.h"]) writeFileSync(join(folder, name), generated[name]);
  const core = Object.keys(await cFiles(coreFolder)).filter((name) => name.endsWith(".c"));
  const includes = [folder, simIncludes, coreFolder, kernelFolder, lx6Folder].map((path) => `-I${path}`);
  const texts: string[] = [];
  for (const source of [...core.map((name) => join(coreFolder, name)), join(folder, "model.c")]) {
    const output = join(folder, `${basename(source)}.s`);
    const flags = ["-std=c11", "-O2", "-ffreestanding", "-fcallgraph-info=su", "-S", source, "-o", output];
    await runOrThrow(COMPILER, [...flags, ...includes], `compiling ${source}`, { cwd: folder });
    texts.push(readFileSync(join(folder, `${basename(source)}.ci`), "utf8"));
  }
  return readCallGraph(texts);
}

const shown = ({ bytes, path }: { bytes: number; path: readonly string[] }) =>
  `${bytes} bytes: ${path.map((name) => name.replace(/^.*[:/]/, "")).join(" > ")}`;

describe("stack use on Xtensa", () => {
  compiled.each(["portable", "lx6"] as const)(
    `is bounded, with the %s model${suffix}`,
    async (target) => {
      const graph = await graphOf(target);
      const callbacks = [...graph.frames.keys()].filter((name) => CALLED_BACK.test(name));
      expect(callbacks).toHaveLength(3);
      expect(graph.frames.size).toBeGreaterThan(50);
      const largest = [...graph.frames].reduce((a, b) => (b[1] > a[1] ? b : a));
      const engine = ["model_init", "model_invoke", "model_self_test", "model_memory"];
      const core = ["sm_app_init", "sm_app_step", "sm_app_stop"];
      const [deepest] = engine.map((name) => stackUse(graph, name, rules([]))).sort((a, b) => b.bytes - a.bytes);
      const alone = core.map((name) => stackUse(graph, name, rules(callbacks)));
      const whole = core.map((name) => stackUse(graph, name, rules([...callbacks, ...engine])));
      const lines = [
        `largest frame: ${largest[0].replace(/^.*[:/]/, "")}, ${largest[1]} bytes`,
        `engine: ${shown(deepest)}`,
        ...alone.map((use) => `core: ${shown(use)}`),
        ...whole.map((use) => `core and engine: ${shown(use)}`),
      ];
      console.info(lines.join("\n"));
      expect(largest[1]).toBeLessThanOrEqual(LIMITS.function);
      expect(deepest.bytes).toBeLessThanOrEqual(LIMITS.engine);
      for (const { bytes } of alone) expect(bytes).toBeLessThanOrEqual(LIMITS.core);
      for (const { bytes } of whole) expect(bytes).toBeLessThanOrEqual(LIMITS.whole);
    },
    120_000,
  );
});

describe("the sum over a call graph", () => {
  const text = (edges: readonly (readonly [from: string, to: string])[]) =>
    [
      ...["a", "b", "c"].map(
        (name, i) => `node: { title: "${name}" label: "${name}\\nx.c:${i}:1\\n${16 * (i + 1)} bytes (static)" }`,
      ),
      ...edges.map(([from, to]) => `edge: { sourcename: "${from}" targetname: "${to}" label: "x.c:1:1" }`),
    ].join("\n");
  const plain: StackRules = { outside: () => undefined, indirect: () => ["c"], frame: (bytes) => bytes };
  const of = (edges: readonly (readonly [string, string])[]) => stackUse(readCallGraph([text(edges)]), "a", plain);

  it("is the deepest chain, through pointers too", () => {
    expect(of([])).toEqual({ bytes: 16, path: ["a"] });
    expect(
      of([
        ["a", "b"],
        ["a", "c"],
      ]),
    ).toEqual({ bytes: 16 + 48, path: ["a", "c"] });
    expect(
      of([
        ["a", "b"],
        ["b", "__indirect_call"],
      ]),
    ).toEqual({ bytes: 16 + 32 + 48, path: ["a", "b", "c"] });
  });

  it("refuses recursion, functions nothing is known of, and frames without a bound", () => {
    expect(() =>
      of([
        ["a", "b"],
        ["b", "a"],
      ]),
    ).toThrow("recursion: a > b > a");
    expect(() => of([["a", "printf"]])).toThrow("printf");
    const dynamic = 'node: { title: "d" label: "d\\nx.c:1:1\\n32 bytes (dynamic)" }';
    expect(() => readCallGraph([dynamic])).toThrow("dynamic");
  });
});
