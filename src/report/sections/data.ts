/** The pictures: how many of what, how they measure, how they look. */
import { counted, cssPercent, decimal, foreign, integer, isolated } from "../format.js";
import { drawSheet } from "../sheet.js";
import type { DataSection } from "../types.js";
import { type PictureView, type SectionView, SPLIT_NAMES } from "./view.js";

const SPLITS = ["train", "val", "test"] as const;

/** Pictures on all contact sheets together, and per label at most. */
const SAMPLES = 128;
const SAMPLES_PER_LABEL = 24;
const SAMPLE_AREA = 72 * 72;

type Row = DataSection["rows"][number];

export async function dataSection(data: DataSection): Promise<SectionView> {
  const contact = await contactSheets(data);
  const total = data.rows.reduce((sum, row) => sum + row.count, 0);
  const labels = labelsOf(data.rows);
  return {
    id: "data",
    title: "Data",
    css: contact.css,
    view: {
      source: foreign(data.source),
      total: counted(total, "picture"),
      labelCount: counted(labels.length, "label"),
      labels: balance(data.rows, labels),
      imbalance: imbalance(data.rows, labels),
      contact: contact.labels,
      rows: data.rows.map(tableRow),
    },
  };
}

function labelsOf(rows: readonly { readonly label: string }[]): string[] {
  return [...new Set(rows.map((row) => row.label))];
}

function countOf(rows: readonly Row[], label: string): number {
  return rows.reduce((sum, row) => sum + (row.label === label ? row.count : 0), 0);
}

/** One bar per label, as long as its share of the largest label, cut into the splits. */
function balance(rows: readonly Row[], labels: readonly string[]) {
  const largest = Math.max(1, ...labels.map((label) => countOf(rows, label)));
  return labels.map((label) => {
    const own = rows.filter((row) => row.label === label);
    const parts = SPLITS.map((split) => {
      const count = own.reduce((sum, row) => sum + (row.split === split ? row.count : 0), 0);
      return { split, name: SPLIT_NAMES[split], count, text: integer(count), width: cssPercent(count / largest) };
    });
    return {
      name: foreign(label),
      count: integer(countOf(rows, label)),
      parts: parts.filter((part) => part.count > 0),
    };
  });
}

/** A sentence when the largest label has more than three times the pictures of the smallest. */
function imbalance(rows: readonly Row[], labels: readonly string[]): string | null {
  const counts = labels.map((label) => ({ label, count: countOf(rows, label) })).sort((a, b) => a.count - b.count);
  const least = counts[0];
  const most = counts[counts.length - 1];
  if (least === undefined || most.count <= 3 * least.count) return null;
  if (least.count === 0) return `There is no picture of “${isolated(least.label)}” yet.`;
  const ratio = most.count / least.count;
  const times = decimal(ratio, ratio < 10 ? 1 : 0);
  return `“${isolated(most.label)}” has ${times} times as many pictures as “${isolated(least.label)}”: more of the latter would help most.`;
}

function tableRow(row: Row) {
  return {
    label: foreign(row.label),
    split: SPLIT_NAMES[row.split],
    source: foreign(row.source),
    count: integer(row.count),
    brightness: decimal(row.brightness, 1),
    contrast: decimal(row.contrast, 1),
    sharpness: decimal(row.sharpness, 1),
    noise: decimal(row.noise, 1),
  };
}

async function contactSheets({ samples }: DataSection) {
  const labels = labelsOf(samples);
  const perLabel = Math.max(1, Math.min(SAMPLES_PER_LABEL, Math.floor(SAMPLES / Math.max(1, labels.length))));
  const chosen = labels.map((label) => samples.filter((sample) => sample.label === label).slice(0, perLabel));
  if (chosen.length === 0) return { labels: [], css: [] };
  const sheet = await drawSheet(
    "sheet-samples",
    chosen.flat().map((sample) => sample.picture),
    { cellArea: SAMPLE_AREA },
  );
  let next = 0;
  const views = chosen.map((own, index) => ({
    name: foreign(labels[index]),
    count: counted(own.length, "sample"),
    pictures: own.map(
      ({ label }, i): PictureView => ({
        sheet: sheet.name,
        style: sheet.cells[next++].style,
        alt: `Sample ${i + 1} of ${isolated(label)}`,
      }),
    ),
  }));
  return { labels: views, css: [sheet.css] };
}
