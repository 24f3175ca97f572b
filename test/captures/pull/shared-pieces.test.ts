/** Memory that is read into and written from: a block is lent again only when nobody needs what is in it. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { PIECE_BYTES } from "#smilec/captures/pull/read-ahead.js";
import { SHARED_BYTES, SharedPieces } from "#smilec/captures/pull/shared-pieces.js";

const BLOCKS = SHARED_BYTES / PIECE_BYTES;

describe("shared pieces", () => {
  let waits: number;
  let pieces: SharedPieces;
  let lent: Uint8Array[];
  beforeEach(async () => {
    waits = 0;
    // As in the writer: behind other memory.
    const memory = new Uint8Array(new SharedArrayBuffer(1024 + SHARED_BYTES));
    pieces = new SharedPieces(memory.subarray(1024), () => waits++);
    lent = [];
    for (let i = 0; i < BLOCKS; i++) lent.push(await pieces.take(PIECE_BYTES));
  });

  it("lend every block once", () => {
    expect(new Set(lent.map(({ byteOffset }) => byteOffset)).size).toBe(BLOCKS);
    expect(lent.every(({ length }) => length === PIECE_BYTES)).toBe(true);
    expect(waits).toBe(0);
  });

  it("lend a block that was given back to who waits, and says that somebody does", async () => {
    const waiting = pieces.take(512);
    expect(waits).toBe(1);
    pieces.giveBack(lent[3]);
    expect((await waiting).byteOffset).toBe(lent[3].byteOffset);
  });

  it("keep a block until the last picture in it is written", async () => {
    const block = pieces.hold(lent[5].subarray(1000, 2000)) as number;
    expect(pieces.hold(lent[5].subarray(PIECE_BYTES - 1))).toBe(block);
    let got: Uint8Array | undefined;
    const waiting = (async () => {
      got = await pieces.take(1);
    })();
    pieces.giveBack(lent[5].subarray(0, 10));
    pieces.release(block);
    await new Promise((resolve) => setImmediate(resolve));
    expect(got).toBeUndefined();
    pieces.release(block);
    await waiting;
    expect(got?.byteOffset).toBe(lent[5].byteOffset);
  });

  it("know which bytes are not theirs, and lend memory of its own for larger pieces", async () => {
    expect(pieces.hold(new Uint8Array(10))).toBeUndefined();
    expect(pieces.hold(new Uint8Array(lent[0].buffer, 0, 10))).toBeUndefined();
    const large = await pieces.take(PIECE_BYTES + 1);
    expect(large.length).toBeGreaterThan(PIECE_BYTES);
    expect(pieces.hold(large)).toBeUndefined();
    pieces.giveBack(large);
  });

  it("fail whoever waits when nothing is written any more", async () => {
    const waiting = pieces.take(1);
    pieces.fail(new Error("the disk is full"));
    await expect(waiting).rejects.toThrow("the disk is full");
    await expect(pieces.take(1)).rejects.toThrow("the disk is full");
  });
});
