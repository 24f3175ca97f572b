/** Captures as training data for the face detector: what counts as evidence of a face, where it lies when reduced, and a detector trained on it, compared and shipped. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { NO_FACE, UNSURE } from "#smilec/captures/catalogue/types.js";
import { configSchema } from "#smilec/config/schema.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { decodeNeuralModel } from "#smilec/locate/neural/model.js";
import { addCaptures, capturedScenes } from "#smilec/locate/train/captured.js";
import { ScenePool } from "#smilec/locate/train/scene-pool.js";
import { keptDetector } from "#smilec/pipeline/deployed.js";
import { readDetector } from "#smilec/pipeline/detector.js";
import type { LocateTrainResult } from "#smilec/pipeline/locate-train.js";
import { capturedSet, heldOutSplit } from "#smilec/retrain/captured.js";
import { FRAME, pressedCard, pullCard } from "../support/captures.js";
import { smilec } from "../support/cli.js";
import type { HostBot } from "../support/host-bot.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { blindDetector } from "../support/tiny-detector.js";

jest.setTimeout(400_000);

const folder = temporaryFolders();
/** The bot was started once: its captures are one group, and not the one in ten that is held out. */
const config = configSchema.parse({ retrain: { heldOut: 0.1 } });
const DAY_MS = 86_400_000;
const BOX = { x: 40, y: 20, width: 60, height: 60 };
let bot: HostBot;
let card: string;
beforeAll(async () => {
  ({ bot, card } = await pressedCard(8));
}, 240_000);
afterAll(() => bot?.dispose());

/** A project with the captures of the card: two corrected boxes, one without a face, one whose square was only judged, one unsure; three unjudged. */
async function judgedProject(heldOut = 0.1): Promise<string> {
  const dir = folder("locate-train-");
  writeFileSync(
    join(dir, "smilec.config.json"),
    JSON.stringify({ data: { synthetic: { count: 100 } }, retrain: { heldOut } }),
  );
  await pullCard(card, join(dir, "captures"), undefined);
  const catalogue = Catalogue.open(join(dir, "captures"));
  const [a, b, c, d, e] = [...catalogue.captures()].map(({ id }) => id);
  const say = (id: number, label: string, box?: typeof BOX) =>
    catalogue.labels.judge(id, { pass: 1, label, box, atMs: 1 });
  say(a, "smile", BOX);
  say(b, "neutral", { ...BOX, x: 10 });
  say(c, NO_FACE);
  say(d, "smile");
  say(e, UNSURE);
  catalogue.close();
  return dir;
}

/** Hashes of all files of a project but what can be computed again, and SQLite's, which reading tidies. */
function contents(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => relative(dir, join(parentPath, name))).sort();
  const kept = paths.filter((path) => !path.startsWith(".smilec") && !path.includes("catalogue.sqlite"));
  const hash = (path: string) =>
    createHash("sha256")
      .update(readFileSync(join(dir, path)))
      .digest("hex");
  return Object.fromEntries(kept.map((path) => [path, hash(path)]));
}

