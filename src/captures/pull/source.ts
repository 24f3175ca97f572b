/** Where segments are pulled from: a mounted card, an image or device, or the running bot. Nothing here can write. */
import type { PullKind } from "../catalogue/types.js";
import type { ReadBytes } from "../read-segment.js";

export interface SegmentFile {
  /** Without folders, such as `SEG00042.TAR`. */
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Opens it; fails with a SmilecError, or with {@link UnreadableSegment} when only this file is out of order. */
  open(): Promise<OpenSegment>;
}

export interface OpenSegment {
  readonly read: ReadBytes;
  close(): Promise<void>;
}

export interface CardSource {
  readonly kind: PullKind;
  /** As a person would name it: the folder, image or port. */
  readonly origin: string;
  /** Captures may be added while they are pulled. */
  readonly live: boolean;
  /** Segment files, ascending by name. */
  segments(): Promise<readonly SegmentFile[]>;
  close(): Promise<void>;
}

/** A segment file that cannot be read although its card can: no regular file, a damaged chain of clusters, a bad block. */
export class UnreadableSegment extends Error {}

/** Whether a card, or what was one, has answered a read with an error. */
export function isReadError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as NodeJS.ErrnoException).code === "EIO" || isReadError(error.cause);
}

/** The same bytes; a read error is one of this segment only. */
export function readingSegment(read: ReadBytes): ReadBytes {
  return (offset, length, space) =>
    read(offset, length, space).catch((error: unknown) => {
      if (!isReadError(error)) throw error;
      throw new UnreadableSegment(`the card cannot be read here (from byte ${offset} on)`, { cause: error });
    });
}
