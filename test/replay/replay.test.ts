/** `smilec replay`: captures of the real firmware against the model that is kept for them. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { payloadCrc } from "#smilec/captures/format.js";
import { formatMetadata } from "#smilec/captures/metadata.js";
import { readStoredCapture } from "#smilec/captures/stored.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { withDescription } from "#smilec/graph/bundle.js";
import { readModel } from "#smilec/pipeline/model.js";
import { openProject } from "#smilec/pipeline/project.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { worseOnCaptures } from "#smilec/replay/flash-gate.js";
import { mcnemarExact } from "#smilec/replay/mcnemar.js";
import { atTerminal } from "../support/at-terminal.js";
import { smilec } from "../support/cli.js";
import { generatedModel, type HostBot, randomPictures, smallBundle } from "../support/host-bot.js";
import { officeBot, type Visit, workDays } from "../support/office.js";
import { Random } from "../support/random.js";
import { noTerminalsHere } from "../support/serial-peer.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const describeAtTerminal = noTerminalsHere === undefined ? describe : describe.skip;
const context = { reporter: silentReporter, signal: new AbortController().signal };

const bytesOf = (seed: number) => writeTflite(withDescription(smallBundle(seed)));
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
const [model, other] = [bytesOf(39), bytesOf(14)];

/** Two starts of 80 presses each, every frame three times. */
const PRESSES = 160;
let bot: HostBot;
let days: Visit[][];

beforeAll(async () => {
  bot = await officeBot(40, {
    burst: 3,
    model: await generatedModel(smallBundle(39)),
    config: { MODEL_HASH: `"${hashOf(model)}"`, FRAME_HEIGHT: "30", LOCATOR_SIZE: "800" },
  });
  const visits = randomPictures(new Random(3), PRESSES, true).map((file, i) => ({
    image: { width: 40, height: 30, pixels: file.subarray(-1200) },
    label: i % 3 === 0 ? "smile" : "neutral",
  }));
  days = [visits.slice(0, 80), visits.slice(80)];
}, 120_000);
afterAll(() => bot?.dispose());

/** A project whose captures have been pulled and judged; with the model kept unless told otherwise. */
async function project(keep = true): Promise<string> {
  const dir = folder();
  writeFileSync(join(dir, "smilec.config.json"), JSON.stringify({ name: "replay-bot", input: { size: 16 } }));
  await workDays(bot, days, join(dir, "captures"));
  if (keep) {
    mkdirSync(join(dir, "deployed", hashOf(model)), { recursive: true });
    writeFileSync(join(dir, "deployed", hashOf(model), "model.tflite"), model);
  }
  return dir;
}

/** Writes a capture anew as if the bot had logged something else: file, CRC and catalogue agree. */
async function relog(dir: string, sequence: number, change: object, flipPixel = false): Promise<string> {
  const captures = join(dir, "captures");
  const catalogue = Catalogue.open(captures);
  const row = [...catalogue.captures()].find(({ key }) => key.sequence === sequence)!;
  const capture = await readStoredCapture(captures, row);
  if (typeof capture === "string") throw new Error(capture);
  const { width, height } = row;
  const payload = Uint8Array.from(capture.payload);
  payload.set(formatMetadata({ metadata: { ...capture.metadata, ...change }, width, height }));
  if (flipPixel) payload[1024 + (height >> 1) * width + (width >> 1)] ^= 0x80;
  writeFileSync(join(captures, row.path), payload);
  catalogue.close();
  const { openDatabase } = await import("#smilec/captures/catalogue/database.js");
  const database = openDatabase(join(captures, "catalogue.sqlite"));
  const crc = payloadCrc(payload).toString(16).padStart(8, "0");
  database.prepare("UPDATE capture SET payload_crc = ? WHERE id = ?").run(crc, row.id);
  database.close();
  return row.path;
}

