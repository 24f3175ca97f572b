/** What pulls write and ask: captures, segments that were seen, what was put aside or withdrawn, estimated times. */
import { hex32 } from "../format.js";
import { keyOf, untimedOf } from "./rows.js";
import type { Statements, Value } from "./statements.js";
import type {
  CaptureKey,
  CaptureState,
  KnownCapture,
  NewCapture,
  PullKind,
  QuarantinedRecord,
  SeenSegment,
  SegmentState,
  StartedCaptures,
  TakenTime,
  UntimedCapture,
} from "./types.js";

/** Values of a capture's row in the order of {@link ROW_COLUMNS}. Thousands of them wait: their longest text is bytes, which nothing moves about meanwhile. */
export type CaptureRow = readonly (Value | Buffer)[];

const ROW_COLUMNS =
  "device, epoch, sequence, segment, slot, boot, press, burst_index, uptime_ms, model, config, engine, sum, threshold, smile, " +
  "width, height, metadata, payload_crc, payload_bytes, path, pull, recovered, taken_ms, taken_error_ms";
/** Rows of one statement: with 16 a row takes SQLite and its binding two thirds of the time. */
const ROWS_AT_ONCE = 16;

function insertRows(count: number): string {
  const row = `(${ROW_COLUMNS.split(",")
    .map(() => "?")
    .join(", ")})`;
  const rows = Array.from({ length: count }, () => row).join(", ");
  return `INSERT INTO capture (${ROW_COLUMNS}) VALUES ${rows} ON CONFLICT (device, epoch, sequence) DO NOTHING`;
}

const INSERT_ROWS = insertRows(ROWS_AT_ONCE);

export class PullTables {
  constructor(private readonly statements: Statements) {}

  beginPull(kind: PullKind, origin: string, startedMs: number): number {
    const { lastInsertRowid } = this.statements.run(
      "INSERT INTO pull (kind, origin, started_ms) VALUES (?, ?, ?)",
      kind,
      origin,
      startedMs,
    );
    return Number(lastInsertRowid);
  }

  endPull(pull: number, finishedMs: number): void {
    this.statements.run("UPDATE pull SET finished_ms = ? WHERE id = ?", finishedMs, pull);
  }

  has({ device, epoch, sequence }: CaptureKey): boolean {
    const sql = "SELECT 1 AS found FROM capture WHERE device = ? AND epoch = ? AND sequence = ?";
    return this.statements.get(sql, device, epoch, sequence) !== undefined;
  }

  /** Adds a capture; false when one of its name is there already (it stays as it is). */
  add(capture: NewCapture, pull: number): boolean {
    return this.insert([this.rowOf(capture, pull)]) > 0;
  }

