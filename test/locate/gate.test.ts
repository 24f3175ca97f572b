/** The gate of `smilec locate train`: two detectors on held-out captures and on composed scenes, the rule, and what becomes of the new one. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { NO_FACE } from "#smilec/captures/catalogue/types.js";
import { configSchema } from "#smilec/config/schema.js";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import type { Box, GrayImage } from "#smilec/data/types.js";
import { compareOnCaptures } from "#smilec/locate/evaluate/captures.js";
import { compareOnScenes } from "#smilec/locate/evaluate/compare.js";
import { testScene } from "#smilec/locate/evaluate/test-scenes.js";
import type { Contestant } from "#smilec/locate/evaluate/types.js";
import { detectorVerdict, FEWEST_PRESSES } from "#smilec/locate/evaluate/verdict.js";
import { capturedScenes } from "#smilec/locate/train/captured.js";
import type { Candidate } from "#smilec/locate/types.js";
import { presentDetector, readDetector } from "#smilec/pipeline/detector.js";
import { compareDetectors } from "#smilec/pipeline/locate-gate.js";
import { openProject } from "#smilec/pipeline/project.js";
import { peopleOf } from "#smilec/pipeline/scenes.js";
import { heldOutSplit } from "#smilec/retrain/captured.js";
import { drawnPeople } from "#smilec/scenes/people.js";
import { FRAME, pressedCard, pullCard } from "../support/captures.js";
import type { HostBot } from "../support/host-bot.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { blindDetector } from "../support/tiny-detector.js";

jest.setTimeout(400_000);

const folder = temporaryFolders();
const DAY_MS = 86_400_000;
const PRESSES = 24;
/** The card's captures were made in one start of the bot: one group, held out with the largest share. */
const config = configSchema.parse({ retrain: { heldOut: 0.8 } });
let bot: HostBot;
let card: string;
beforeAll(async () => {
  ({ bot, card } = await pressedCard(PRESSES));
}, 240_000);
afterAll(() => bot?.dispose());

/** All captures of the card, two a press, judged by `say`: a label and, where a face is, its box. */
async function judged(say: (press: number) => Box | typeof NO_FACE): Promise<{ dir: string; catalogue: Catalogue }> {
  const dir = folder("gate-");
  await pullCard(card, join(dir, "captures"), undefined);
  const catalogue = Catalogue.open(join(dir, "captures"));
  for (const { id, metadata } of [...catalogue.captures()]) {
    const said = say(metadata.press);
    const label = said === NO_FACE ? NO_FACE : "smile";
    catalogue.labels.judge(id, { pass: 1, label, box: said === NO_FACE ? undefined : said, atMs: 1 });
  }
  return { dir, catalogue };
}

const square = (x: number, y: number, side: number): Box => ({ x, y, width: side, height: side });
const FACE = square(40, 20, 60);

/** Answers each frame it is shown with the next of `answers`. */
function scripted(answers: readonly (readonly Candidate[])[], threshold = 500): Contestant {
  let shown = 0;
  return { name: "scripted", threshold, spread: 1000, candidates: () => answers[shown++] };
}

const at = (box: Box, confidence = 900): Candidate[] => [{ box, confidence }];

