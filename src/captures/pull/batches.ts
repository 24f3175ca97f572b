/** Rows of the catalogue, committed every few seconds when the files they speak of are durable. */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { CaptureRow } from "../catalogue/pulls.js";
import type { PictureWriter } from "./picture-writer.js";

/** What a kill costs at most, as captures and about as time: they are pulled again. */
export interface BatchLimits {
  readonly rows: number;
  readonly ms: number;
}

const LIMITS: BatchLimits = { rows: 8192, ms: 5000 };
/**
 * While a file system is synced, making files on it waits: with a sync per 1,024 captures a pull took about twice as long as without any. So where syncing
 * takes long, the time between two is this many times as long, while rows allow it.
 */
const SYNC_SHARE = 8;

/** What waits to be written to the catalogue: a capture, or anything else; thousands of captures wait, so they are no functions. */
type Change = CaptureRow | (() => void);

interface Batch {
  readonly rows: Change[];
  readonly afterwards: (() => Promise<void>)[];
}

/** Called when a batch begins to be committed, and when it is. */
export interface BatchEvents {
  onBegin(): void;
  onCommit(): void;
}

const emptyBatch = (): Batch => ({ rows: [], afterwards: [] });

export class Batches {
  private batch = emptyBatch();
  private begun = performance.now();
  private committing: Promise<void> = Promise.resolve();
  private busy = false;
  private syncMs = 0;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly writer: PictureWriter,
    private readonly events: BatchEvents,
    private readonly limits: BatchLimits = LIMITS,
  ) {}

  /** Puts off a change of the catalogue until all files that were handed to the writer before it are durable. Undefined: there is nothing to wait for. */
  add(change: Change): Promise<void> | undefined {
    this.batch.rows.push(change);
    const { rows, ms } = this.limits;
    const isDue = !this.busy && performance.now() - this.begun >= Math.max(ms, SYNC_SHARE * this.syncMs);
    return isDue || this.batch.rows.length >= rows ? this.commit() : undefined;
  }

  /** Puts off `action` until the rows before it are committed. */
  after(action: () => Promise<void>): void {
    this.batch.afterwards.push(action);
  }

  /** Waits until everything is committed. */
  async flush(): Promise<void> {
    await this.commit();
    await this.settled();
  }

  /** Starts committing what is there while the caller goes on; waits for the commit before. */
  private async commit(): Promise<void> {
    await this.settled();
    const batch = this.batch;
    this.batch = emptyBatch();
    this.begun = performance.now();
    if (batch.rows.length === 0 && batch.afterwards.length === 0) return;
    this.events.onBegin();
    this.busy = true;
    this.committing = this.write(batch)
      .catch((error: unknown) => {
        this.failure = { error };
      })
      .finally(() => {
        this.busy = false;
      });
  }

  private async settled(): Promise<void> {
    await this.committing;
    if (this.failure !== undefined) throw this.failure.error;
  }

  private async write({ rows, afterwards }: Batch): Promise<void> {
    const begun = performance.now();
    await this.writer.durable();
    this.syncMs = performance.now() - begun;
    this.catalogue.transaction(() => this.apply(rows));
    this.events.onCommit();
    for (const action of afterwards) await action();
  }

  /** In their order: a change may be of a capture before it. */
  private apply(changes: readonly Change[]): void {
    let captures: CaptureRow[] = [];
    for (const change of changes) {
      if (typeof change !== "function") {
        captures.push(change);
        continue;
      }
      this.catalogue.pulls.addRows(captures);
      captures = [];
      change();
    }
    this.catalogue.pulls.addRows(captures);
  }
}
