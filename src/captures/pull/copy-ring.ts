/** Memory that the reading and the writing thread see, for pictures that have to be copied to be handed over. */
import { slotBytes } from "../format.js";
import { MAX_FRAME_SIDE } from "../layout.js";

/** The largest capture fits (docs/capture-log.md). */
const RING_BYTES = slotBytes(MAX_FRAME_SIDE, MAX_FRAME_SIDE);

export interface Copied {
  readonly start: number;
  /** Bytes of the ring to free again: of the copy, and what is left over at the ring's end. */
  readonly taken: number;
}

/** What is put in is freed in the same order. */
export class CopyRing {
  readonly memory = new Uint8Array(new SharedArrayBuffer(RING_BYTES));
  /** Where the next copy goes, and how much is taken. */
  private head = 0;
  private taken = 0;

  /** Copies bytes into one piece of it; undefined when there is no room yet. */
  put(bytes: Uint8Array): Copied | undefined {
    if (this.taken === 0) this.head = 0;
    const { length } = bytes;
    const wraps = this.head + length > RING_BYTES;
    const taken = length + (wraps ? RING_BYTES - this.head : 0);
    if (this.taken + taken > RING_BYTES) return undefined;
    const start = wraps ? 0 : this.head;
    this.memory.set(bytes, start);
    this.head = start + length;
    this.taken += taken;
    return { start, taken };
  }

  free(taken: number): void {
    this.taken -= taken;
  }
}
