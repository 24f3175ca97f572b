/** The whole path as a user meets it: unbroken, repeated, killed at any moment, interrupted, with bad input. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { ReportFacts } from "#smilec/report/facts.js";
import { smilec, smilecKilledAfter } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

/** Small enough for a test, whole enough to pass every stage. */
const CONFIG = {
  name: "loop-bot",
  input: { size: 24 },
  data: { synthetic: { count: 160, seed: 4 } },
  train: { architecture: "tiny", epochs: 3, batchSize: 16, backend: "wasm" },
  quantize: { calibration: 32 },
};

function project(overrides: object = {}): string {
  const cwd = folder();
  writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ ...CONFIG, ...overrides }));
  return cwd;
}

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** The files a loop leaves behind that must not depend on how it got there. */
function results(cwd: string): Record<string, string> {
  const files = ["models/model.tflite", "models/card.json", "report/index.html", "build/host/src/generated/model.c"];
  return Object.fromEntries(files.map((file) => [file, sha256(join(cwd, file))]));
}

describe("smilec loop", () => {
  let unbroken: string;
  let first: { stdout: string; exitCode: number | undefined };

  beforeAll(async () => {
    unbroken = project();
    first = await smilec(["loop", "--json"], { cwd: unbroken });
  }, 240_000);

  it("goes from nothing to an exact replay and a report", () => {
    expect(first.exitCode).toBe(0);
    const { golden, report, test } = JSON.parse(first.stdout);
    expect(golden.differences).toEqual([]);
    expect(golden.captures).toBe(48 * 3);
    expect(golden.values).toBeGreaterThan(golden.captures * 24 * 24);
    expect(readFileSync(report, "utf8")).toContain("loop-bot");
    expect(test.int8.accuracy).toBeGreaterThan(0);
  });

  it("does nothing the second time", async () => {
    const before = results(unbroken);
    const program = statSync(join(unbroken, "build/host/.pio/build/host/program")).mtimeMs;
    const report = statSync(join(unbroken, "report/index.html")).mtimeMs;
    const again = await smilec(["loop", "--json"], { cwd: unbroken });
    expect(again.stdout).toBe(first.stdout);
    expect(again.stderr).not.toMatch(/^(pictures|train|quantize|evaluate|simulate|report)\b/m);
    expect(results(unbroken)).toEqual(before);
    expect(statSync(join(unbroken, "build/host/.pio/build/host/program")).mtimeMs).toBe(program);
    expect(statSync(join(unbroken, "report/index.html")).mtimeMs).toBe(report);
  });

  it("gives the same bytes when it is killed again and again and started anew", async () => {
    const cwd = project();
    let kills = 0;
    // Each attempt lives a little longer, so that the kills fall into different stages.
    for (let ms = 250; kills < 40; ms = Math.round(ms * 1.22)) {
      if (await smilecKilledAfter(ms, ["loop", "--quiet"], { cwd })) break;
      kills++;
    }
    expect(kills).toBeGreaterThanOrEqual(6);
    expect(results(cwd)).toEqual(results(unbroken));
  }, 600_000);

  it("runs only what changed", async () => {
    writeFileSync(join(unbroken, "smilec.config.json"), JSON.stringify({ ...CONFIG, firmware: { lightsMs: 1234 } }));
    const model = sha256(join(unbroken, "models/model.tflite"));
    const changed = await smilec(["loop"], { cwd: unbroken });
    expect(changed.exitCode).toBe(0);
    expect(changed.stderr).not.toMatch(/^(pictures|train|quantize|evaluate)\b/m);
    expect(sha256(join(unbroken, "models/model.tflite"))).toBe(model);
    expect(readFileSync(join(unbroken, "build/host/src/generated/smilec_config.h"), "utf8")).toContain(
      "#define SMILEC_LIGHTS_MS 1234",
    );
  }, 120_000);

  it("lets the built bot look at a folder of pictures, exactly", async () => {
    const frames = join(unbroken, ".smilec/frames", readdirSync(join(unbroken, ".smilec/frames"))[0], "frames");
    const result = await smilec(["simulate", "--images", frames, "--golden", "--json"], { cwd: unbroken });
    expect(result.exitCode).toBe(0);
    const { presses, golden } = JSON.parse(result.stdout);
    expect(presses).toHaveLength(48);
    expect(golden.differences).toEqual([]);
  }, 60_000);

  it("reports its facts and checks without captures, and says which command brings what is missing", async () => {
    const { stdout, exitCode } = await smilec(["report", "--json", "--junit", "checks.xml"], { cwd: unbroken });
    const facts = JSON.parse(stdout) as ReportFacts & { report: string };
    const failed = facts.checks.filter(({ state }) => state === "fail");
    expect(exitCode).toBe(failed.length === 0 ? 0 : 1);
    expect(facts).toMatchObject({ formatVersion: 1, title: "loop-bot", training: { architecture: "tiny" } });
    const states = Object.fromEntries(facts.checks.map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({
      "press-to-light": "pass",
      "memory-flash": "pass",
      replay: "skipped",
      skew: "skipped",
    });
    expect(facts.board!.press.ms).toBeLessThan(facts.board!.limitMs);
    expect(facts.missing.map(({ command }) => command)).toEqual([
      "smilec report --images DIR",
      "smilec locate eval",
      "smilec pull-captures",
      "smilec retrain",
    ]);
    const xml = readFileSync(join(unbroken, "checks.xml"), "utf8");
    expect(xml).toContain(`tests="${facts.checks.length}" failures="${failed.length}"`);
    const page = readFileSync(facts.report, "utf8");
    for (const id of ["checks", "data", "augmentation", "training", "quantization", "board", "missing"])
      expect(page).toContain(`<section id="${id}"`);
    for (const id of ["replay", "labels", "skew"]) expect(page).not.toContain(`<section id="${id}"`);
    const said = await smilec(["report"], { cwd: unbroken });
    expect(said.stdout).toContain("not in it: Replay, labels, training and serving (smilec pull-captures)");
  }, 240_000);

  it("renders the board's project and says what its build lacks where PlatformIO's registry cannot be reached", async () => {
    // Nothing listens on port 9: with it as proxy, no machine reaches the registry.
    const nowhere = "http://127.0.0.1:9";
    const env = {
      PLATFORMIO_CORE_DIR: join(folder(), "core"),
      HTTPS_PROXY: nowhere,
      https_proxy: nowhere,
      HTTP_PROXY: nowhere,
      http_proxy: nowhere,
    };
    const result = await smilec(["build", "--target", "esp32cam"], { cwd: unbroken, env });
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain("toolchain-xtensa-esp-elf");
    expect(readFileSync(join(unbroken, "build/esp32cam/platformio.ini"), "utf8")).toContain("espressif32");
  }, 60_000);
});

describe("smilec simulate", () => {
  it.each([
    ["/nonexistent", "there is no such folder of pictures"],
    [".", "the folder has no picture that can be used"],
  ])(
    "refuses %s",
    async (images, message) => {
      const cwd = project({ engine: "coin" });
      const empty = images === "." ? folder() : images;
      const result = await smilec(["simulate", "--images", empty], { cwd });
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain(message);
    },
    120_000,
  );

  it("tosses a coin without a model, and says that there is nothing to compare", async () => {
    const cwd = project({ engine: "coin" });
    const images = folder();
    writeFileSync(
      join(images, "grey.pgm"),
      Buffer.concat([Buffer.from("P5\n64 64\n255\n"), Buffer.alloc(64 * 64, 90)]),
    );
    writeFileSync(join(images, "cut.pgm"), "P5\n64 64\n255\nxx");
    const tossed = await smilec(["simulate", "--images", images, "--json"], { cwd });
    expect(tossed.exitCode).toBe(0);
    const { presses, rejected } = JSON.parse(tossed.stdout);
    expect(presses).toHaveLength(1);
    expect(presses[0].logged).toBe(true);
    expect(rejected).toHaveLength(1);
    const compared = await smilec(["simulate", "--images", images, "--golden"], { cwd });
    expect(compared.exitCode).toBe(2);
    expect(compared.stderr).toContain("engine coin has no scores");
  }, 120_000);
});
