/** Memory that the reading and the writing thread see: what is read of a card into a block of it is written from there, without being copied. */
import type { Promised } from "../read-segment.js";
import { PIECE_BYTES, type PieceMemory, TwoPieces } from "./read-ahead.js";

const BLOCK_BYTES = PIECE_BYTES;
/**
 * A reader has at most 5 (this piece and the next one of a segment, the beginnings of up to 3 segments) and pictures that are not handed over yet lie in 2:
 * of the others some are being written, so that whoever waits for one gets one.
 */
const BLOCKS = 12;

export const SHARED_BYTES = BLOCKS * BLOCK_BYTES;

interface Waiting {
  readonly resolve: (space: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

export class SharedPieces implements PieceMemory {
  /** Of each block: who read into it, and pictures in it that are not written yet. */
  private readonly users = Array.from({ length: BLOCKS }, () => 0);
  private readonly waiting: Waiting[] = [];
  /** Pieces that no block has room for; the pictures in them are copied. */
  private readonly large = new TwoPieces();
  private failure: { readonly error: unknown } | undefined;

  constructor(
    /** SHARED_BYTES. */
    private readonly memory: Uint8Array,
    /** Called when there is no free block. */
    private readonly onWait: () => void,
  ) {}

  take(length: number): Promised<Uint8Array> {
    if (length > BLOCK_BYTES) return this.large.take(length);
    const block = this.users.indexOf(0);
    if (block >= 0) return this.taken(block);
    this.onWait();
    if (this.failure !== undefined) return Promise.reject(this.failure.error);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  giveBack(space: Uint8Array): void {
    const block = this.blockOf(space);
    if (block !== undefined) this.release(block);
  }

  /** The block in which bytes lie, which has one user more then; undefined where it is not this memory. */
  hold(bytes: Uint8Array): number | undefined {
    const block = this.blockOf(bytes);
    if (block !== undefined) this.users[block]++;
    return block;
  }

  /** One user less. */
  release(block: number): void {
    this.users[block]--;
    const next = this.users[block] === 0 ? this.waiting.shift() : undefined;
    next?.resolve(this.taken(block));
  }

  /** Nothing is written any more: who waits for a block, now or later, fails with this error. */
  fail(error: unknown): void {
    this.failure = { error };
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  private taken(block: number): Uint8Array {
    this.users[block] = 1;
    return this.memory.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
  }

  private blockOf({ buffer, byteOffset }: Uint8Array): number | undefined {
    const offset = byteOffset - this.memory.byteOffset;
    return buffer === this.memory.buffer && offset >= 0 ? Math.floor(offset / BLOCK_BYTES) : undefined;
  }
}
