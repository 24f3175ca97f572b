/** Reads larger pieces while reading goes straight ahead, and exactly what is asked for otherwise. */
import type { ReadBytes } from "../read-segment.js";

/** Largest piece, unless one read alone is larger: each read wakes a thread, which costs more than the bytes. */
const PIECE_BYTES = 4 << 20;
/** A slot's header and the block behind it, which has the withdrawn mark. */
const LEAST_BYTES = 1024;

/** Memory for pieces, used again and again. */
export class PieceMemory {
  private bytes = new Uint8Array(LEAST_BYTES);

  atLeast(length: number): Uint8Array {
    if (this.bytes.length < length) this.bytes = new Uint8Array(Math.max(length, PIECE_BYTES));
    return this.bytes;
  }
}

/**
 * A read that begins where the last one ended doubles the piece; any other makes it small again. What is returned is good until the next read of any
 * reader with the same memory.
 */
export function readAhead(read: ReadBytes, fileBytes: number, memory = new PieceMemory()): ReadBytes {
  let piece: Uint8Array = new Uint8Array(0);
  let start = 0;
  let next = 0;
  let ahead = 0;
  return async (offset, length) => {
    if (offset < start || offset + length > start + piece.length) {
      ahead = offset === next ? Math.min(Math.max(2 * ahead, length), PIECE_BYTES) : 0;
      const wanted = Math.min(Math.max(length, ahead, LEAST_BYTES), Math.max(length, fileBytes - offset));
      piece = await read(offset, wanted, memory.atLeast(wanted));
      start = offset;
    }
    next = offset + length;
    return piece.subarray(offset - start, offset - start + length);
  };
}
