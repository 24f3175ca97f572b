/**
 * What was pulled, from where, and what people said of it: one SQLite file, `captures/catalogue.sqlite`, beside the pictures it speaks of. A row is written after its
 * picture is on the disk, so a picture without a row is unfinished work and a row without a picture is damage.
 */
import { join } from "node:path";
import { hex32 } from "../format.js";
import type { CaptureMetadata } from "../metadata.js";
import { type Database, guarded, type OpenOptions, openDatabase } from "./database.js";
import { COLUMNS, captureOf, JOINED, lookOf, type Row } from "./rows.js";
import type {
  CaptureKey,
  CatalogueCapture,
  Consent,
  Look,
  NewCapture,
  NewJudgement,
  PullKind,
  QuarantinedRecord,
  SegmentState,
} from "./types.js";

export const CATALOGUE_FILE = "catalogue.sqlite";

export interface CaptureFilter {
  readonly device?: string;
  readonly state?: "kept" | "deleted";
  /** Only those with (true) or without (false) a judgement of the first look. */
  readonly judged?: boolean;
  /** Only those catalogued after the capture of this number. */
  readonly afterId?: number;
}

export class Catalogue {
  private constructor(
    /** Folder of the pictures. */
    readonly dir: string,
    private readonly path: string,
    private readonly database: Database.Database,
  ) {}

  /** Opens the catalogue of a captures' folder, which must exist; see {@link openDatabase} for the errors. */
  static open(dir: string, options?: OpenOptions): Catalogue {
    const path = join(dir, CATALOGUE_FILE);
    return new Catalogue(dir, path, openDatabase(path, options));
  }

  close(): void {
    this.database.close();
  }

  /** Runs `action` as one transaction: all of its writes are durable when it returns, or none when it throws. */
  transaction<T>(action: () => T): T {
    return guarded(this.path, () => this.database.transaction(action).immediate() as T);
  }

  beginPull(kind: PullKind, origin: string, startedMs: number): number {
    const { lastInsertRowid } = this.run(
      "INSERT INTO pull (kind, origin, started_ms) VALUES (?, ?, ?)",
      kind,
      origin,
      startedMs,
    );
    return Number(lastInsertRowid);
  }

  endPull(pull: number, finishedMs: number): void {
    this.run("UPDATE pull SET finished_ms = ? WHERE id = ?", finishedMs, pull);
  }

  has({ device, epoch, sequence }: CaptureKey): boolean {
    const sql = "SELECT 1 AS found FROM capture WHERE device = ? AND epoch = ? AND sequence = ?";
    return this.get(sql, device, epoch, sequence) !== undefined;
  }

  /** Adds a capture; false when one of its name is there already (it stays as it is). */
  add(capture: NewCapture, pull: number): boolean {
    const { metadata: m } = capture;
    const { changes } = this.run(
      `INSERT INTO capture (device, epoch, sequence, segment, slot, boot, press, burst_index, uptime_ms, model, config, engine, sum, threshold, smile,
         width, height, metadata, payload_crc, payload_bytes, path, pull, recovered, taken_ms, taken_error_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (device, epoch, sequence) DO NOTHING`,
      hex32(m.device),
      hex32(m.epoch),
      m.sequence,
      m.segment,
      m.slot,
      m.boot,
      m.press,
      m.burstIndex,
      m.uptimeMs,
      m.model,
      hex32(m.config),
      m.engine,
      m.sum,
      m.threshold,
      m.smile ? 1 : 0,
      capture.width,
      capture.height,
      JSON.stringify(m),
      hex32(capture.payloadCrc),
      capture.payloadBytes,
      capture.path,
      pull,
      capture.recovered ? 1 : 0,
      capture.taken?.ms ?? null,
      capture.taken?.errorMs ?? null,
    );
    return changes > 0;
  }

  capture(id: number): CatalogueCapture | undefined {
    const row = this.get(`SELECT ${COLUMNS} FROM ${JOINED} WHERE capture.id = ?`, id);
    return row === undefined ? undefined : captureOf(row);
  }

  count(filter: CaptureFilter = {}): number {
    const [where, values] = condition(filter);
    return Number(this.get(`SELECT count(*) AS n FROM ${JOINED} WHERE ${where}`, ...values)?.n);
  }

  /** Captures in the order they were taken by each bot, read as they are asked for. The catalogue must not be written to meanwhile. */
  *captures(filter: CaptureFilter = {}): Generator<CatalogueCapture, void, undefined> {
    const [where, values] = condition(filter);
    const sql = `SELECT ${COLUMNS} FROM ${JOINED} WHERE ${where} ORDER BY capture.device, capture.epoch, capture.sequence`;
    const rows = guarded(this.path, () => this.database.prepare(sql).iterate(...values));
    for (const row of rows) yield captureOf(row as Row);
  }

  /** All kept captures of the same press, in the order of the burst. */
  press({ metadata: { device, epoch, boot, press } }: { readonly metadata: CaptureMetadata }): CatalogueCapture[] {
    const sql = `SELECT ${COLUMNS} FROM ${JOINED}
      WHERE capture.device = ? AND capture.epoch = ? AND capture.boot = ? AND capture.press = ? AND capture.state = 'kept' ORDER BY capture.sequence`;
    return this.all(sql, hex32(device), hex32(epoch), boot, press).map(captureOf);
  }

