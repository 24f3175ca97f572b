import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import type { NewCapture } from "#smilec/captures/catalogue/types.js";
import type { CaptureMetadata } from "#smilec/captures/metadata.js";
import { groupOf, judgedPictures } from "#smilec/label/judged-pictures.js";
import { labelStatus } from "#smilec/label/status.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const makeFolder = temporaryFolders();
let catalogue: Catalogue;
let pull = 0;

beforeEach(() => {
  catalogue = Catalogue.open(makeFolder());
  pull = catalogue.pulls.beginPull("folder", "a", 1);
});
afterEach(() => catalogue.close());

const NOON = Date.UTC(2026, 10, 24, 12);
const locatorBox = { x: 24, y: 24, width: 192, height: 192 };

/** Adds a capture; `hours` after noon, null: nobody knows when. */
function add(
  sequence: number,
  {
    hours = 0,
    errorMs = 0,
    press = sequence,
    device = 0xb07,
    boot = 1,
  }: { hours?: number | null; errorMs?: number; press?: number; device?: number; boot?: number } = {},
): number {
  const metadata = { device, epoch: 0xe0, sequence, boot, press, burstIndex: 1, box: locatorBox } as CaptureMetadata;
  const fields = {
    segment: 1,
    slot: 1,
    uptimeMs: 1,
    model: "00",
    config: 1,
    engine: "aot",
    sum: 1,
    threshold: 1,
    smile: true,
  } as const;
  const capture: NewCapture = {
    metadata: { ...metadata, ...fields },
    width: 320,
    height: 240,
    payloadCrc: 1,
    payloadBytes: 77_824,
    path: `${device}/${sequence}.pgm`,
    taken: hours === null ? undefined : { ms: NOON + hours * 3_600_000, errorMs },
    recovered: false,
  };
  catalogue.pulls.add(capture, pull);
  return catalogue.count();
}

const say = (id: number, label: string, pass: 1 | 2 | 3 = 1, box?: typeof locatorBox) =>
  catalogue.labels.judge(id, { pass, label, box, atMs: 1 });

const config = { labels: ["neutral", "smile"] };

describe("judged pictures", () => {
  it("are captures with an agreed label, at the face that a person drew or the bot looked at", () => {
    say(add(1), "smile");
    const drawn = { x: 50, y: 40, width: 120, height: 120 };
    say(add(2), "neutral", 1, drawn);
    const { pictures } = judgedPictures(catalogue, config);
    expect(pictures).toMatchObject([
      { original: "2823/1.pgm", label: "smile", box: locatorBox, size: 77_824, capture: 1 },
      { original: "2823/2.pgm", label: "neutral", box: drawn, capture: 2 },
    ]);
    expect(pictures[0].path.toString()).toBe(`${catalogue.dir}/2823/1.pgm`);
  });

  it("leave out what has no label to learn from, and count why", () => {
    add(1);
    say(add(2), "smile");
    say(2, "neutral", 2);
    say(add(3), "unsure");
    say(add(4), "no-face");
    say(add(5), "grin");
    say(add(6), "smile");
    catalogue.labels.setConsent(6, "refused");
    say(add(7), "smile");
    catalogue.labels.markDeleted(7);
    const found = judgedPictures(catalogue, config);
    expect(found.pictures).toEqual([]);
    const one = { unjudged: 1, disputed: 1, unsure: 1, "no-face": 1, "unknown-label": 1, refused: 1, deleted: 1 };
    expect(found.leftOut).toEqual(one);
    say(2, "neutral", 3);
    expect(judgedPictures(catalogue, config).pictures).toMatchObject([{ capture: 2, label: "neutral" }]);
  });

  it("leave out what was withdrawn on the bot after it was judged", () => {
    say(add(1), "smile");
    say(add(2), "smile");
    catalogue.pulls.withdraw(catalogue.capture(1)!.key, 1);
    expect(judgedPictures(catalogue, config)).toMatchObject({ pictures: [{ capture: 2 }], leftOut: { deleted: 1 } });
  });

  it("of one bot and day are one group, whatever the press and the start", () => {
    const groups = [
      add(1),
      add(2, { hours: 5, boot: 2 }),
      add(3, { hours: 13 }),
      add(4, { device: 0xb08 }),
      add(5, { hours: null, boot: 3 }),
      add(6, { errorMs: 3 * 86_400_000, boot: 3 }),
    ].map((id) => groupOf(catalogue.capture(id)!));
    expect(groups).toEqual([
      "00000b07/2026-11-24",
      "00000b07/2026-11-24",
      "00000b07/2026-11-25",
      "00000b08/2026-11-24",
      "00000b07/000000e0/boot-3",
      "00000b07/000000e0/boot-3",
    ]);
  });
});

describe("the state of labelling", () => {
  it("counts labels, consent and agreement", () => {
    for (let i = 1; i <= 8; i++) add(i, { press: Math.ceil(i / 2) });
    for (const id of [1, 2, 3]) say(id, "smile");
    for (const id of [4, 5]) say(id, "neutral");
    say(6, "grin");
    for (const id of [1, 2]) say(id, "smile", 2);
    for (const id of [3, 4]) say(id, "neutral", 2, locatorBox);
    catalogue.labels.setConsent(1, "given");
    catalogue.labels.setConsent(2, "refused");
    catalogue.labels.markDeleted(8);
    expect(labelStatus(catalogue, config.labels)).toEqual({
      captures: 7,
      presses: 4,
      deleted: 1,
      labels: { neutral: 2, smile: 2, "no-face": 0, unsure: 0, grin: 1 },
      unknownLabels: ["grin"],
      unjudged: 1,
      disputed: 1,
      consent: { unknown: 5, given: 1, refused: 1 },
      boxesCorrected: 1,
      agreement: { captures: 4, same: 3, kappa: 0.5 },
    });
  });

  it("has no agreement before a second look", () => {
    add(1);
    expect(labelStatus(catalogue, config.labels).agreement).toEqual({ captures: 0, same: 0, kappa: null });
  });
});