describe("smilec replay", () => {
  it("finds every capture of two starts equal, with threads", async () => {
    const cwd = await project();
    const { exitCode, stdout } = await smilec(["replay"], { cwd });
    expect(stdout).toBe("480 captures of 160 presses\nall 480 replayed are equal");
    expect(exitCode).toBe(0);
  }, 60_000);

  it("lists what differs by stage with the likely cause, and says so to CI", async () => {
    const cwd = await project();
    await relog(cwd, 5, { inputCrc: 1 });
    const path = await relog(cwd, 8, {}, true);
    await relog(cwd, 11, { outputs: [1, 2], margin: 1 });
    const junit = join(cwd, "replay.xml");
    const { exitCode, stdout, stderr } = await smilec(["--json", "replay", "--junit", junit], { cwd });
    const result = JSON.parse(stdout);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("captures differ from what the bot logged");
    expect(result.byStage).toMatchObject({ preprocess: 2, model: 1 });
    expect(result.differences.find((one: { path: string }) => one.path === path)).toMatchObject({
      stage: "preprocess",
      what: "input crc",
      cause: expect.stringContaining("the bot prepared the picture otherwise"),
    });
    const xml = readFileSync(junit, "utf8");
    expect(xml).toContain('<testcase classname="smilec.replay" name="box"/>');
    expect(xml).toMatch(/name="preprocess"><failure message="2 captures differ">/);
  }, 60_000);

  it("names damaged and missing pictures", async () => {
    const cwd = await project();
    const catalogue = Catalogue.open(join(cwd, "captures"));
    const [first, second] = [...catalogue.captures()];
    catalogue.close();
    const damaged = readFileSync(join(cwd, "captures", first.path));
    damaged[1500] ^= 1;
    writeFileSync(join(cwd, "captures", first.path), damaged);
    rmSync(join(cwd, "captures", second.path));
    const { exitCode, stdout } = await smilec(["replay"], { cwd });
    expect(exitCode).toBe(1);
    expect(stdout).toContain("all 478 replayed are equal");
    expect(stdout).toContain(`${first.path}: the picture is damaged: its CRC is `);
    expect(stdout).toContain(`${second.path}: the picture is missing`);
  }, 60_000);

  it("compares the captures of a model that is not kept up to the network's input", async () => {
    const cwd = await project(false);
    const { exitCode, stdout } = await smilec(["--json", "replay"], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ compared: 480, equal: 480, missingModels: { [hashOf(model)]: 480 } });
    expect(exitCode).toBe(0);
    await relog(cwd, 5, { inputCrc: 1 });
    await relog(cwd, 8, { outputs: [1, 2], margin: 1 });
    const changed = await smilec(["replay"], { cwd });
    expect(changed.exitCode).toBe(1);
    expect(changed.stdout).toContain("2 of 480 replayed differ");
    expect(changed.stdout).toMatch(/^preprocess +1$/m);
    expect(changed.stdout).toContain(
      `up to the network's input only: 480 captures of model ${hashOf(model)}, not kept`,
    );
  }, 60_000);

  it("takes a threshold that was set on the bot for no fault", async () => {
    const cwd = await project();
    const catalogue = Catalogue.open(join(cwd, "captures"));
    const [{ metadata }] = catalogue.captures();
    catalogue.close();
    const threshold = metadata.threshold + (metadata.smile ? -3 : 3);
    for (const sequence of [1, 2, 3]) await relog(cwd, sequence, { threshold });
    const { exitCode, stdout } = await smilec(["replay"], { cwd });
    expect(stdout).toContain("3 had a threshold that was set on the bot");
    expect(exitCode).toBe(0);
  }, 60_000);

  it("needs captures", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "smilec.config.json"), "{}");
    const { exitCode, stderr } = await smilec(["replay"], { cwd });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("smilec pull-captures")]);
  }, 30_000);
});