  segment(device: string, epoch: string, segment: number): SegmentState | undefined {
    const row = this.get(
      "SELECT * FROM segment WHERE device = ? AND epoch = ? AND segment = ?",
      device,
      epoch,
      segment,
    );
    if (row === undefined) return undefined;
    return {
      device,
      epoch,
      segment,
      slots: Number(row.slots),
      slotsRead: Number(row.slots_read),
      mark: String(row.mark),
    };
  }

  setSegment(state: SegmentState, pull: number): void {
    const { device, epoch, segment, slots, slotsRead, mark } = state;
    this.run(
      "INSERT OR REPLACE INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)",
      device,
      epoch,
      segment,
      slots,
      slotsRead,
      mark,
      pull,
    );
  }

  /** Notes a record that was not taken; false when it was noted before. */
  quarantine(record: QuarantinedRecord, pull: number): boolean {
    const { file, slot, offset, reason, message, path } = record;
    const sql =
      "INSERT OR IGNORE INTO quarantine (pull, file, slot, offset, reason, message, path) VALUES (?, ?, ?, ?, ?, ?, ?)";
    return this.run(sql, pull, file, slot ?? null, offset, reason, message, path ?? null).changes > 0;
  }

  quarantined(): QuarantinedRecord[] {
    return this.all("SELECT * FROM quarantine ORDER BY id").map(({ file, slot, offset, reason, message, path }) => ({
      file: String(file),
      slot: slot === null ? undefined : Number(slot),
      offset: Number(offset),
      reason: String(reason),
      message: String(message),
      path: path === null ? undefined : String(path),
    }));
  }

  /** Adds a person's judgement; returns its event, for {@link undo}. A stroke that is there already changes nothing. */
  judge(capture: number, { pass, label, box, atMs, stroke }: NewJudgement): number {
    const sql = `INSERT INTO label_event (capture, pass, judgement, box, stroke, at_ms) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (stroke, capture) DO NOTHING`;
    const shape = box === undefined ? null : JSON.stringify(box);
    const { changes, lastInsertRowid } = this.run(sql, capture, pass, label, shape, stroke ?? null, atMs);
    if (changes > 0) return Number(lastInsertRowid);
    const known = this.get("SELECT id FROM label_event WHERE stroke = ? AND capture = ?", stroke ?? null, capture);
    return Number(known?.id);
  }

  /** Takes a judgement back; the one before it counts again. False when it is taken back already. */
  undo(event: number, atMs: number): boolean {
    const sql = `INSERT OR IGNORE INTO label_event (capture, pass, undoes, at_ms)
      SELECT capture, pass, id, ? FROM label_event WHERE id = ? AND undoes IS NULL`;
    return this.run(sql, atMs, event).changes > 0;
  }

  /** The events of a stroke, taken back or not, by capture. */
  stroke(stroke: string): { readonly event: number; readonly capture: number }[] {
    const rows = this.all("SELECT id, capture FROM label_event WHERE stroke = ? ORDER BY id", stroke);
    return rows.map(({ id, capture }) => ({ event: Number(id), capture: Number(capture) }));
  }

  /** Number of the last label event: tells whether another process has added one. */
  lastEvent(): number {
    return Number(this.get("SELECT coalesce(max(id), 0) AS n FROM label_event")?.n);
  }

  /** Captures that a label event was added for after the event of this number. */
  judgedSince(event: number): number[] {
    return this.all("SELECT DISTINCT capture FROM label_event WHERE id > ?", event).map((row) => Number(row.capture));
  }

  /** Changes whenever another process has written to the catalogue. */
  dataVersion(): number {
    return Number(this.get("PRAGMA data_version")?.data_version);
  }

  /** State and consent of every capture, in a few bytes each. */
  states(): Map<number, { readonly state: CatalogueCapture["state"]; readonly consent: Consent }> {
    const rows = this.all("SELECT id, state, consent FROM capture");
    return new Map(
      rows.map(({ id, state, consent }) => [
        Number(id),
        { state: state === "deleted" ? "deleted" : "kept", consent: consent as Consent },
      ]),
    );
  }

  /** The looks that were measured by a revision of the measuring code. */
  *looks(revision: number): Generator<[capture: number, look: Look], void, undefined> {
    const sql = "SELECT capture, measures, sketch FROM look WHERE revision = ? ORDER BY capture";
    const rows = guarded(this.path, () => this.database.prepare(sql).iterate(revision));
    for (const row of rows) yield lookOf(row as Row);
  }

  setLook(capture: number, revision: number, { measures, sketch }: Look): void {
    const sql = "INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?)";
    this.run(sql, capture, revision, JSON.stringify(measures), Buffer.from(sketch).toString("base64"));
  }

  setConsent(capture: number, consent: Consent): void {
    this.run("UPDATE capture SET consent = ? WHERE id = ?", consent, capture);
  }

  /** Marks a capture as deleted; its row stays, so that it is not pulled again. Removing the picture is the caller's. */
  markDeleted(capture: number): void {
    this.run("UPDATE capture SET state = 'deleted' WHERE id = ?", capture);
    this.run("DELETE FROM look WHERE capture = ?", capture);
  }

  private run(sql: string, ...values: (string | number | null)[]): Database.RunResult {
    return guarded(this.path, () => this.database.prepare(sql).run(...values));
  }

  private get(sql: string, ...values: (string | number | null)[]): Row | undefined {
    return guarded(this.path, () => this.database.prepare(sql).get(...values)) as Row | undefined;
  }

  private all(sql: string, ...values: (string | number | null)[]): Row[] {
    return guarded(this.path, () => this.database.prepare(sql).all(...values)) as Row[];
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
