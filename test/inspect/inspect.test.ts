import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { readModelFile } from "#smilec/compile/model-file.js";
import { configSchema } from "#smilec/config/schema.js";
import { emitC } from "#smilec/emit/c/model.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { graphMacs } from "#smilec/graph/cost.js";
import { arenaMap, FREE } from "#smilec/inspect/arena-map.js";
import { type ArenaFacts, inspectModel } from "#smilec/inspect/inspect.js";
import { arenaSvg } from "#smilec/inspect/picture.js";
import { inspectionText } from "#smilec/inspect/text.js";
import { boardCosts } from "#smilec/pipeline/board-costs.js";
import { costsOnBoard } from "#smilec/pipeline/firmware.js";
import { type Model, readModel } from "#smilec/pipeline/model.js";
import { openProject } from "#smilec/pipeline/project.js";
import { NetworkBuilder } from "../emit-c/networks.js";
import { smilec } from "../support/cli.js";
import { findAll, parseHtml } from "../support/html.js";
import { Random } from "../support/random.js";
import { randomOperatorGraph } from "../support/random-graph.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { modelCases, shippedModelPath } from "../support/tflite-models.js";

// Loading echarts takes a second; on a busy machine many.
jest.setTimeout(60_000);
const folder = temporaryFolders();

describe("the figures of", () => {
  it.each(modelCases)("%s are those of sums made otherwise", async (_, path) => {
    const model = await readModelFile(path);
    const inspection = inspectModel(model);
    const { operators, totals } = inspection;
    expect(operators).toHaveLength(model.graph.operators.length);
    // Multiply-adds: one for each weight at each place where its filter is laid.
    const macs = operators.map(({ kind, inputs, outputs }) => {
      if (!["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"].includes(kind)) return 0;
      const weights = inputs[1]!.constantBytes!;
      const channels = outputs[0].shape.at(-1)!;
      return (weights * product(outputs[0].shape)) / channels;
    });
    expect(operators.map((operator) => operator.macs)).toEqual(macs);
    expect(totals.macs).toBe(sum(macs));
    expect(totals.macs).toBeGreaterThan(250);
    const constants = model.graph.tensors.filter(({ data }) => data !== undefined);
    const bytes = new Map(constants.map(({ data }) => [`${data!.byteOffset}`, data!.byteLength]));
    expect(totals.weightBytes).toBe(sum([...bytes.values()]));
    for (const name of ["aot", "portable", "tflm"] as const) {
      const total = totals.estimates[name]!;
      const each = operators.map(({ estimates }) => estimates[name]!.cycles);
      expect(Math.abs(total.cycles - sum(each))).toBeLessThanOrEqual(operators.length);
      expect(total.ms).toBeCloseTo((1000 * total.cycles) / 240e6, 3);
    }
    expect(totals.estimates.aot!.cycles).toBeLessThanOrEqual(totals.estimates.portable!.cycles);
    expect(totals.estimates.portable!.cycles).toBeLessThan(totals.estimates.tflm!.cycles);
    for (const engine of inspection.engines) {
      expect(engine.refused).toBeNull();
      expect(engine.flashBytes).toBe(sum(engine.flash.map((figure) => figure.bytes)));
      expect(engine.ramBytes).toBe(sum(engine.ram.map((figure) => figure.bytes)));
      for (const { bytes: size, origin } of [...engine.flash, ...engine.ram]) {
        expect(size).toBeGreaterThanOrEqual(0);
        expect(origin).not.toBe("");
      }
    }
    const [aot, tflm] = inspection.engines;
    expect(aot.ramBytes).toBe(emitC(model.graph, { provenance: "", target: "lx6" }).arenaBytes);
    expect(tflm.flash[0].bytes).toBe(readFileSync(path).length);
  });

  it.each(modelCases)("%s's arena never puts two tensors in one place that are needed at one time", async (_, path) => {
    const { arena, operators } = inspectModel(await readModelFile(path));
    const { tenants, steps, bytes, lowerBound } = arena!;
    expect(Math.max(...tenants.map((tenant) => tenant.offset + tenant.bytes))).toBe(bytes);
    expect(bytes).toBeGreaterThanOrEqual(lowerBound);
    let pairs = 0;
    steps.forEach((_step, step) => {
      const set = tenants.filter(({ from, to }) => from <= step && step <= to).sort((a, b) => a.offset - b.offset);
      for (let i = 1; i < set.length; i++) {
        const [below, above] = [set[i - 1], set[i]];
        // An output may lie partly over the input that the same step consumes for the last time.
        const handsOver = (below.to === step && above.from === step) || (above.to === step && below.from === step);
        if (!handsOver) expect(above.offset).toBeGreaterThanOrEqual(below.offset + below.bytes);
        pairs++;
      }
    });
    expect(pairs).toBeGreaterThan(0);
    expect(steps.every((operator) => operator >= -1 && operator < operators.length)).toBe(true);
  });
});

