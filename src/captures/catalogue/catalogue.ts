/**
 * What was pulled, from where, and what people said of it: one SQLite file, `captures/catalogue.sqlite`, beside the pictures it speaks of. A row is
 * written after its picture is on the disk, so a picture without a row is unfinished work and a row without a picture is damage.
 */
import { join } from "node:path";
import { hex32 } from "../format.js";
import type { CaptureMetadata } from "../metadata.js";
import { type OpenOptions, openDatabase } from "./database.js";
import { LabelTables } from "./labels.js";
import { PullTables } from "./pulls.js";
import { COLUMNS, captureOf, JOINED } from "./rows.js";
import { Statements } from "./statements.js";
import type { BotSummary, CaptureState, CatalogueCapture } from "./types.js";

export const CATALOGUE_FILE = "catalogue.sqlite";

export interface CaptureFilter {
  readonly device?: string;
  readonly state?: CaptureState;
  /** Only those with (true) or without (false) a judgement of the first look. */
  readonly judged?: boolean;
  /** Only those catalogued after the capture of this number. */
  readonly afterId?: number;
}

export class Catalogue {
  readonly pulls: PullTables;
  readonly labels: LabelTables;

  private constructor(
    /** Folder of the pictures. */
    readonly dir: string,
    private readonly statements: Statements,
  ) {
    this.pulls = new PullTables(statements);
    this.labels = new LabelTables(statements);
  }

  /** Opens the catalogue of a captures' folder, which must exist; see {@link openDatabase} for the errors. */
  static open(dir: string, options?: OpenOptions): Catalogue {
    const path = join(dir, CATALOGUE_FILE);
    return new Catalogue(dir, new Statements(path, openDatabase(path, options)));
  }

  close(): void {
    this.statements.close();
  }

  /** Runs `action` as one transaction: all of its writes are durable when it returns, or none when it throws. */
  transaction<T>(action: () => T): T {
    return this.statements.transaction(action);
  }

  capture(id: number): CatalogueCapture | undefined {
    const row = this.statements.get(`SELECT ${COLUMNS} FROM ${JOINED} WHERE capture.id = ?`, id);
    return row === undefined ? undefined : captureOf(row);
  }

  count(filter: CaptureFilter = {}): number {
    const [where, values] = condition(filter);
    return Number(this.statements.get(`SELECT count(*) AS n FROM ${JOINED} WHERE ${where}`, ...values)?.n);
  }

  /** Captures in the order they were taken by each bot, read as they are asked for. The catalogue must not be written to meanwhile. */
  *captures(filter: CaptureFilter = {}): Generator<CatalogueCapture, void, undefined> {
    const [where, values] = condition(filter);
    const sql = `SELECT ${COLUMNS} FROM ${JOINED} WHERE ${where} ORDER BY capture.device, capture.epoch, capture.sequence`;
    const rows = this.statements.iterate(sql, ...values);
    for (const row of rows) yield captureOf(row);
  }

  /** All kept captures of the same press, in the order of the burst. */
  press({ metadata: { device, epoch, boot, press } }: { readonly metadata: CaptureMetadata }): CatalogueCapture[] {
    const sql = `SELECT ${COLUMNS} FROM ${JOINED}
      WHERE capture.device = ? AND capture.epoch = ? AND capture.boot = ? AND capture.press = ? AND capture.state = 'kept' ORDER BY capture.sequence`;
    return this.statements.all(sql, hex32(device), hex32(epoch), boot, press).map(captureOf);
  }

  /** Counts per bot, in the order of their names. */
  bots(): BotSummary[] {
    const sql = `SELECT device,
        count(*) FILTER (WHERE state = 'kept') AS captures,
        count(DISTINCT CASE state WHEN 'kept' THEN epoch || '/' || boot || '/' || press END) AS presses,
        count(*) FILTER (WHERE state = 'kept' AND smile = 1) AS smiles,
        count(e1.id) FILTER (WHERE state = 'kept') AS judged,
        count(*) FILTER (WHERE state = 'deleted') AS deleted,
        count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn,
        min(taken_ms) FILTER (WHERE state = 'kept') AS first_ms,
        max(taken_ms) FILTER (WHERE state = 'kept') AS last_ms
      FROM ${JOINED} GROUP BY device ORDER BY device`;
    return this.statements.all(sql).map((row) => ({
      device: String(row.device),
      captures: Number(row.captures),
      presses: Number(row.presses),
      smiles: Number(row.smiles),
      judged: Number(row.judged),
      deleted: Number(row.deleted),
      withdrawn: Number(row.withdrawn),
      firstMs: row.first_ms === null ? undefined : Number(row.first_ms),
      lastMs: row.last_ms === null ? undefined : Number(row.last_ms),
    }));
  }
}

function condition({ device, state, judged, afterId }: CaptureFilter): [where: string, values: (string | number)[]] {
  const parts: string[] = ["TRUE"];
  const values: (string | number)[] = [];
  if (device !== undefined) {
    parts.push("capture.device = ?");
    values.push(device);
  }
  if (state !== undefined) {
    parts.push("capture.state = ?");
    values.push(state);
  }
  if (judged !== undefined) parts.push(`e1.id IS ${judged ? "NOT " : ""}NULL`);
  if (afterId !== undefined) {
    parts.push("capture.id > ?");
    values.push(afterId);
  }
  return [parts.join(" AND "), values];
}