  /** As {@link add}, of many captures, with what {@link rowOf} gave. */
  addRows(rows: readonly CaptureRow[]): void {
    for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) this.insert(rows.slice(i, i + ROWS_AT_ONCE));
  }

  /** Inserts a few rows; returns how many of them were new. */
  private insert(rows: readonly CaptureRow[]): number {
    const values: Value[] = [];
    for (const row of rows) for (const value of row) values.push(Buffer.isBuffer(value) ? value.toString() : value);
    return this.statements.run(rows.length === ROWS_AT_ONCE ? INSERT_ROWS : insertRows(rows.length), ...values).changes;
  }

  /** What {@link addRows} writes, as few values that thousands of may wait. */
  rowOf(capture: NewCapture, pull: number): CaptureRow {
    const { metadata: m } = capture;
    return [
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
      Buffer.from(JSON.stringify(m)),
      hex32(capture.payloadCrc),
      capture.payloadBytes,
      capture.path,
      pull,
      capture.recovered ? 1 : 0,
      capture.taken?.ms ?? null,
      capture.taken?.errorMs ?? null,
    ];
  }

  /** What is known of a capture, also of one that was withdrawn before it could be pulled. */
  known({ device, epoch, sequence }: CaptureKey): KnownCapture | undefined {
    const key = [device, epoch, sequence] as const;
    const sql = `SELECT payload_crc, state, path FROM capture WHERE device = ? AND epoch = ? AND sequence = ?
      UNION ALL SELECT NULL, 'withdrawn', NULL FROM withdrawn WHERE device = ? AND epoch = ? AND sequence = ? LIMIT 1`;
    const row = this.statements.get(sql, ...key, ...key);
    if (row === undefined) return undefined;
    const { payload_crc: crc, state, path } = row;
    return {
      payloadCrc: crc === null ? undefined : Number.parseInt(String(crc), 16),
      state: state as CaptureState,
      path: path === null ? undefined : String(path),
    };
  }

  /** Whether anything is known of captures of an epoch. */
  hasEpoch(device: string, epoch: string): boolean {
    const sql = `SELECT 1 AS found FROM capture WHERE device = ? AND epoch = ?
      UNION ALL SELECT 1 FROM withdrawn WHERE device = ? AND epoch = ? LIMIT 1`;
    return this.statements.get(sql, device, epoch, device, epoch) !== undefined;
  }

  segment(device: string, epoch: string, segment: number): SeenSegment | undefined {
    const row = this.statements.get(
      `SELECT segment.*, started_ms FROM segment JOIN pull ON pull.id = segment.pull
       WHERE device = ? AND epoch = ? AND segment = ?`,
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
      seenMs: Number(row.started_ms),
    };
  }

  setSegment(state: SegmentState, pull: number): void {
    const { device, epoch, segment, slots, slotsRead, mark } = state;
    this.statements.run(
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
    const { file, slot, offset, reason, message, key, crc, path } = record;
    const sql = `INSERT OR IGNORE INTO quarantine (pull, file, slot, offset, reason, message, device, epoch, sequence, crc, path)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const identity = [key?.device ?? "", key?.epoch ?? "", key?.sequence ?? 0] as const;
    const values = [pull, file, slot ?? null, offset, reason, message, ...identity, hex32(crc), path ?? null];
    return this.statements.run(sql, ...values).changes > 0;
  }

  quarantined(): QuarantinedRecord[] {
    return this.statements.all("SELECT * FROM quarantine ORDER BY id").map((row) => ({
      file: String(row.file),
      slot: row.slot === null ? undefined : Number(row.slot),
      offset: Number(row.offset),
      reason: String(row.reason),
      message: String(row.message),
      key: row.device === "" ? undefined : keyOf(row),
      crc: Number.parseInt(String(row.crc), 16),
      path: row.path === null ? undefined : String(row.path),
    }));
  }

  /** Records that were put aside, by reason. */
  quarantineCounts(): Record<string, number> {
    const rows = this.statements.all("SELECT reason, count(*) AS n FROM quarantine GROUP BY reason ORDER BY reason");
    return Object.fromEntries(rows.map(({ reason, n }) => [String(reason), Number(n)]));
  }

  /**
   * Notes that a capture was taken back on the bot; what was put aside of it is forgotten. Returns the paths of its picture and of what was put aside:
   * removing them is the caller's.
   */
  withdraw({ device, epoch, sequence }: CaptureKey, pull: number): string[] {
    const key = [device, epoch, sequence] as const;
    this.statements.run("INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?, ?)", ...key, pull);
    // What was measured of the picture holds a sketch of it.
    this.statements.run(
      "DELETE FROM look WHERE capture IN (SELECT id FROM capture WHERE device = ? AND epoch = ? AND sequence = ?)",
      ...key,
    );
    const aside = this.statements.all(
      "SELECT path FROM quarantine WHERE device = ? AND epoch = ? AND sequence = ? AND path IS NOT NULL",
      ...key,
    );
    this.statements.run("UPDATE quarantine SET path = NULL WHERE device = ? AND epoch = ? AND sequence = ?", ...key);
    const kept = this.statements.all(
      "SELECT path FROM capture WHERE device = ? AND epoch = ? AND sequence = ? AND state = 'kept'",
      ...key,
    );
    this.statements.run(
      "UPDATE capture SET state = 'withdrawn' WHERE device = ? AND epoch = ? AND sequence = ? AND state = 'kept'",
      ...key,
    );
    return [...kept, ...aside].map(({ path }) => String(path));
  }

  /** Captures whose time was not estimated yet, in the order each bot took them, those of a damaged card apart and by epoch. */
  *untimed(): Generator<UntimedCapture, void, undefined> {
    const sql = `SELECT device, epoch, segment, slot, sequence, boot, uptime_ms, recovered FROM capture WHERE taken_ms IS NULL
      ORDER BY device, recovered, CASE recovered WHEN 1 THEN epoch END, segment, slot`;
    for (const row of this.statements.iterate(sql)) yield untimedOf(row);
  }

  /** When a start of a bot was, by an estimated capture of it: its time less its uptime. */
  startOf(device: string, epoch: string, boot: number): TakenTime | undefined {
    const sql = `SELECT taken_ms - uptime_ms AS ms, taken_error_ms AS error FROM capture
      WHERE device = ? AND epoch = ? AND boot = ? AND taken_ms IS NOT NULL LIMIT 1`;
    const row = this.statements.get(sql, device, epoch, boot);
    return row === undefined ? undefined : { ms: Number(row.ms), errorMs: Number(row.error) };
  }

  /** Estimates the time of captures of one start, sequence numbers `first` to `last`: `start` plus their uptime. */
  setTaken({ device, epoch, boot, first, last }: StartedCaptures, start: TakenTime): void {
    const sql = `UPDATE capture SET taken_ms = ? + uptime_ms, taken_error_ms = ?
      WHERE device = ? AND epoch = ? AND boot = ? AND sequence BETWEEN ? AND ? AND taken_ms IS NULL`;
    this.statements.run(sql, start.ms, start.errorMs, device, epoch, boot, first, last);
  }

  /** Whether a pull was begun that did not end: it may have left pictures without a row, or files of what was withdrawn. */
  hasUnfinishedPull(): boolean {
    return this.statements.get("SELECT 1 AS found FROM pull WHERE finished_ms IS NULL") !== undefined;
  }

  /** Ends all pulls that were begun and left. */
  endUnfinishedPulls(finishedMs: number): void {
    this.statements.run("UPDATE pull SET finished_ms = ? WHERE finished_ms IS NULL", finishedMs);
  }

  /** Paths of all files that belong to the catalogue: pictures of kept captures, and what was put aside. */
  *paths(): Generator<string, void, undefined> {
    const sql = `SELECT path FROM capture WHERE state = 'kept' UNION ALL SELECT path FROM quarantine WHERE path IS NOT NULL`;
    for (const row of this.statements.iterate(sql)) yield String(row.path);
  }
}
