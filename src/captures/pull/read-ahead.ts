/** Reads the slots of a segment in growing pieces, the next one while the caller works on this one; where reading jumps, exactly what is asked for. */
import { HEAD_BYTES } from "../layout.js";
import type { Promised, ReadAheadBytes, ReadBytes } from "../read-segment.js";
import { isReadError } from "./source.js";

/**
 * Largest piece, unless one slot or one read alone is larger. Each read wakes a thread, which costs as much as 100 KB; a dozen of these pieces stay in the
 * processor's cache until they are written.
 */
export const PIECE_BYTES = 1 << 20;
/** A slot's header and the block behind it, which has the withdrawn mark. */
const LEAST_BYTES = 1024;
/** By how much a piece is longer than the one before. */
const GROWTH = 4;

/** Memory for pieces. What was taken is the taker's until it is given back. */
export interface PieceMemory {
  /** At least `length` bytes. */
  take(length: number): Promised<Uint8Array>;
  giveBack(space: Uint8Array): void;
}

/** Memory for two pieces, used in turns, again and again. */
export class TwoPieces implements PieceMemory {
  private readonly halves = [new Uint8Array(LEAST_BYTES), new Uint8Array(LEAST_BYTES)];
  private turn = 0;

  take(length: number): Uint8Array {
    this.turn = 1 - this.turn;
    if (this.halves[this.turn].length < length)
      this.halves[this.turn] = new Uint8Array(Math.max(length, Math.min(PIECE_BYTES, length * GROWTH * GROWTH)));
    return this.halves[this.turn];
  }

  giveBack(): void {}
}

export interface ReadAheadOptions {
  readonly memory?: PieceMemory;
  /** Bytes of a slot: pieces end where slots do. Without it nothing is read ahead. */
  readonly slotBytes?: number;
  /** Reads the next piece before it is asked for. */
  readonly prefetch?: boolean;
}

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
  /** The memory that was lent for them. */
  readonly space: Uint8Array | undefined;
}

const NOTHING: Piece = { start: 0, bytes: new Uint8Array(0), space: undefined };

/** What {@link ReadAhead.read} returns is good until its next call, and that of any reader with the same {@link TwoPieces}. */
export class ReadAhead {
  private readonly memory: PieceMemory;
  private readonly slotBytes: number | undefined;
  private readonly prefetch: boolean;
  private piece = NOTHING;
  /** Undefined where it could not be read: then that is found out again by whoever asks for those bytes. */
  private coming: Promise<Piece | undefined> | undefined;
  /** Where reading goes on. */
  private next = HEAD_BYTES;
  /** Slots of a piece; 0 where reading jumped. */
  private slots = 0;

  constructor(
    private readonly source: ReadBytes,
    private readonly fileBytes: number,
    { memory = new TwoPieces(), slotBytes, prefetch = false }: ReadAheadOptions = {},
  ) {
    this.memory = memory;
    this.slotBytes = slotBytes;
    this.prefetch = prefetch;
  }

  readonly read: ReadAheadBytes = (offset, length) =>
    holds(this.piece, offset, length)
      ? this.part(offset, length)
      : this.load(offset, length).then(() => this.part(offset, length));

  private part(offset: number, length: number): Uint8Array {
    this.next = offset + length;
    const from = offset - this.piece.start;
    return this.piece.bytes.subarray(from, from + length);
  }

  /** Waits for what is being read ahead; to be called before the source is closed or the memory used by another reader. */
  async end(): Promise<void> {
    this.drop();
    await this.takeComing();
    this.drop();
  }

  private async load(offset: number, length: number): Promise<void> {
    this.drop();
    // Before anything else is read: a source may do one thing at a time.
    await this.takeComing();
    const { slotBytes } = this;
    const goesOn = slotBytes !== undefined && offset === this.next;
    this.slots = goesOn ? this.longer(slotBytes) : 0;
    if (!holds(this.piece, offset, length)) {
      this.drop();
      const end = goesOn ? pieceEnd(offset + length, this.slots, slotBytes) : offset + LEAST_BYTES;
      this.piece = await this.readPiece(offset, length, end);
    }
    if (goesOn && this.prefetch) this.readNext(slotBytes);
  }

  private async takeComing(): Promise<void> {
    this.piece = (await this.coming) ?? NOTHING;
    this.coming = undefined;
  }

  private drop(): void {
    if (this.piece.space !== undefined) this.memory.giveBack(this.piece.space);
    this.piece = NOTHING;
  }

  private longer(slotBytes: number): number {
    return Math.max(1, Math.min(this.slots * GROWTH, Math.floor(PIECE_BYTES / slotBytes)));
  }

  /** Up to `end` if possible; where that fails, what was asked for: the block that cannot be read may lie behind it. */
  private async readPiece(offset: number, length: number, end: number): Promise<Piece> {
    try {
      return await this.bytesOf(offset, Math.max(length, Math.min(end, this.fileBytes) - offset));
    } catch (error) {
      if (!isReadError(error) || end <= offset + length) throw error;
    }
    this.slots = 0;
    return this.bytesOf(offset, length);
  }

  private async bytesOf(start: number, length: number): Promise<Piece> {
    const space = await this.memory.take(length);
    try {
      return { start, bytes: await this.source(start, length, space), space };
    } catch (error) {
      this.memory.giveBack(space);
      throw error;
    }
  }

  private readNext(slotBytes: number): void {
    const start = this.piece.start + this.piece.bytes.length;
    if (start >= this.fileBytes) return;
    const end = Math.min(start + this.longer(slotBytes) * slotBytes, this.fileBytes);
    this.coming = this.bytesOf(start, end - start).catch(() => undefined);
  }
}

function holds({ start, bytes }: Piece, offset: number, length: number): boolean {
  return offset >= start && offset + length <= start + bytes.length;
}

/** Where the last of `slots` slots ends, counted from the one that `reached` lies in or ends. */
function pieceEnd(reached: number, slots: number, slotBytes: number): number {
  return HEAD_BYTES + (Math.ceil((reached - HEAD_BYTES) / slotBytes) + slots - 1) * slotBytes;
}