describe("judged captures", () => {
  it("are evidence where a person drew the box or saw nobody, not where a fixed square was judged", async () => {
    const catalogue = Catalogue.open(join(await judgedProject(), "captures"));
    const { scenes, key } = capturedScenes(catalogue, config);
    expect(scenes.map(({ shows }) => shows)).toEqual(["corrected", "corrected", "nobody"]);
    expect(scenes[0].face).toEqual(BOX);
    catalogue.labels.judge(scenes[2].capture, { pass: 1, label: "smile", box: BOX, atMs: 2 });
    expect(capturedScenes(catalogue, config).key).not.toBe(key);
    catalogue.close();
  });

  it.each([
    ["all", 0],
    ["the last", -1],
  ])(
    "of a press around midnight are held out with the day it began, %s of its frames being judged",
    async (_, from) => {
      const first = await judgedProject();
      const opened = Catalogue.open(join(first, "captures"));
      const { device } = [...opened.captures()][0].key;
      opened.close();
      const day = (index: number) => new Date(index * DAY_MS).toISOString().slice(0, 10);
      const isHeldOut = (index: number) => heldOutSplit(`${device}/${day(index)}`, config) === "test";
      let midnight = 20_000;
      while (!isHeldOut(midnight - 1) || isHeldOut(midnight)) midnight++;
      const dir = folder("midnight-");
      // The second press begins half a second before.
      await pullCard(card, dir, midnight * DAY_MS - 2 * 3_600_000 - 500, 1000);
      const catalogue = Catalogue.open(dir);
      const all = [...catalogue.captures()];
      const around = all.filter(({ metadata }) => metadata.press === 2).map(({ id }) => id);
      const later = all.filter(({ metadata }) => metadata.press > 2).map(({ id }) => id);
      const judged = [...around.slice(from), ...later];
      for (const id of judged) catalogue.labels.judge(id, { pass: 1, label: "smile", box: BOX, atMs: 1 });
      const { scenes, heldOut } = capturedScenes(catalogue, config);
      expect(scenes.map(({ capture }) => capture)).toEqual(later);
      expect(heldOut.map(({ capture }) => capture)).toEqual(around.slice(from));
      const { pictures } = capturedSet(catalogue, config);
      expect(pictures.filter(({ split }) => split === "test").map(({ capture }) => capture)).toEqual(
        around.slice(from),
      );
      catalogue.close();
    },
  );

  it("lie in the pool reduced, with the face where it is", async () => {
    const catalogue = Catalogue.open(join(await judgedProject(), "captures"));
    const { scenes } = capturedScenes(catalogue, config);
    const pool = new ScenePool(FRAME.width / 2, FRAME.height / 2, 6);
    const counts = await addCaptures(pool, catalogue, scenes, 2, recordingContext());
    expect(counts).toEqual({ added: 3, otherShape: 0, damaged: 0 });
    expect(pool.count).toBe(6);
    expect(pool.scenes[0].faces).toEqual([{ x: 35, y: 25, side: 30, counts: true }]);
    expect(pool.scenes[4]).toEqual({ faces: [], fixtures: [] });
    const square = new ScenePool(64, 64, 6);
    expect(await addCaptures(square, catalogue, scenes, 1, recordingContext())).toMatchObject({
      added: 0,
      otherShape: 3,
    });
    catalogue.close();
  });
});

