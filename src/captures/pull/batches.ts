/** Rows of the catalogue, committed some thousand at a time when the files they speak of are durable. */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { PictureWriter } from "./picture-writer.js";

/**
 * Captures per commit. A sync of the file system takes some 20 ms plus the time of writing what is not on the disk yet, a commit as much: below 256 that shows, above 2,048 no more, and
 * what a kill costs grows (bench/pull.ts).
 */
const BATCH = 1024;

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
  private committing: Promise<void> = Promise.resolve();
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly writer: PictureWriter,
    private readonly events: BatchEvents,
  ) {}

  /** Puts off `row`, which writes to the catalogue, until all files that were handed to the writer before it are durable. */
  async add(row: () => void): Promise<void> {
    this.batch.rows.push(row);
    if (this.batch.rows.length >= BATCH) await this.commit();
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
