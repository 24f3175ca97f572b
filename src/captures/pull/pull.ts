/** `smilec pull-captures`: copies what is new on a card into the captures' folder. May be stopped in any way at any moment; the next pull goes on. */
import { InterruptedError } from "../../errors.js";
import { makeFolder } from "../../files/write.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { Catalogue } from "../catalogue/catalogue.js";
import type { PullKind, UntimedCapture } from "../catalogue/types.js";
import { Batches, type BatchLimits } from "./batches.js";
import { Intake, PendingCaptures } from "./intake.js";
import { FolderMaker } from "./picture-path.js";
import { PictureWriter, type SyncFolder, syncFileSystem } from "./picture-writer.js";
import { withPullLock } from "./pull-lock.js";
import { Quarantine } from "./quarantine.js";
import type { PieceMemory } from "./read-ahead.js";
import { estimateTimes } from "./taken.js";
import { Tally } from "./tally.js";
import { tidyCaptures } from "./tidy.js";

export interface PullRequest {
  /** The captures' folder; made if need be. */
  readonly into: string;
  readonly context: StageContext;
  readonly now?: () => number;
  readonly sync?: SyncFolder;
  readonly batch?: BatchLimits;
}

/** What is read, whichever way: a card's segments (pull-card.ts) or a damaged card (recover.ts). */
export interface Reading {
  readonly kind: PullKind;
  readonly origin: string;
  readonly live: boolean;
  readonly recovered: boolean;
  read(parts: ReadingParts): Promise<void>;
  /** A moment after which a capture was taken, milliseconds since 1970. */
  earliest(capture: UntimedCapture): number | undefined;
}

export interface ReadingParts {
  readonly intake: Intake;
  readonly batches: Batches;
  /** Memory to read into: pictures that lie in it are written from there. */
  readonly pieces: PieceMemory;
  readonly catalogue: Catalogue;
  readonly pull: number;
  readonly tally: Tally;
  readonly context: StageContext;
}

export interface PullResult {
  readonly tally: Tally;
  /** Kept captures in the catalogue now. */
  readonly total: number;
  /** Files of an earlier pull that was killed, removed. */
  readonly tidied: number;
  readonly milliseconds: number;
}

/** Throws InterruptedError when stopped; what was committed is kept. Only one pull at a time. */
export async function pull(reading: Reading, request: PullRequest): Promise<PullResult> {
  await makeFolder(request.into);
  return withPullLock(request.into, async () => {
    const catalogue = Catalogue.open(request.into);
    try {
      return await pullInto(catalogue, reading, request);
    } finally {
      catalogue.close();
    }
  });
}

async function pullInto(catalogue: Catalogue, reading: Reading, request: PullRequest): Promise<PullResult> {
  const { context, now = Date.now, sync = syncFileSystem, batch } = request;
  const begin = performance.now();
  const startedMs = now();
  const tidied = await tidyCaptures(catalogue, startedMs);
  const number = catalogue.pulls.beginPull(reading.kind, reading.origin, startedMs);
  const tally = new Tally();
  const writer = new PictureWriter(catalogue.dir, sync);
  try {
    const pending = new PendingCaptures(catalogue);
    const batches = new Batches(catalogue, writer, pending, batch);
    const folders = new FolderMaker(catalogue.dir);
    const quarantine = await Quarantine.open(catalogue, number, folders, writer, batches);
    const shared = { catalogue, pull: number, batches, tally };
    const { recovered } = reading;
    const intake = new Intake({ ...shared, folders, writer, quarantine, pending, recovered });
    await stoppable(batches, () => reading.read({ ...shared, intake, context, pieces: writer.pieces }));
    catalogue.transaction(() => {
      estimateTimes(catalogue, reading.live ? now() : startedMs, (capture) => reading.earliest(capture));
      catalogue.pulls.endPull(number, now());
    });
    const milliseconds = Math.round(performance.now() - begin);
    return { tally, total: catalogue.count({ state: "kept" }), tidied, milliseconds };
  } catch (error) {
    await writer.close();
    // Gives back the room that unfinished work takes, where the disk is full; what fails here is done by the next pull.
    await tidyCaptures(catalogue, now()).catch(() => undefined);
    throw error;
  } finally {
    await writer.close();
  }
}

/** Commits what was read, also when reading was stopped. */
async function stoppable(batches: Batches, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof InterruptedError) await batches.flush();
    throw error;
  }
  await batches.flush();
}

/** To be asked between records. */
export function stopIfAsked({ signal }: StageContext, tally: Tally): void {
  if (!signal.aborted) return;
  throw new InterruptedError(`stopped; ${tally.added} new captures are kept, and the next pull goes on from there`);
}
