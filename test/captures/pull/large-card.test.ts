/** Cards larger than all the memory that reading and writing share: each picture is written before its memory is used again. */
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { slotBytes, slotOffset } from "#smilec/captures/format.js";
import { HEADER_BYTES } from "#smilec/captures/layout.js";
import { SHARED_BYTES } from "#smilec/captures/pull/shared-pieces.js";
import { makeCard, makeSegment, type SegmentSpec } from "../../support/card.js";
import { counts, damageOf, lookInto, pullFolder, recoverFolder } from "../../support/pulling.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

jest.setTimeout(60_000);

const temporary = temporaryFolders();

/** 13 pictures in a piece, one picture larger than a piece, and pictures that end where pieces do not. */
const SEGMENTS: SegmentSpec[] = [
  { segment: 1, slots: 128, width: 320, height: 240, firstSequence: 1 },
  { segment: 2, slots: 2, width: 1600, height: 1200, firstSequence: 1001 },
  { segment: 3, slots: 9, width: 800, height: 600, firstSequence: 2001 },
  { segment: 4, slots: 128, width: 320, height: 240, captures: 100, firstSequence: 3001 },
];

/** Bytes of each picture by its number, and of all segments. */
function pictures(): { readonly bySequence: Map<number, Uint8Array>; readonly bytes: number } {
  const bySequence = new Map<number, Uint8Array>();
  let bytes = 0;
  for (const spec of SEGMENTS) {
    const { slots = 0, width = 0, height = 0, firstSequence = 0, captures = slots } = spec;
    const segment = makeSegment(spec);
    const geometry = { slots, slotBytes: slotBytes(width, height) };
    for (let slot = 0; slot < captures; slot++)
      bySequence.set(
        firstSequence + slot,
        segment.subarray(slotOffset(geometry, slot) + HEADER_BYTES, slotOffset(geometry, slot + 1)),
      );
    bytes += segment.length;
  }
  return { bySequence, bytes };
}

describe("a card larger than the memory it is read into", () => {
  const { bySequence, bytes } = pictures();

  it("is pulled picture by picture as it is, in batches of any size", async () => {
    expect(bytes).toBeGreaterThan(2 * SHARED_BYTES);
    const card = makeCard(temporary(), SEGMENTS);
    for (const rows of [7, 16, 40, 1000]) {
      const into = temporary();
      expect(counts(await pullFolder(card, into, { batch: { rows, ms: 5000 } }))).toEqual({ added: bySequence.size });
      expect(damageOf(into, bySequence)).toEqual([]);
      expect(lookInto(into).captures).toHaveLength(bySequence.size);
    }
  });

  it("is recovered as it is pulled", async () => {
    const [pulled, recovered] = [temporary(), temporary()];
    const card = makeCard(join(temporary(), "card"), SEGMENTS);
    await pullFolder(card, pulled);
    expect(counts(await recoverFolder(card, recovered))).toEqual({ added: bySequence.size });
    expect(damageOf(recovered, bySequence)).toEqual([]);
    const metadata = (into: string) =>
      lookInto(into).captures.map(({ key, path, metadata }) => ({ key, path, metadata }));
    expect(metadata(recovered)).toEqual(metadata(pulled));
  });
});