describe("right answers on captures", () => {
  const heldOut = (catalogue: Catalogue) => capturedScenes(catalogue, config).heldOut;

  it("meet the face with half of the box, or find nobody where nobody is; a press counts once", async () => {
    const { catalogue } = await judged((press) => (press === 1 ? FACE : NO_FACE));
    const scenes = heldOut(catalogue).slice(0, 4);
    expect(scenes.map(({ shows }) => shows)).toEqual(["corrected", "corrected", "nobody", "nobody"]);
    // 40 of 60 pixels across: IoU 0.5. 39: less.
    const [met, missed] = [square(60, 20, 60), square(61, 20, 60)];
    const before = scripted([at(met), at(missed), [], at(FACE, 499)]);
    const after = scripted([at(FACE, 499), [], [], at(FACE)]);
    const comparison = await compareOnCaptures(catalogue, scenes, { before, after }, recordingContext());
    expect(comparison).toMatchObject({ presses: 2, captures: 4, groups: 1 });
    expect([comparison.before.value, comparison.after.value]).toEqual([0.75, 0.25]);
    // One bot's day says nothing of others.
    expect(comparison.change).toEqual({ value: -0.5, low: null, high: null });
    catalogue.close();
  });

  it("are of the box that the bot would choose, not of the best candidate", async () => {
    const { catalogue } = await judged(() => FACE);
    const [scene] = heldOut(catalogue);
    const both = [...at(square(0, 0, 20), 950), ...at(FACE, 600)];
    const pair = { before: scripted([both], 700), after: scripted([both], 500) };
    const { before, after } = await compareOnCaptures(catalogue, [scene], pair, recordingContext());
    expect([before.value, after.value]).toEqual([0, 1]);
    catalogue.close();
  });

  it("weigh a press the same however many of its frames can be read: a damaged one is left out with a warning", async () => {
    const { dir, catalogue } = await judged(() => FACE);
    const scenes = heldOut(catalogue).slice(0, 4);
    const { path } = catalogue.capture(scenes[0].capture)!;
    const file = join(dir, "captures", path);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    const context = recordingContext();
    const pair = { before: scripted([at(FACE), [], []]), after: scripted([[], at(FACE), []]) };
    const comparison = await compareOnCaptures(catalogue, scenes, pair, context);
    expect(comparison).toMatchObject({ presses: 2, captures: 3 });
    expect([comparison.before.value, comparison.after.value]).toEqual([0.5, 0.25]);
    expect(context.lines.filter((line) => line.includes("is left out"))).toEqual([
      expect.stringMatching(`^${path} is left out: the picture is damaged`),
    ]);
    catalogue.close();
  });

  it("are asked of the frame as it was captured, one after the other, with progress", async () => {
    const { catalogue } = await judged(() => FACE);
    const frames: GrayImage[] = [];
    const seeing = { ...scripted([]), candidates: (frame: GrayImage) => at(FACE, frames.push(frame)) };
    const context = recordingContext();
    await compareOnCaptures(
      catalogue,
      heldOut(catalogue).slice(0, 2),
      { before: seeing, after: scripted([[], []]) },
      context,
    );
    expect(frames.map(({ width, height }) => ({ width, height }))).toEqual([FRAME, FRAME]);
    expect(context.lines).toEqual(["compare 1/2 captures", "compare 2/2 captures"]);
    catalogue.close();
  });

  it("are asked of no capture that was withdrawn, deleted or refused", async () => {
    const { dir, catalogue } = await judged(() => FACE);
    const all = [...catalogue.captures()];
    const [withdrawn, deleted, refused] = all;
    catalogue.pulls.withdraw(withdrawn.key, 1);
    catalogue.labels.markDeleted(deleted.id);
    catalogue.labels.setConsent(refused.id, "refused");
    for (const { path } of [withdrawn, deleted, refused]) rmSync(join(dir, "captures", path), { force: true });
    const context = recordingContext();
    const answers = all.map(() => []);
    const pair = { before: scripted(answers), after: scripted(answers) };
    const { captures } = await compareOnCaptures(catalogue, heldOut(catalogue), pair, context);
    expect(captures).toBe(all.length - 3);
    expect(context.lines.filter((line) => line.includes("left out"))).toEqual([]);
    catalogue.close();
  });
});

