import { cpSync, existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import Database from "libsql";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { readStoredCapture } from "#smilec/captures/stored.js";
import { syntheticImport } from "#smilec/data/synthetic/import.js";
import { drawnCrop } from "#smilec/data/synthetic/people.js";
import type { GrayImage } from "#smilec/data/types.js";
import { type Condition, underCondition } from "#smilec/evaluate/conditions.js";
import { Subject } from "#smilec/evaluate/degrade/subject.js";
import { openCaptures } from "#smilec/pipeline/captures.js";
import { SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { obtainPictures } from "#smilec/pipeline/pictures.js";
import { openProject } from "#smilec/pipeline/project.js";
import { obtainCaptureParts } from "#smilec/pipeline/report-captures.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { CaptureReplayer } from "#smilec/replay/capture-replayer.js";
import { syntheticSkew } from "#smilec/retrain/without-captures.js";
import { ConsistencyCheck } from "#smilec/skew/consistency.js";
import type { SkewReport } from "#smilec/skew/types.js";
import { smilec } from "../support/cli.js";
import type { HostBot } from "../support/host-bot.js";
import { byId, findAll, parseHtml } from "../support/html.js";
import { captureAll, shippedBot } from "../support/shipped-bot.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(600_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };
const PRESSES = 48;
const CONFIG = `{
  // the nose in the hall
  "name": "hall",
  "train": { "augment": { "exposure": 1 } }
}
`;

let bot: HostBot;
/** A project whose captures show drawn people that training does not know, as they are. */
let plain: string;
/** The same with a window behind them. */
let backlit: string;

beforeAll(async () => {
  bot = await shippedBot(2);
  const base = folder("skew-base-");
  await syntheticImport({ count: 320, seed: 3, into: join(base, "data"), context });
  writeFileSync(join(base, "smilec.config.json"), CONFIG);
  plain = await withCaptures(base, (image) => image);
  backlit = await withCaptures(base, (image) => under(image, "backlit"));
});
afterAll(() => bot.dispose());

async function withCaptures(base: string, change: (image: GrayImage) => GrayImage): Promise<string> {
  const project = folder("skew-project-");
  cpSync(base, project, { recursive: true });
  const people = Array.from({ length: PRESSES }, (_, i) => change(drawnCrop(99, 3 * i, 64).image));
  await captureAll(bot, people, join(project, "captures"));
  return project;
}

function under(image: GrayImage, condition: Condition): GrayImage {
  return underCondition(new Subject(image, { x: 0, y: 0, width: image.width, height: image.height }), condition);
}

/** A copy to be damaged. */
function copyOf(project: string): string {
  const copy = folder("skew-copy-");
  cpSync(project, copy, { recursive: true });
  return copy;
}

async function skew(project: string, ...args: string[]): Promise<SkewReport> {
  const { stdout, stderr, exitCode } = await smilec(["skew", "--json", "--quiet", ...args], { cwd: project });
  expect([exitCode, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as SkewReport;
}

describe("smilec skew", () => {
  it("finds nothing where other people are seen as training saw its own, and everything as it was logged", async () => {
    const report = await skew(plain);
    expect(report.serving).toMatchObject({ captures: 2 * PRESSES, presses: PRESSES, devices: 1, damaged: 0 });
    expect(report.auc.low).toBeLessThan(0.6);
    expect(report.auc.value).toBeLessThan(0.68);
    expect(report.causes).toEqual([]);
    expect(report.serving.framing).toMatchObject({ side: 64, share: expect.closeTo(1, 2) });
    expect(report.consistency).toEqual({
      captures: 2 * PRESSES,
      withModel: 2 * PRESSES,
      equal: 2 * PRESSES,
      different: 0,
      differences: [],
    });
  });

  it("names light from behind with its stops, says what would help, and draws it all", async () => {
    const html = join(folder("skew-html-"), "skew.html");
    const report = await skew(backlit, "--html", html);
    expect(report.auc.low).toBeGreaterThan(0.95);
    const cause = report.causes.find(({ feature }) => feature === "faceStops");
    expect(cause?.name).toBe("light from behind");
    expect(cause?.sentence).toMatch(
      /^captures are [1-9]\.\d stops darker in the face than in the background; training has \d/,
    );
    const help = report.closing.find(({ feature }) => feature === "faceStops");
    expect(help?.best.map(({ augmentation }) => augmentation)).toContain("backlight");
    expect(help!.best[0].after).toBeLessThan(help!.before / 2);
    const section = byId(parseHtml(readFileSync(html, "utf8")), "skew");
    expect(section.text).toContain("light from behind");
    const pictures = findAll(section, ({ attributes }) => attributes.get("role") === "img");
    expect(pictures.length).toBeGreaterThan(10);
    for (const { attributes } of pictures) expect(attributes.get("aria-label")).toMatch(/\w{4}/);
  });

  it("is measured once for a report, pictures included", async () => {
    const project = await openProject(backlit);
    const pictures = await obtainPictures(project, context);
    const first = await obtainCaptureParts(project, pictures, context);
    const stages: string[] = [];
    const listening = { ...context, reporter: { ...silentReporter, stage: (name: string) => stages.push(name) } };
    const again = await obtainCaptureParts(project, pictures, listening);
    expect([stages, again]).toEqual([[], first]);
    expect(first!.skew!.report.auc.low).toBeGreaterThan(0.95);
    expect(first!.skew!.strangest[0].capture.grey).toHaveLength(first!.skew!.size ** 2);
    expect(first!.replay).toMatchObject({ compared: 2 * PRESSES, equal: 2 * PRESSES });
    expect([first!.missing, first!.labels.unjudged]).toEqual([[], 2 * PRESSES]);
    const catalogue = openCaptures(project)!;
    catalogue.labels.judge([...catalogue.captures()][0].id, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    catalogue.close();
    expect((await obtainCaptureParts(project, pictures, context))!.key).not.toBe(first!.key);
  });

  it("says the same in words", async () => {
    const { stdout, exitCode } = await smilec(["skew", "-q"], { cwd: backlit });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("48 presses (96 captures) against");
    expect(stdout).toMatch(/domain classifier: AUC (1\.000|0\.9\d\d)/);
    expect(stdout).toContain("all 96 are as the bot logged them");
  });

  it("leaves damaged pictures out and says which; with too many of them it stops", async () => {
    const project = copyOf(plain);
    const paths = capturePaths(project);
    unlinkSync(join(project, "captures", paths[0]));
    const damaged = readFileSync(join(project, "captures", paths[3]));
    damaged[damaged.length - 5000] ^= 1;
    writeFileSync(join(project, "captures", paths[3]), damaged);
    const { stdout, stderr, exitCode } = await smilec(["skew", "--json"], { cwd: project });
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout) as SkewReport;
    expect(report.serving).toMatchObject({ captures: 2 * PRESSES - 2, presses: PRESSES, damaged: 2 });
    expect(report.damaged[0]).toBe(`${paths[0]}: the picture is missing`);
    expect(report.damaged[1]).toContain("CRC");
    expect(stderr).toContain("2 pictures are left out");
    for (const path of paths.slice(0, 60)) writeFileSync(join(project, "captures", path), "");
    const failed = await smilec(["skew"], { cwd: project });
    expect(failed.exitCode).toBe(2);
    expect(failed.stderr).toContain("60 pictures are damaged, which leaves 18 of the 30 presses");
  });

  it("refuses with what to do: no captures, too few, no training pictures, a newer catalogue", async () => {
    const project = copyOf(plain);
    const fails = async (words: string) => {
      const { stderr, stdout, exitCode } = await smilec(["skew"], { cwd: project });
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(words);
      expect(stderr).not.toContain("    at ");
    };
    const catalogue = Catalogue.open(join(project, "captures"));
    for (const { id } of [...catalogue.captures()].slice(40)) catalogue.labels.markDeleted(id);
    catalogue.close();
    await fails("there are captures of only 20 presses; 30 presses are needed");
    const database = new Database(join(project, "captures", "catalogue.sqlite"));
    database.exec("PRAGMA user_version = 999");
    database.close();
    await fails("newer smilec");
    const empty = folder("skew-empty-");
    mkdirSync(join(empty, "captures"));
    cpSync(join(plain, "captures"), join(empty, "captures"), { recursive: true });
    writeFileSync(join(empty, "smilec.config.json"), CONFIG);
    const untrained = await smilec(["skew"], { cwd: empty });
    expect([untrained.exitCode, untrained.stderr]).toEqual([2, expect.stringContaining("no training pictures")]);
    const none = folder("skew-none-");
    writeFileSync(join(none, "smilec.config.json"), CONFIG);
    const missing = await smilec(["skew"], { cwd: none });
    expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining("there are no captures yet")]);
  });
});

describe("consistency", () => {
  it("says at which stage a capture is not what was logged, does without a model it lacks, and lets the bot have its own threshold", async () => {
    const catalogue = Catalogue.open(join(plain, "captures"));
    const [row] = [...catalogue.captures()];
    const capture = await readStoredCapture(catalogue.dir, row);
    catalogue.close();
    if (typeof capture === "string") throw new Error(capture);
    const check = new ConsistencyCheck(new CaptureReplayer({ dir: plain, modelFile: SHIPPED_MODEL }));
    const change = (more: object) => check.add({ ...capture, metadata: { ...capture.metadata, ...more } });
    await change({});
    await change({ inputCrc: 1 });
    await change({ outputs: capture.metadata.outputs.map((value) => value ^ 1), model: "0000000000000000" });
    await change({ outputs: capture.metadata.outputs.map((value) => value ^ 1) });
    await change({ threshold: capture.metadata.threshold + (capture.metadata.smile ? -3 : 3) });
    const { differences, ...counts } = check.finish();
    expect(counts).toEqual({ captures: 5, withModel: 4, equal: 3, different: 2 });
    expect(differences[0]).toContain("preprocess, input crc: logged 00000001");
    expect(differences[1]).toContain("model, outputs");
  });
});

describe("smilec skew fit", () => {
  it("writes strengths on consent only, keeps comments, and comes nearer to the captures", async () => {
    const project = copyOf(backlit);
    const config = join(project, "smilec.config.json");
    const asked = await smilec(["skew", "fit", "-q", "--sheet", "before.png"], { cwd: project });
    expect(asked.exitCode).toBe(0);
    expect(asked.stdout).toContain("Nothing was written");
    expect(readFileSync(config, "utf8")).toBe(CONFIG);
    expect(existsSync(join(project, "before.png"))).toBe(true);
    const { stdout, exitCode } = await smilec(["skew", "fit", "--json", "--yes"], { cwd: project });
    expect(exitCode).toBe(0);
    const fit = JSON.parse(stdout);
    expect(fit.distance.after).toBeLessThan(0.9 * fit.distance.before);
    expect(fit.auc.after.value).toBeLessThanOrEqual(fit.auc.before.value);
    expect(fit.changes.map(({ key }: { key: string }) => key)).toContain("backlight");
    const written = readFileSync(config, "utf8");
    expect(written).toContain("// the nose in the hall");
    expect(written).toContain('"backlight"');
    // A configuration that a command can still read.
    expect((await smilec(["data", "stats", "-q"], { cwd: project })).exitCode).toBe(0);
  });

  it("finds them for a retraining too, from captures that nobody has judged", async () => {
    const project = await openProject(backlit);
    const catalogue = openCaptures(project);
    const { augment, skew } = await syntheticSkew(project, await obtainPictures(project, context), catalogue, context);
    catalogue?.close();
    expect(skew.origin).toBe("captures");
    expect(skew.changes.map(({ key }) => key)).toContain("backlight");
    expect(augment.backlight.probability).toBeGreaterThan(project.config.train.augment.backlight.probability);
  });
});

function capturePaths(project: string): string[] {
  const catalogue = Catalogue.open(join(project, "captures"));
  const paths = [...catalogue.captures()].map(({ path }) => path);
  catalogue.close();
  return paths;
}