describe("smilec locate train", () => {
  const recipe = {
    kind: "neural",
    seed: 1,
    imports: ["any"],
    canvas: { width: 64, height: 64 },
    frame: { width: 64, height: 48 },
    normalize: "standardize",
    scenes: { train: 24, validation: 8, faces: [0.2, 0.8], sizes: [0.2, 0.6] },
    mining: { after: [1], look: 8, keep: 4 },
    train: {
      epochs: 2,
      cropEpochs: 1,
      cropSide: 32,
      batchSize: 4,
      learningRate: 0.002,
      warmupEpochs: 0.25,
      weightDecay: 0.001,
      averaging: 0.9,
      hardShare: 0.15,
    },
    quantize: { calibration: 8, percentile: 99.9, epochs: 0, learningRate: 0.0002 },
    falseFaces: 0.5,
    spread: 200,
  };

  const own = (cwd: string) => join(cwd, "models", "face-neural", "model.tflite");
  const train = (cwd: string, ...options: string[]) => {
    writeFileSync(join(cwd, "recipe.json"), JSON.stringify(recipe));
    return smilec(["locate", "train", "--recipe", "recipe.json", ...options], { cwd });
  };

  it("puts a detector where the firmware takes it from, and says what it learned from; the one before can still be had", async () => {
    const cwd = await judgedProject();
    const file = own(cwd);
    mkdirSync(join(file, ".."), { recursive: true });
    // Sees nobody, so that any detector is as good on scenes.
    writeFileSync(file, await blindDetector());
    const { hash } = readDetector("neural", readFileSync(file), file);
    const { stdout, stderr, exitCode } = await train(cwd, "--json");
    expect([exitCode, stderr]).toEqual([0, expect.anything()]);
    const result = JSON.parse(stdout) as LocateTrainResult;
    expect(result).toMatchObject({ captures: { corrected: 2, confirmed: 0, nobody: 1 }, people: "drawn people" });
    const model = decodeNeuralModel(readFileSync(file), file);
    expect(result).toMatchObject({ outcome: "shipped", before: hash, hash: model.hash, file });
    expect(model.description.canvas).toEqual(recipe.canvas);
    // 24 composed, 4 mined, and each capture twice
    expect(result.scenes).toBe(24 + 4 + 3 * 2);
    // Nothing of the only day is held out.
    expect(result.comparison).toMatchObject({ ships: true, scenes: { count: 8, before: { recall: { value: 0 } } } });
    expect(result.comparison!.captures).toBeUndefined();
    expect(result.comparison!.reasons[0]).toMatch(/no production frame was seen/);
    const kept = await keptDetector({ dir: cwd }, "neural", hash);
    expect(kept!.bytes).toEqual(await blindDetector());
  });

  it("leaves everything as it was when the new one is not better, keeps it to be looked at, and ships it by force", async () => {
    const cwd = await judgedProject(0.8);
    const shipped = join(packageRoot, "models", "face-neural");
    cpSync(shipped, join(own(cwd), ".."), { recursive: true });
    writeFileSync(join(cwd, "recipe.json"), JSON.stringify(recipe));
    const before = contents(cwd);
    const refused = await train(cwd);
    expect([refused.exitCode, contents(cwd)]).toEqual([1, before]);
    expect(refused.stderr).toMatch(/does not replace the one in service; the project is as it was/);
    // Two presses: both frames of the first, one of the second.
    expect(refused.stderr).toMatch(/too few production frames were seen: 2 held-out presses/);
    expect(refused.stderr).toMatch(/average precision on composed validation scenes changes by −.*: lower/);
    expect(refused.stdout).toMatch(/^held-out captures, 2 presses +right answers/m);
    expect(refused.stdout).toMatch(/^validation scenes, 8 +average precision +\d+\.\d %/m);
    const [, candidate] = refused.stderr.match(/--locator neural,neural=(\S+tflite)/)!;
    const looked = await smilec(["locate", "eval", "--scenes", "4", "--json", "--locator", `neural=${candidate}`], {
      cwd,
    });
    expect([looked.exitCode, looked.stderr]).toEqual([0, expect.anything()]);

    const forced = await train(cwd, "--force");
    expect([forced.exitCode, readFileSync(own(cwd)).equals(readFileSync(candidate))]).toEqual([0, true]);
    expect(forced.stdout).toMatch(/in service, as --force says, instead of/);
    const card = JSON.parse(readFileSync(join(own(cwd), "..", "card.json"), "utf8"));
    expect(card).toMatchObject({
      outcome: "forced",
      comparison: { ships: false, captures: { presses: 2, captures: 3 } },
      recipe,
    });
    const old = readDetector("neural", readFileSync(join(shipped, "model.tflite")), "shipped");
    expect(card.before).toBe(old.hash);
    expect(readFileSync(join(cwd, "deployed", old.hash, "model.tflite")).equals(old.bytes)).toBe(true);

    const after = contents(cwd);
    const again = await train(cwd, "--force");
    expect([again.exitCode, contents(cwd)]).toEqual([0, after]);
    expect(again.stdout).toMatch(/is in service already: nothing to do/);
  });

  it.each([
    ["that is not there", undefined, /there is no such recipe/],
    ["that is none", "{}", /the recipe of the detector is wrong/],
  ])("refuses a recipe %s", async (_, text, message) => {
    const cwd = folder();
    writeFileSync(join(cwd, "smilec.config.json"), "{}");
    if (text !== undefined) writeFileSync(join(cwd, "recipe.json"), text);
    const { stderr, exitCode } = await smilec(["locate", "train", "--recipe", "recipe.json"], { cwd });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(exitCode).toBe(2);
  });
});