describe("another model on the same captures", () => {
  it("shows changed decisions press by press, and whether they are better", async () => {
    const cwd = await project();
    const file = join(cwd, "other.tflite");
    writeFileSync(file, other);
    const { exitCode, stdout } = await smilec(["--json", "replay", "--model", file], { cwd });
    const result = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(result).toMatchObject({ model: hashOf(other), presses: PRESSES, judged: PRESSES });
    expect(result.changedCount).toBeGreaterThan(0);
    expect(result.changedCount).toBe(result.better + result.worse);
    expect(result.rightAfter - result.rightBefore).toBe(result.better - result.worse);
    expect(result.changed).toHaveLength(result.changedCount);
    const text = await smilec(["replay", "--model", file], { cwd });
    expect(text.stdout).toMatch(/of 160 judged presses .*\(McNemar's exact test: p = /);
  }, 60_000);

  it("changes nothing when it is the same model", async () => {
    const cwd = await project();
    const file = join(cwd, "deployed", hashOf(model), "model.tflite");
    const { stdout } = await smilec(["--json", "replay", "--model", file], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ changedCount: 0, better: 0, worse: 0, mcnemar: 1 });
  }, 60_000);
});

describe("the gate before flashing", () => {
  /** The catalogue judged as the bot decided: whatever decides otherwise is worse. */
  async function judgedAsDecided(): Promise<string> {
    const cwd = await project();
    const catalogue = Catalogue.open(join(cwd, "captures"));
    for (const { id, metadata } of [...catalogue.captures()]) {
      const label = metadata.smile ? "smile" : "neutral";
      catalogue.labels.judge(id, { pass: 1, label, box: undefined, atMs: 2 });
    }
    catalogue.close();
    return cwd;
  }

  it("tells of a model that decides worse, with figures, and of no other", async () => {
    const cwd = await judgedAsDecided();
    writeFileSync(join(cwd, "other.tflite"), other);
    const opened = await openProject(cwd);
    const worse = await worseOnCaptures(opened, await readModel(join(cwd, "other.tflite"), "file"), context);
    expect(worse).toMatchObject({ judged: PRESSES, rightBefore: PRESSES, better: 0 });
    expect(worse!.rightAfter).toBe(PRESSES - worse!.worse);
    const same = await readModel(join(cwd, "deployed", hashOf(model), "model.tflite"), "file");
    expect(await worseOnCaptures(opened, same, context)).toBeUndefined();
  }, 60_000);

  describeAtTerminal("at a terminal", () => {
    const question = "Write it to the board all the same?";
    let cwd: string;
    beforeAll(async () => {
      cwd = await judgedAsDecided();
      writeFileSync(join(cwd, "other.tflite"), other);
    }, 60_000);

    const gate = (answer: string, flags: readonly string[] = [], piped = false, file = "other.tflite") => {
      const child = fileURLToPath(new URL("../support/flash-gate-child.mjs", import.meta.url));
      const command = [process.execPath, child, cwd, join(cwd, file), ...flags];
      return atTerminal(command, { cwd, prompt: question, answer, piped });
    };
    const warning = /the new model decides worse than the bots did: of 160 judged presses 100.0 % were right/;

    it("goes on after a yes", async () => {
      const { screen, asked } = await gate("y\r");
      expect(asked).toBe(true);
      expect(screen).toMatch(warning);
      expect(screen).toContain("goes on");
    }, 60_000);

    it.each([
      ["a no", "n\r", /stops: CheckFailedError: nothing was written: the new model is worse.*flash with --yes/],
      ["Enter alone", "\r", /stops: CheckFailedError: nothing was written/],
      ["Ctrl-C", "\u0003", /stops: InterruptedError: nothing was written/],
    ])(
      "writes nothing after %s",
      async (_, answer, end) => {
        const { screen, asked } = await gate(answer);
        expect(asked).toBe(true);
        expect(screen).toMatch(warning);
        expect(screen).toMatch(end);
        expect(screen).not.toContain("goes on");
      },
      60_000,
    );

    it.each([
      ["with --yes", ["--yes"], false],
      ["with --json", ["--json"], false],
      ["with --quiet", ["--quiet"], false],
      ["where standard input is no terminal", [], true],
    ] as const)(
      "warns without asking %s",
      async (_, flags, piped) => {
        const { screen, asked } = await gate("n\r", flags, piped);
        expect(asked).toBe(false);
        expect(screen).toMatch(warning);
        expect(screen).toContain("goes on");
      },
      60_000,
    );

    it("says nothing of a model that is not worse", async () => {
      const { screen, asked } = await gate("n\r", [], false, join("deployed", hashOf(model), "model.tflite"));
      expect([asked, screen]).toEqual([false, expect.stringMatching(/goes on\s*$/)]);
      expect(screen).not.toContain("worse");
    }, 60_000);

    it("stops `smilec flash` before anything is built", async () => {
      writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ name: "replay-bot" }));
      const command = [process.execPath, join(packageRoot, "dist", "main.js"), "flash", "--port", "/dev/null"];
      const { screen, exitCode, asked } = await atTerminal(command, { cwd, prompt: question, answer: "n\r" });
      expect([asked, exitCode]).toEqual([true, 1]);
      expect(screen).toContain("nothing was written: the new model is worse on judged captures");
      expect(existsSync(join(cwd, "build"))).toBe(false);
    }, 60_000);
  });

  it("is silent without captures, and for a coin", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "smilec.config.json"), "{}");
    writeFileSync(join(cwd, "other.tflite"), other);
    const opened = await openProject(cwd);
    expect(await worseOnCaptures(opened, await readModel(join(cwd, "other.tflite"), "file"), context)).toBeUndefined();
    expect(await worseOnCaptures(opened, undefined, context)).toBeUndefined();
  });
});

describe("McNemar's exact test", () => {
  it.each([
    [0, 0, 1],
    [5, 0, 0.0625],
    [3, 7, 0.34375],
    [1, 9, 0.021484375],
    [600, 400, 2.7e-10],
  ])("of %d against %d is %d", (first, second, p) => {
    expect(mcnemarExact(first, second) / p).toBeCloseTo(1, 1);
    expect(mcnemarExact(second, first)).toBe(mcnemarExact(first, second));
  });
});
