/** The whole bot with each detector: what it found, where it looked and what it answered is what the reference computes from the logged frame. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Capture } from "#smilec/captures/read-segment.js";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import { formatCascade } from "#smilec/locate/classic/cascade.js";
import { encodeNeuralModel } from "#smilec/locate/neural/model.js";
import type { Detector } from "#smilec/locate/types.js";
import { type FaceDetector, readDetector } from "#smilec/pipeline/detector.js";
import type { Model } from "#smilec/pipeline/model.js";
import { simulate } from "#smilec/simulate/simulate.js";
import { randomCascade } from "../support/cascades.js";
import { OPTIMIZED } from "../support/compile.js";
import { generatedModel, HostBot, smallBundle } from "../support/host-bot.js";
import { Random } from "../support/random.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { tinyDetector } from "../support/tiny-detector.js";

const folder = temporaryFolders();
const [WIDTH, HEIGHT] = [160, 120];
const bundle = smallBundle(39);
const PEOPLE = 16;

/** Drawn people, five frames of each, between frames of nothing. */
function film(): string {
  const frames = Array.from({ length: PEOPLE }, (_, i) => {
    const { pixels } = drawnFrame(3, i, WIDTH, HEIGHT).image;
    return i % 4 === 3 ? new Uint8Array(pixels.length).fill(40 + i) : pixels;
  });
  const path = join(folder(), "people.gray");
  writeFileSync(path, Buffer.concat(frames.flatMap((frame) => Array(5).fill(frame))));
  return path;
}

const DETECTORS: readonly [string, () => Promise<FaceDetector>][] = [
  [
    "classic",
    async () => readDetector("classic", Buffer.from(formatCascade(randomCascade(new Random(4), 18, 24))), "a test"),
  ],
  [
    "neural",
    async () => {
      const { graph, description } = await tinyDetector();
      return readDetector("neural", encodeNeuralModel(graph, description), "a test");
    },
  ],
];

describe.each(DETECTORS)("a bot with the %s locator", (kind, make) => {
  let detector: FaceDetector;
  let threshold: number;
  let bot: HostBot;

  beforeAll(async () => {
    detector = await make();
    threshold = medianConfidence(detector.open());
    bot = await HostBot.build({
      flags: OPTIMIZED,
      model: { ...(await generatedModel(bundle)), ...detector.emit({ provenance: "a test" }).files },
      config: {
        LOCATOR: `SM_LOCATOR_${kind.toUpperCase()}`,
        LOCATOR_X: "500",
        LOCATOR_Y: "500",
        LOCATOR_SIZE: "1000",
        LOCATOR_THRESHOLD: `${threshold}`,
        LOCATOR_HASH: `"${detector.hash}"`,
        FRAME_WIDTH: `${WIDTH}`,
        FRAME_HEIGHT: `${HEIGHT}`,
      },
    });
  }, 240_000);
  afterAll(() => bot?.dispose());

  /** One that some of the people reach and some don't. */
  function medianConfidence(opened: Detector): number {
    const best = Array.from({ length: PEOPLE }, (_, i) => {
      const candidates = opened.candidates(drawnFrame(3, i, WIDTH, HEIGHT).image);
      return Math.max(0, ...candidates.map(({ confidence }) => confidence));
    });
    return Math.max(1, best.sort((a, b) => a - b)[PEOPLE / 2]);
  }

  async function play(looking: Detector) {
    const captures: Capture[] = [];
    // The program was built with this hash.
    const model = { ...bundle, sha256: "0123456789abcdef".padEnd(64, "0") } as unknown as Model;
    const result = await simulate({
      scene: { raw: film(), width: WIDTH, height: HEIGHT },
      program: bot.path,
      model,
      detector: looking,
      whole: false,
      golden: true,
      context: recordingContext(),
      onCapture: (_, capture) => captures.push(capture),
    });
    return { result, captures };
  }

  it("answers as the reference does, and says so when nobody is there", async () => {
    const { result, captures } = await play(detector.open());
    expect(result.golden).toMatchObject({ captures: 3 * result.presses.length, differences: [] });
    const nobody = result.presses.filter((press) => press.nobody);
    expect(nobody.length).toBeGreaterThan(0);
    expect(result.presses.length - nobody.length).toBeGreaterThan(1);
    expect(nobody.every(({ smile }) => !smile)).toBe(true);
    for (const { metadata } of captures) {
      expect(metadata.locator).toMatchObject({ kind, model: detector.hash, threshold });
      expect(metadata.box.width).toBe(metadata.box.height);
    }
    // It looks where somebody is, not always at the same place.
    expect(new Set(captures.map(({ metadata: { box } }) => JSON.stringify(box))).size).toBeGreaterThan(2);
  });

  it("is seen through when the desk has another detector, or one that finds other boxes", async () => {
    const other: Detector = { hash: "feedfeedfeedfeed", spread: 0, candidates: () => [] };
    const { result } = await play(other);
    expect(result.golden?.differences[0]).toContain(
      `detector is ${detector.hash} on the card and feedfeedfeedfeed by the reference`,
    );
    const blind: Detector = { hash: detector.hash, spread: 0, candidates: () => [] };
    const { result: seen } = await play(blind);
    expect(seen.golden?.differences.some((one) => /box: (box|confidence) is/.test(one))).toBe(true);
  });
});
