import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { configJsonSchema, parseConfig } from "#smilec/config/load.js";
import { readNetpbmHeader } from "#smilec/data/pgm.js";
import { writeFrames } from "#smilec/data/synthetic/frames.js";
import { emitC } from "#smilec/emit/c/model.js";
import { emitTflmEngine } from "#smilec/emit/tflite/tflm-engine.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { margin } from "#smilec/graph/bundle.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { locateCenter } from "#smilec/locate/center.js";
import { type Model, readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import { stageFrames } from "#smilec/simulate/frames.js";
import { projectFiles } from "#smilec/template/project.js";
import { goldenDifference } from "../support/golden.js";
import { tinyGraph, tinyInputs } from "../support/tiny-graph.js";

const context = { reporter: silentReporter, signal: new AbortController().signal };
const provenance = "golden test";

function expectGolden(files: Readonly<Record<string, string | Uint8Array>>): void {
  const differences = Object.entries(files).flatMap(([name, contents]) => goldenDifference(name, contents) ?? []);
  expect(differences).toEqual([]);
}

const sha256 = (contents: string | Uint8Array) => createHash("sha256").update(contents).digest("hex");

describe("golden files of a tiny graph", () => {
  it("has the same .tflite, C, C array and resolver as ever", async () => {
    const graph = await tinyGraph();
    const bytes = writeTflite(graph);
    const named = (engine: string, files: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`tiny/${engine}/${name}`, text]));
    const aot = named("aot", emitC(graph, { provenance }).files);
    const tflm = named("tflm", emitTflmEngine(graph, bytes, provenance));
    expect([Object.keys(aot).length, Object.keys(tflm).length]).toEqual([2, 5]);
    expectGolden({ "tiny/model.tflite": bytes, ...aot, ...tflm });
  });

  it("has the same scores as ever", async () => {
    const interpreter = new ReferenceInterpreter(await tinyGraph());
    const outputs = tinyInputs(50, 11).map((input) => [...interpreter.run([input])[0]]);
    expect(new Set(outputs.flat()).size).toBeGreaterThan(20);
    expectGolden({ "tiny/scores.json": `${outputs.map((row) => JSON.stringify(row)).join("\n")}\n` });
  });
});

describe("golden files of the shipped model", () => {
  let model: Model;
  let work: string;
  beforeAll(async () => {
    model = await readModel(SHIPPED_MODEL, "shipped");
    work = mkdtempSync(join(tmpdir(), "smilec-golden-"));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it("compiles to the same C as ever", () => {
    const { files } = emitC(model.graph, { provenance });
    expectGolden(Object.fromEntries(Object.entries(files).map(([name, text]) => [`smile-48/${name}`, text])));
  });

  it("is written back as the same bytes", () => {
    expect(sha256(writeTflite(model.graph))).toBe(model.sha256);
  });

  it.each(["host", "esp32cam"])("renders the same project for %s as ever", async (target) => {
    const config = parseConfig('{"name": "golden-bot"}', "smilec.config.json");
    const engineFiles = emitC(model.graph, { provenance }).files;
    const files = await projectFiles({ target, config, board: esp32cam, model, engineFiles });
    // Copied sources are in the repository already: their hashes will do. Rendered files are kept whole.
    const isCopied = (name: string) =>
      /^src\/[^/]+\.(c|h|cc)$/.test(name) || name.startsWith("platform/") || /generated\/model\.[ch]$/.test(name);
    const names = Object.keys(files).sort();
    const copied = names.filter(isCopied).map((name) => `${sha256(files[name])}  ${name}\n`);
    const rendered = names.filter((name) => !isCopied(name));
    expect(rendered.length).toBeGreaterThanOrEqual(2);
    expectGolden({
      [`project-${target}/copied.sha256`]: copied.join(""),
      ...Object.fromEntries(rendered.map((name) => [`project-${target}/${name}`, files[name]])),
    });
  });

  it.each(Object.values(boards).filter(({ id }) => id !== "esp32cam"))(
    "renders the same build files for $id as ever",
    async (board) => {
      const config = parseConfig(`{"name": "golden-bot", "board": "${board.id}"}`, "smilec.config.json");
      const engineFiles = emitC(model.graph, { provenance }).files;
      const files = await projectFiles({ target: board.id, config, board, model, engineFiles });
      // The sources are those of the first board but for the kernels.
      const rendered = Object.keys(files).filter((name) => !/^src\/[^/]+\.[chS]c?$|generated\/model\./.test(name));
      expect(rendered).toHaveLength(9);
      expectGolden(Object.fromEntries(rendered.map((name) => [`project-${board.id}/${name}`, files[name]])));
    },
  );

  it("gives drawn camera frames the same margins as ever", async () => {
    const dir = join(work, "frames");
    await writeFrames({ count: 24, seed: 77, dir, context });
    const staged = join(work, "staged");
    mkdirSync(staged);
    const { frames } = await stageFrames(dir, staged, context);
    const interpreter = new ReferenceInterpreter(model.graph);
    const { preprocess: spec, positive } = model.description;
    const lines = frames.map(({ name, label, file }) => {
      const bytes = readFileSync(file);
      const { width, height, offset } = readNetpbmHeader(bytes);
      const frame = { width, height, pixels: new Uint8Array(bytes.subarray(offset)) };
      const box = locateCenter({ kind: "center", x: 500, y: 500, size: 800 }, width, height);
      const [outputs] = interpreter.run([preprocess(frame, box, spec)]);
      return JSON.stringify({ name, label, outputs: [...outputs], margin: margin(outputs, positive) });
    });
    expect(lines).toHaveLength(24);
    expectGolden({ "smile-48/scores.jsonl": `${lines.join("\n")}\n` });
  });
});

describe("golden files of the configuration", () => {
  it("has the same JSON Schema as ever", () => {
    expectGolden({ "config.schema.json": `${JSON.stringify(configJsonSchema(), null, 2)}\n` });
  });
});