describe("the arena in letters", () => {
  const arena: ArenaFacts = {
    bytes: 64,
    lowerBound: 64,
    steps: [0, 1, 2],
    tenants: [
      { name: "first", offset: 0, bytes: 32, from: 0, to: 1 },
      { name: "second", offset: 32, bytes: 32, from: 1, to: 2 },
    ],
  };

  it("shows who has which place when", () => {
    expect(arenaMap(arena).slice(0, 4)).toEqual(["48 |.BB|", "32 |.BB|", "16 |AA.|", " 0 |AA.|"]);
    expect(FREE).toBe(".");
  });

  it("stays small for a thousand kernel calls", () => {
    const steps = Array.from({ length: 1000 }, (_, i) => i);
    const tenants = steps.map((step) => ({
      name: `${step}`,
      offset: 64 * (step % 100),
      bytes: 64,
      from: step,
      to: step,
    }));
    const lines = arenaMap({ bytes: 6400, lowerBound: 64, steps, tenants });
    expect(lines.length).toBeLessThanOrEqual(22);
    expect(lines.every((line) => line.length <= 120)).toBe(true);
    expect(lines[0]).toMatch(/\|.*[A-Za-z].*\|/);
  });

  it("says when there is none", () => {
    expect(arenaMap({ bytes: 0, lowerBound: 0, steps: [0], tenants: [] })).toEqual(["(the model needs no arena)"]);
  });
});

