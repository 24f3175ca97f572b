/** `smilec pull-captures --recover`: captures found by their headers in a whole device or image, or in the files of a card. */

import { carve } from "../carve.js";
import type { PullKind } from "../catalogue/types.js";
import type { ReadBytes } from "../read-segment.js";
import { type Reading, type ReadingParts, stopIfAsked } from "./pull.js";
import { isReadError } from "./source.js";

/** Something to search from its first byte to its last. */
export interface Haystack {
  /** Without folders. */
  readonly name: string;
  /** Undefined for a device that does not say. */
  readonly size: number | undefined;
  open(): Promise<{ readonly read: ReadBytes; close(): Promise<void> }>;
}

const MEGABYTE = 1e6;
/** Where reading around damage ends: the blocks that systems read at once. */
const LEAST_READ = 4096;

export class RecoveryReading implements Reading {
  readonly live = false;
  readonly recovered = true;
  /** Bytes searched, and those of them that could not be read. */
  searched = 0;
  unreadable = 0;

  constructor(
    readonly kind: PullKind,
    readonly origin: string,
    private readonly haystacks: readonly Haystack[],
  ) {}

  earliest(): undefined {
    return undefined;
  }

  async read(parts: ReadingParts): Promise<void> {
    const total = this.haystacks.reduce((sum, { size = 0 }) => sum + size, 0);
    const progress = parts.context.reporter.progress("search", Math.ceil(total / MEGABYTE), "MB");
    try {
      for (const haystack of this.haystacks) {
        const before = this.searched;
        await this.search(haystack, parts, (offset) => {
          this.searched = before + offset;
          progress.update(Math.round(this.searched / MEGABYTE), `${parts.tally.added} recovered`);
        });
      }
    } finally {
      progress.end();
    }
  }

  private async search(haystack: Haystack, parts: ReadingParts, onWindow: (offset: number) => void): Promise<void> {
    const opened = await haystack.open();
    let end = 0;
    const read: ReadBytes = async (offset, length) => {
      const bytes = await this.readAround(opened.read, offset, length);
      end = Math.max(end, offset + bytes.length);
      return bytes;
    };
    try {
      for await (const { offset, bytes, record } of carve(read, (reached) => {
        stopIfAsked(parts.context, parts.tally);
        onWindow(reached);
      })) {
        stopIfAsked(parts.context, parts.tally);
        await parts.intake.take(record, { file: haystack.name, offset, read: () => read(offset, bytes) });
      }
      onWindow(end);
    } finally {
      await opened.close();
    }
  }

  /** A dying card has blocks that cannot be read: zeros stand for them. */
  private async readAround(read: ReadBytes, offset: number, length: number): Promise<Uint8Array> {
    try {
      return await read(offset, length);
    } catch (error) {
      if (!isReadError(error)) throw error;
    }
    if (length <= LEAST_READ) {
      this.unreadable += length;
      return Buffer.alloc(length);
    }
    const half = Math.ceil(length / 2 / LEAST_READ) * LEAST_READ;
    const first = await this.readAround(read, offset, half);
    if (first.length < half) return first;
    return Buffer.concat([first, await this.readAround(read, offset + half, length - half)]);
  }
}
