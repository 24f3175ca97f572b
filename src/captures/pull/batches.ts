/** Rows of the catalogue, committed every few seconds when the files they speak of are durable. */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { PictureWriter } from "./picture-writer.js";

export interface BatchLimits {
  readonly rows: number;
  readonly ms: number;
}

/**
 * What a kill costs at most: some seconds of work. While a file system is synced, making files on it waits: with a sync per 1,024 captures a pull took about
 * twice as long as without any.
 */
const LIMITS: BatchLimits = { rows: 8192, ms: 5000 };

interface Batch {
  readonly rows: (() => void)[];
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
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly writer: PictureWriter,
    private readonly events: BatchEvents,
    private readonly limits: BatchLimits = LIMITS,
  ) {}

  /** Puts off `row`, which writes to the catalogue, until all files that were handed to the writer before it are durable. */
  async add(row: () => void): Promise<void> {
    this.batch.rows.push(row);
    const { rows, ms } = this.limits;
    if (this.batch.rows.length >= rows || performance.now() - this.begun >= ms) await this.commit();
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
    this.committing = this.write(batch).catch((error: unknown) => {
      this.failure = { error };
    });
  }

  private async settled(): Promise<void> {
    await this.committing;
    if (this.failure !== undefined) throw this.failure.error;
  }

  private async write({ rows, afterwards }: Batch): Promise<void> {
    await this.writer.durable();
    this.catalogue.transaction(() => {
      for (const row of rows) row();
    });
    this.events.onCommit();
    for (const action of afterwards) await action();
  }
}