describe("smilec inspect", () => {
  it("prints, and writes a picture and a page that need nothing else", async () => {
    const cwd = folder();
    const args = ["inspect", shippedModelPath, "--svg", "a.svg", "--html", "out/a.html"];
    const { stdout, stderr, exitCode } = await smilec(args, { cwd });
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toContain("labels  neutral, smile; positive: smile");
    const { graph } = await readModelFile(shippedModelPath);
    const macs = graphMacs(graph).toLocaleString("en-US");
    expect(stdout).toContain(`\n${graph.operators.length} operators, ${macs} multiply-accumulates, `);
    expect(stdout).toMatch(
      /time on the esp32cam at 240 MHz.*\n {2}aot +esp32 +[\d.]+ ms.*\n {2}aot +portable +[\d.]+ ms/,
    );
    expect(stdout).toMatch(/\n {2}tflm +esp32 +[\d.]+ ms {2}ESP-NN/);
    const svg = readFileSync(join(cwd, "a.svg"), "utf8");
    expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(svg).not.toMatch(/<script|href=|url\((?!#)/);
    expect(svg.match(/fill-opacity|opacity="0.22"/g)?.length).toBeGreaterThan(10);
    const html = readFileSync(join(cwd, "out/a.html"), "utf8");
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    const cells = findAll(parseHtml(html), (element) => element.tag === "td").map(({ text }) => text);
    expect(cells.filter((text) => text === "CONV_2D").length).toBeGreaterThan(5);
    expect(cells).toContain("FULLY_CONNECTED");
    expect(cells).toContain("lx6_conv_rows");
    expect(cells.filter((text) => text === "portable")).toHaveLength(1);
  });

  it("follows the project's board: no figures of ESP-NN's C kernels, and what it rests on for an ESP32-S3", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ board: "xiao-s3-sense" }));
    const { stdout } = await smilec(["inspect", shippedModelPath], { cwd });
    expect(stdout).toMatch(
      /time on the xiao-s3-sense at 240 MHz.*\n {2}aot +esp32s3 +[\d.]+ ms .*nothing is measured on an LX7.*\n {2}aot +portable/,
    );
    expect(stdout).toMatch(/\n {2}tflm +esp32s3 +- ms {2}not estimated: ESP-NN's kernels for the S3's vector/);
    expect(stdout).toMatch(/^aot on xiao-s3-sense/m);
    expect(stdout).toContain("lx6_conv");
    const model = await readModelFile(shippedModelPath);
    const [esp32, s3] = [inspectModel(model), inspectModel(model, boards["xiao-s3-sense"])];
    // The LX7 runs the LX6's kernels.
    expect(s3.totals.estimates.aot).toEqual(esp32.totals.estimates.aot);
    expect(s3.totals.estimates.portable).toEqual(esp32.totals.estimates.portable);
    expect(s3.totals.estimates.tflm).toBeNull();
    const asked = await smilec(["inspect", shippedModelPath, "--board", "esp32cam", "--json"], { cwd });
    expect(JSON.parse(asked.stdout).speed.board).toBe("esp32cam");
    expect((await smilec(["inspect", shippedModelPath, "--board", "toaster"], { cwd })).exitCode).toBe(2);
  });

  it("says how long a press takes at most, for the project's bot, as its build does", async () => {
    const cwd = folder();
    const config = { decision: { burst: 5 }, firmware: { debounceMs: 100 }, locator: { size: 500 } };
    writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify(config));
    const json = async (...more: string[]) =>
      JSON.parse((await smilec(["inspect", shippedModelPath, "--json", ...more], { cwd })).stdout).pressToLight;
    const own = await json();
    expect(own.settings).toEqual({ burst: 5, debounceMs: 100, boxSize: 120 });
    const { description, graph } = await readModelFile(shippedModelPath);
    const project = configSchema.parse(config);
    const emitted = emitC(graph, { provenance: "a test", target: "lx6" });
    const model = { graph, description } as unknown as Model;
    expect(own.aot).toEqual(boardCosts(project, esp32cam, 1, model, emitted).press);
    expect(own.tflm.ms).toBeGreaterThan(own.aot.ms);
    const other = await json("--board", "esp32s3eye");
    expect(other.settings).toEqual(own.settings);
    expect(other.aot.frameMs).toBeLessThan(own.aot.frameMs);
    expect(other.tflm).toBeNull();

    const text = (await smilec(["inspect", shippedModelPath], { cwd })).stdout;
    expect(text).toContain(`press to light: at most ${Math.ceil(own.aot.ms)} ms, computed`);
    expect(text).toMatch(
      /on the esp32cam; 5 frames, a box of 120 pixels, 100 ms of debounce; with engine tflm at most \d+ ms/,
    );
    await smilec(["inspect", shippedModelPath, "--html", "page.html"], { cwd });
    const page = readFileSync(join(cwd, "page.html"), "utf8");
    expect(page).toContain(`At most ${Math.ceil(own.aot.ms)} ms on the esp32cam, computed,`);
    expect(page).toContain(`With engine tflm at most ${Math.ceil(own.tflm.ms)} ms.`);
    for (const { what } of own.aot.parts) expect(page).toContain(`<td>${what}</td>`);
  });

  it.each(["classic", "neural"] as const)("counts a face detector's time, as the build does: %s", async (kind) => {
    const cwd = folder();
    const config = { board: "esp32s3eye", locator: kind } as const;
    writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify(config));
    const { stdout } = await smilec(["inspect", shippedModelPath, "--json"], { cwd });
    const { aot, settings } = JSON.parse(stdout).pressToLight;
    const project = { ...(await openProject(cwd)), dir: cwd };
    const { costs } = await costsOnBoard(project, await readModel(shippedModelPath, "shipped"));
    expect(aot).toEqual(costs.press);
    expect(settings.boxSize).toBe(240);
    const looked = aot.parts.find(({ what }: { what: string }) => what === "the face is looked for");
    expect(looked.ms).toBeCloseTo((1.2 * settings.detector.instructions) / 240e3);
    expect(looked.ms).toBeGreaterThan(50);
    expect((await smilec(["inspect", shippedModelPath], { cwd })).stdout).toContain(`the ${kind} detector`);
  });

  it("computes no press for a model that does not look at one grey picture", async () => {
    const builder = new NetworkBuilder(new Random(4), [2, 8]);
    const path = join(folder(), "m.tflite");
    writeFileSync(path, writeTflite(builder.finish("numbers", builder.softmax(builder.input))));
    const inspection = inspectModel(await readModelFile(path));
    expect(inspection.pressToLight).toBeNull();
    expect(inspectionText(inspection)).toContain("press to light: not computed");
    const cwd = folder();
    await smilec(["inspect", path, "--html", "page.html"], { cwd });
    expect(readFileSync(join(cwd, "page.html"), "utf8")).toContain("Not computed: the bot looks at one square grey");
  });

  it("gives JSON that is the inspection", async () => {
    const { stdout } = await smilec(["inspect", shippedModelPath, "--json"], { cwd: folder() });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(inspectModel(await readModelFile(shippedModelPath)))));
  });

  it("does not overwrite the model, nor one file by the other", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "m.tflite"), readFileSync(shippedModelPath));
    for (const args of [
      ["--svg", "m.tflite"],
      ["--svg", "a", "--html", "./a"],
      ["--html", "."],
    ]) {
      const { exitCode, stderr } = await smilec(["inspect", "m.tflite", ...args], { cwd });
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/^smilec: /);
      expect(stderr).not.toContain("internal error");
    }
    expect(readdirSync(cwd)).toEqual(["m.tflite"]);
    expect(readFileSync(join(cwd, "m.tflite")).equals(readFileSync(shippedModelPath))).toBe(true);
  });

  it("lets no name in a model reach the terminal or a page as anything but text", async () => {
    const evil = "\u001b[31m\u202e<script>alert(1)</script>&\u0007";
    const builder = new NetworkBuilder(new Random(3), [1, 4, 4, 2]);
    const graph = builder.finish(evil, builder.unary("RELU", builder.conv(builder.conv(builder.input, 8), 4)));
    const tensors = graph.tensors.map((tensor, i) => ({ ...tensor, name: `${evil}${i}` }));
    const path = join(folder(), "evil.tflite");
    writeFileSync(path, writeTflite({ ...graph, tensors }));
    const inspection = inspectModel(await readModelFile(path));
    const control = /(?!\n)[\p{Cc}\p{Cf}]/u;
    expect(inspectionText(inspection)).not.toMatch(control);
    expect(await arenaSvg(inspection)).not.toMatch(/<script/);
    const cwd = folder();
    expect((await smilec(["inspect", path, "--html", "a.html"], { cwd })).exitCode).toBe(0);
    expect(readFileSync(join(cwd, "a.html"), "utf8")).not.toMatch(/<script/);
  });

  it("says which kernels' instructions are assumed", async () => {
    const path = join(folder(), "m.tflite");
    writeFileSync(path, writeTflite(randomOperatorGraph("DEQUANTIZE", new Random(5))));
    const inspection = inspectModel(await readModelFile(path));
    expect(inspection.speed.assumedKernels).toHaveLength(1);
    expect(inspectionText(inspection)).toMatch(/\(not counted but assumed: the instructions of smk_dequantize\w*\)/);
    expect(inspectionText(inspectModel(await readModelFile(shippedModelPath)))).not.toContain("not counted");
  });

  it("shows all else of a model that an engine refuses", async () => {
    const builder = new NetworkBuilder(new Random(4), [2, 8]);
    const graph = builder.finish("wide softmax", builder.softmax(builder.reshape(builder.input, [16])));
    const path = join(folder(), "m.tflite");
    writeFileSync(path, writeTflite(graph));
    const inspection = inspectModel(await readModelFile(path));
    const [aot, tflm] = inspection.engines;
    expect(aot.refused).toBeNull();
    expect(tflm).toMatchObject({ refused: expect.stringContaining("SOFTMAX"), flash: [], flashBytes: 0 });
    expect(inspectionText(inspection)).toContain("tflm on esp32cam: cannot run this model");
    expect(inspection.totals.estimates).toMatchObject({ aot: { cycles: expect.any(Number) }, tflm: null });
    expect(inspectionText(inspection)).toMatch(/\n {2}tflm +esp32 +- ms/);
  });
});

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
