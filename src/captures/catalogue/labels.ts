/** What people say of captures, what was measured for showing them, and whether another process has changed any of it. */
import { lookOf } from "./rows.js";
import type { Statements } from "./statements.js";
import type { CaptureState, CatalogueCapture, Consent, Look, NewJudgement } from "./types.js";

export class LabelTables {
  constructor(private readonly statements: Statements) {}

  /** Adds a person's judgement; returns its event, for {@link undo}. A stroke that is there already changes nothing. */
  judge(capture: number, { pass, label, box, atMs, stroke }: NewJudgement): number {
    const sql = `INSERT INTO label_event (capture, pass, judgement, box, stroke, at_ms) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (stroke, capture) DO NOTHING`;
    const shape = box === undefined ? null : JSON.stringify(box);
    const { changes, lastInsertRowid } = this.statements.run(sql, capture, pass, label, shape, stroke ?? null, atMs);
    if (changes > 0) return Number(lastInsertRowid);
    const known = this.statements.get(
      "SELECT id FROM label_event WHERE stroke = ? AND capture = ?",
      stroke ?? null,
      capture,
    );
    return Number(known?.id);
  }

  /** Takes a judgement back; the one before it counts again. False when it is taken back already. */
  undo(event: number, atMs: number): boolean {
    const sql = `INSERT OR IGNORE INTO label_event (capture, pass, undoes, at_ms)
      SELECT capture, pass, id, ? FROM label_event WHERE id = ? AND undoes IS NULL`;
    return this.statements.run(sql, atMs, event).changes > 0;
  }

  /** The events of a stroke, taken back or not, by capture. */
  stroke(stroke: string): { readonly event: number; readonly capture: number }[] {
    const rows = this.statements.all("SELECT id, capture FROM label_event WHERE stroke = ? ORDER BY id", stroke);
    return rows.map(({ id, capture }) => ({ event: Number(id), capture: Number(capture) }));
  }

  /** Number of the last label event: tells whether another process has added one. */
  lastEvent(): number {
    return Number(this.statements.get("SELECT coalesce(max(id), 0) AS n FROM label_event")?.n);
  }

  /** Captures that a label event was added for after the event of this number. */
  judgedSince(event: number): number[] {
    return this.statements
      .all("SELECT DISTINCT capture FROM label_event WHERE id > ?", event)
      .map((row) => Number(row.capture));
  }

  /** Changes whenever another process has written to the catalogue. */
  dataVersion(): number {
    return Number(this.statements.get("PRAGMA data_version")?.data_version);
  }

  /** State and consent of every capture, in a few bytes each. */
  states(): Map<number, { readonly state: CatalogueCapture["state"]; readonly consent: Consent }> {
    const rows = this.statements.all("SELECT id, state, consent FROM capture");
    return new Map(
      rows.map(({ id, state, consent }) => [Number(id), { state: state as CaptureState, consent: consent as Consent }]),
    );
  }

  /** The looks that were measured by a revision of the measuring code. */
  *looks(revision: number): Generator<[capture: number, look: Look], void, undefined> {
    const sql = "SELECT capture, measures, sketch FROM look WHERE revision = ? ORDER BY capture";
    const rows = this.statements.iterate(sql, revision);
    for (const row of rows) yield lookOf(row);
  }

  setLook(capture: number, revision: number, { measures, sketch }: Look): void {
    const sql = "INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?)";
    this.statements.run(sql, capture, revision, JSON.stringify(measures), Buffer.from(sketch).toString("base64"));
  }

  setConsent(capture: number, consent: Consent): void {
    this.statements.run("UPDATE capture SET consent = ? WHERE id = ?", consent, capture);
  }

  /** Marks a capture as deleted; its row stays, so that it is not pulled again. Removing the picture is the caller's. */
  markDeleted(capture: number): void {
    this.statements.run("UPDATE capture SET state = 'deleted' WHERE id = ?", capture);
    this.statements.run("DELETE FROM look WHERE capture = ?", capture);
  }
}
