/** What the firmware logged, computed again by the TypeScript reference: equal, and every fault found where it arose. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { payloadCrc } from "#smilec/captures/format.js";
import { formatMetadata } from "#smilec/captures/metadata.js";
import type { Capture } from "#smilec/captures/read-segment.js";
import { replayCapture, replayPress } from "#smilec/captures/replay.js";
import type { ModelBundle } from "#smilec/graph/bundle.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { OPTIMIZED } from "../support/compile.js";
import { generatedModel, HostBot, randomPictures, readCaptures, smallBundle } from "../support/host-bot.js";
import { Random } from "../support/random.js";

const bundle = smallBundle(39);
const interpreter = new ReferenceInterpreter(bundle.graph);
let captures: Capture[];
let bot: HostBot;

beforeAll(async () => {
  bot = await HostBot.build({
    flags: OPTIMIZED,
    model: await generatedModel(bundle),
    config: { SLOTS_PER_SEGMENT: "1000" },
  });
  const card = bot.makeCard();
  await bot.press(bot.writePictures(randomPictures(new Random(1), 100)), card);
  captures = await readCaptures(join(card, "SEG00001.TAR"));
}, 240_000);
afterAll(() => bot?.dispose());

/** The capture as it would have been logged with other metadata or pixels: CRC and texts fit. */
function relogged(capture: Capture, changes: Partial<Capture["metadata"]>, flipPixel = false): Capture {
  const { frame } = capture;
  const metadata = { ...capture.metadata, ...changes };
  const payload = Uint8Array.from(capture.payload);
  payload.set(formatMetadata({ metadata, width: frame.width, height: frame.height }));
  const pixels = payload.subarray(1024, 1024 + frame.width * frame.height);
  if (flipPixel) pixels[middleOfBox(capture)] ^= 0x80;
  return {
    ...capture,
    metadata,
    payload,
    frame: { ...frame, pixels },
    header: { ...capture.header, payloadCrc: payloadCrc(payload) },
  };
}

function middleOfBox({ frame, metadata: { box } }: Capture): number {
  return (box.y + (box.height >> 1)) * frame.width + box.x + (box.width >> 1);
}

/** A capture whose network tells one pixel from another. */
function large(): Capture {
  return captures.find(({ metadata }) => metadata.box.width >= 12)!;
}

const stages = (capture: Capture, model: ModelBundle = bundle) =>
  replayCapture(capture, model, interpreter).map(({ stage }) => stage);

describe("replay", () => {
  it("finds no difference in 300 captures of the host program", () => {
    expect(captures).toHaveLength(300);
    expect(captures.flatMap((capture) => replayCapture(capture, bundle, interpreter))).toEqual([]);
    expect(new Set(captures.map(({ metadata }) => metadata.outputs.join())).size).toBeGreaterThan(20);
    for (let i = 0; i < 300; i += 3) expect(replayPress(captures.slice(i, i + 3))).toEqual([]);
  });

  it("attributes a pixel that changed after it was logged to the frame", () => {
    const capture = large();
    const payload = Uint8Array.from(capture.payload);
    payload[1024] ^= 1;
    const pixels = payload.subarray(1024, 1024 + capture.frame.width * capture.frame.height);
    expect(stages({ ...capture, payload, frame: { ...capture.frame, pixels } })).toEqual(["frame"]);
  });

  it("attributes another box to the locator, and judges the rest by the box that was used", () => {
    const { box } = large().metadata;
    expect(stages(relogged(large(), { box: { ...box, width: box.width - 1 } }))).toContain("box");
    const { locator } = large().metadata;
    const moved = { ...locator, center: { ...locator.center, x: 0 } };
    expect(stages(relogged(large(), { locator: moved }))).toEqual(["box"]);
  });

  it("attributes an input that differs to the preprocessing", () => {
    expect(stages(relogged(large(), {}, true))).toEqual(["preprocess"]);
    expect(stages(relogged(large(), { inputCrc: large().metadata.inputCrc ^ 1 }))).toEqual(["preprocess"]);
    const other = {
      ...bundle,
      description: { ...bundle.description, preprocess: { size: 16, normalize: "none" as const } },
    };
    expect(stages(large(), other)).toEqual(["preprocess"]);
  });

  it("attributes other outputs to the network", () => {
    const [first, second] = large().metadata.outputs;
    const differences = replayCapture(
      relogged(large(), {
        outputs: [first, second === 127 ? 126 : second + 1],
        margin: (second === 127 ? 126 : second + 1) - first,
      }),
      bundle,
      interpreter,
    );
    expect(differences).toMatchObject([{ stage: "model", what: "outputs", replayed: `${first},${second}` }]);
    const another = new ReferenceInterpreter(smallBundle(14).graph);
    const changed = captures.filter((capture) =>
      replayCapture(capture, bundle, another).some(({ stage }) => stage === "model"),
    );
    expect(changed.length).toBeGreaterThan(250);
  });

  it("notices another model by its hash before comparing outputs", () => {
    const differences = replayCapture(large(), bundle, interpreter, { modelHash: "ffffffffffffffff" });
    expect(differences).toMatchObject([{ stage: "model", what: "model hash", recorded: "0123456789abcdef" }]);
    expect(replayCapture(large(), bundle, interpreter, { modelHash: "0123456789abcdef" })).toEqual([]);
  });

  it.each([
    ["margin", (capture: Capture) => ({ margin: capture.metadata.margin + 1 })],
    ["threshold", (capture: Capture) => ({ threshold: capture.metadata.threshold - 1000, smile: true })],
    ["decision", (capture: Capture) => ({ smile: !capture.metadata.smile })],
    ["positive label", (capture: Capture) => ({ positive: 0, margin: -capture.metadata.margin })],
  ])("attributes a wrong %s to the decision", (what, change) => {
    const differences = replayCapture(relogged(large(), change(large())), bundle, interpreter);
    expect(differences).toMatchObject([{ stage: "decision", what, sequence: large().header.sequence }]);
  });

  it("checks the sum of a whole press, and that its captures agree", () => {
    const press = captures.slice(0, 3);
    const sum = press[0].metadata.sum + 1;
    expect(replayPress(press.map((capture) => relogged(capture, { sum })))).toMatchObject([
      { stage: "decision", what: "sum" },
    ]);
    expect(replayPress([press[0], relogged(press[1], { sum }), press[2]])).toMatchObject([
      { what: "sum", sequence: 2 },
    ]);
    expect(replayPress(press.slice(1))).toEqual([]);
    expect(replayPress([])).toEqual([]);
  });

  it("of a coin's captures checks everything up to the input", () => {
    const coin = relogged(large(), { engine: "coin", outputs: [], margin: 0, sum: 0, threshold: 0 });
    expect(stages(coin)).toEqual([]);
    expect(stages(relogged(large(), { engine: "coin", outputs: [], margin: 0 }, true))).toEqual(["preprocess"]);
  });
});
