/** Rows of the catalogue's tables as what they mean. */
import type { Box } from "../../data/types.js";
import type { CaptureMetadata } from "../metadata.js";
import type { CatalogueCapture, Consent, Judgement, Look, Pass } from "./types.js";

export type Row = Record<string, string | number | null>;

const PASSES: readonly Pass[] = [1, 2, 3];

export const COLUMNS = [
  "capture.*",
  ...PASSES.map(
    (n) => `e${n}.id AS event${n}, e${n}.judgement AS judgement${n}, e${n}.box AS box${n}, e${n}.at_ms AS at${n}`,
  ),
].join(", ");

/** A capture with the judgement of each pass that counts: the last one that was not taken back. */
export const JOINED = [
  "capture",
  ...PASSES.map(
    (n) => `LEFT JOIN label_event e${n} ON e${n}.id = (
      SELECT max(one.id) FROM label_event one
      WHERE one.capture = capture.id AND one.pass = ${n} AND one.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM label_event back WHERE back.undoes = one.id))`,
  ),
].join(" ");

function judgementOf(row: Row, pass: Pass): Judgement | undefined {
  const event = row[`event${pass}`];
  if (typeof event !== "number") return undefined;
  const box = row[`box${pass}`];
  return {
    event,
    label: String(row[`judgement${pass}`]),
    box: typeof box === "string" ? (JSON.parse(box) as Box) : undefined,
    atMs: Number(row[`at${pass}`]),
  };
}

export function captureOf(row: Row): CatalogueCapture {
  const taken = row.taken_ms === null ? undefined : { ms: Number(row.taken_ms), errorMs: Number(row.taken_error_ms) };
  return {
    id: Number(row.id),
    key: { device: String(row.device), epoch: String(row.epoch), sequence: Number(row.sequence) },
    metadata: JSON.parse(String(row.metadata)) as CaptureMetadata,
    width: Number(row.width),
    height: Number(row.height),
    payloadCrc: Number.parseInt(String(row.payload_crc), 16),
    payloadBytes: Number(row.payload_bytes),
    path: String(row.path),
    pull: Number(row.pull),
    recovered: row.recovered === 1,
    taken,
    state: row.state === "deleted" ? "deleted" : "kept",
    consent: row.consent as Consent,
    judgements: [judgementOf(row, 1), judgementOf(row, 2)],
    resolution: judgementOf(row, 3),
  };
}

export function lookOf({ capture, measures, sketch }: Row): [capture: number, look: Look] {
  return [
    Number(capture),
    {
      measures: JSON.parse(String(measures)) as Look["measures"],
      sketch: new Uint8Array(Buffer.from(String(sketch), "base64")),
    },
  ];
}