describe("captures that are held out", () => {
  it("are those of the days that retraining holds out, and none of them is trained on", async () => {
    const half = configSchema.parse({ retrain: { heldOut: 0.5 } });
    const dir = folder("days-");
    await pullCard(card, dir, undefined);
    const opened = Catalogue.open(dir);
    const { device } = [...opened.captures()][0].key;
    opened.close();
    rmSync(dir, { recursive: true });
    const isHeldOut = (day: number) =>
      heldOutSplit(`${device}/${new Date(day * DAY_MS).toISOString().slice(0, 10)}`, half) === "test";
    let day = 20_000;
    while (!isHeldOut(day) || isHeldOut(day + 1)) day++;
    // Presses are an hour apart, the first at one o'clock in the afternoon.
    await pullCard(card, dir, day * DAY_MS + DAY_MS / 2);
    const catalogue = Catalogue.open(dir);
    const all = [...catalogue.captures()];
    for (const { id } of all) catalogue.labels.judge(id, { pass: 1, label: "smile", box: FACE, atMs: 1 });
    const { scenes, heldOut } = capturedScenes(catalogue, half);
    const before = (ms: number) => all.filter(({ taken }) => taken!.ms < ms).map(({ id }) => id);
    expect(heldOut.map(({ capture }) => capture)).toEqual(before((day + 1) * DAY_MS));
    expect(heldOut.length + scenes.length).toBe(all.length);
    expect(scenes.length).toBeGreaterThan(0);
    catalogue.close();
  });
});

describe("two detectors on the same composed scenes", () => {
  const scenes = { people: { ...drawnPeople(1, "val"), count: 40 }, count: 16, seed: 5, width: 160, height: 120 };
  const truth = Array.from({ length: scenes.count }, (_, i) => testScene(scenes, i).faces);
  const faces = truth.flat().length;
  const resampling = { resamples: 60, seed: 1 };
  const compare = (before: Contestant, after: Contestant) =>
    compareOnScenes({ scenes, before, after, resampling, context: recordingContext() });
  const seeing = (confidence: number) => scripted(truth.map((found) => found.map(({ box }) => ({ box, confidence }))));

  it("differ by what one finds and the other does not, each at its own threshold", async () => {
    const wrong = scripted(truth.map(() => at(square(0, 0, 4))));
    const { count, before, after, change, ...rest } = await compare(wrong, seeing(600));
    expect([count, rest.faces]).toEqual([16, faces]);
    expect([before, after].map(({ averagePrecision }) => averagePrecision.value)).toEqual([0, 1]);
    expect(change.averagePrecision).toEqual({ value: 1, low: 1, high: 1 });
    expect(change.recall.value).toBe(1);
    expect([before, after].map(({ falseFacesPer100 }) => falseFacesPer100.value)).toEqual([100, 0]);
    // Average precision knows no threshold, recall does.
    const weak = (await compare(seeing(600), seeing(400))).change;
    expect([weak.averagePrecision.value, weak.recall.value]).toEqual([0, -1]);
  });

  it("that answer alike do not differ on any draw, whoever is drawn", async () => {
    const half = () =>
      scripted(truth.map((found, i) => (i % 2 === 0 ? found.map(({ box }) => ({ box, confidence: 700 })) : [])));
    const { before, change } = await compare(half(), half());
    expect(before.recall.high).toBeGreaterThan(before.recall.low!);
    expect(change.recall).toEqual({ value: 0, low: 0, high: 0 });
    expect(change.averagePrecision).toEqual({ value: 0, low: 0, high: 0 });
  });
});

describe("the rule", () => {
  const changed = (value: number | null) => ({ value, low: null, high: null });
  const captures = (value: number | null, presses = FEWEST_PRESSES) => ({ presses, change: changed(value) });
  const scenes = (averagePrecision: number | null) => ({
    change: { averagePrecision: changed(averagePrecision), recall: changed(-1), falseFacesPer100: changed(50) },
  });

  it.each<[string, Parameters<typeof detectorVerdict>, boolean, RegExp, RegExp]>([
    ["more right answers, the same on scenes", [captures(0.01), scenes(0)], true, /: better$/, /: not worse by 1.0/],
    [
      "more right answers, a point lower on scenes",
      [captures(0.01), scenes(0.89 - 0.9)],
      true,
      /: better$/,
      /: not worse/,
    ],
    [
      "more right answers, more than a point lower",
      [captures(0.5), scenes(-0.011)],
      false,
      /: better$/,
      /: worse by 1.0/,
    ],
    ["as many right answers, better on scenes", [captures(0), scenes(0.2)], false, /: not better$/, /: not worse/],
    ["as many but for rounding", [captures(1e-16), scenes(0.2)], false, /: not better$/, /: not worse/],
    [
      "fewer right answers",
      [captures(-0.01), scenes(0.2)],
      false,
      /changes by −1.0 points .*: not better$/,
      /: not worse/,
    ],
    ["no figure on scenes", [captures(0.5), scenes(null)], false, /: better$/, /not defined: no face: worse/],
    [
      "too few presses, as good on scenes",
      [captures(-0.5, 19), scenes(0)],
      true,
      /^too few production frames were seen: 19 held-out presses .* 20 are needed$/,
      /: not lower$/,
    ],
    ["too few presses, a little lower", [captures(0.5, 19), scenes(-0.001)], false, /^too few/, /: lower$/],
    ["one press", [captures(1, 1), scenes(0.1)], true, /: 1 held-out press with/, /: not lower$/],
    [
      "none that could be read",
      [captures(null, 0), scenes(0.1)],
      true,
      /^no production frame was seen/,
      /: not lower$/,
    ],
    ["no captures", [undefined, scenes(0)], true, /^no production frame was seen/, /: not lower$/],
    ["no captures, lower", [undefined, scenes(-0.0001)], false, /^no production frame was seen/, /: lower$/],
    ["neither", [undefined, scenes(null)], false, /^no production frame was seen/, /not defined: no face: lower$/],
  ])("with %s", (_, [onCaptures, onScenes], ships, first, second) => {
    const verdict = detectorVerdict(onCaptures, onScenes);
    expect(verdict).toEqual({ ships, reasons: [expect.stringMatching(first), expect.stringMatching(second)] });
  });
});

describe("the detector that comes with smilec beside one that sees nobody", () => {
  /** Presses show the drawn faces one after the other, from 1. */
  const drawnFace = (press: number) => drawnFrame(5, press - 1, FRAME.width, FRAME.height).box;
  const compare = async (say: (press: number) => Box | typeof NO_FACE, locator: object) => {
    const { dir, catalogue } = await judged(say);
    writeFileSync(join(dir, "smilec.config.json"), JSON.stringify({ locator, retrain: { heldOut: 0.8 } }));
    const project = await openProject(dir);
    const shipped = (await presentDetector(dir, "neural"))!;
    const blind = readDetector("neural", await blindDetector(), "blind");
    const { heldOut } = capturedScenes(catalogue, project.config);
    const people = await peopleOf(dir, "val");
    const pair = (before: typeof blind, after: typeof blind) =>
      compareDetectors({
        project,
        before,
        after,
        catalogue,
        heldOut,
        people,
        inputs: [],
        scenes: 4,
        context: recordingContext(),
      });
    const result = [await pair(blind, shipped), await pair(shipped, blind)];
    catalogue.close();
    return result;
  };

  it("takes its place, for its answers to real captures and on scenes; not the other way round", async () => {
    const [better, worse] = await compare(drawnFace, { kind: "neural" });
    expect(better).toMatchObject({
      ships: true,
      captures: { presses: PRESSES, captures: 2 * PRESSES, before: { value: 0 } },
    });
    expect(better.captures!.after.value).toBeGreaterThan(0.5);
    expect(better.scenes.change.averagePrecision.value).toBeGreaterThan(0.5);
    expect(worse.ships).toBe(false);
    expect(worse.captures!.change.value).toBe(-better.captures!.change.value!);
  });

  it("stays where the other would only be right where nobody is", async () => {
    const [, blind] = await compare(() => NO_FACE, { kind: "neural" });
    expect(blind.captures!.after.value).toBe(1);
    expect(blind).toMatchObject({
      ships: false,
      reasons: [expect.stringMatching(/: better$/), expect.stringMatching(/: worse by 1.0 points$/)],
    });
  });

  it("is measured at the project's threshold where that is set for such detectors, else at its own", async () => {
    const shares = async (locator: object) => (await compare(drawnFace, locator))[0].captures!.after.value;
    expect(await shares({ kind: "neural", threshold: 1000 })).toBe(0);
    expect(await shares({ kind: "classic", threshold: 1000 })).toBeGreaterThan(0.5);
  });
});
