/** What training should know about the pictures beyond their pixels: who is on them, how large they were, what they are called. */
import { faceSquare } from "../data/framing.js";
import type { PictureRecord, Split } from "../data/types.js";
import type { PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";

/** Names of the packed training pictures, in their order. */
export function trainingPictureNames(project: Project, { catalogue }: PictureSet): (picture: number) => string {
  const records = usable(project, catalogue.records).filter(({ split }) => split === "train");
  return (picture) => {
    const record = records[picture];
    return record === undefined ? String(picture) : `${record.source}: ${record.original}`;
  };
}

/** Warns about what makes training or its validation worse than the numbers look. */
export function warnAboutPictures(project: Project, { catalogue }: PictureSet, context: StageContext): void {
  const records = usable(project, catalogue.records);
  const warnings = [smallPictures(records, project.config.input.size), sharedGroups(records)];
  for (const warning of warnings) if (warning !== undefined) context.reporter.warn(warning);
}

function usable({ config }: Project, records: readonly PictureRecord[]): PictureRecord[] {
  return records.filter(({ label }) => config.labels.includes(label));
}

function smallPictures(records: readonly PictureRecord[], size: number): string | undefined {
  const sides = records.map((record) => faceSquare(record, record.box).width).filter((side) => side < size);
  if (sides.length === 0) return undefined;
  const least = sides.reduce((a, b) => Math.min(a, b));
  return (
    `${sides.length} of ${records.length} pictures are smaller than the network's input (${size} pixels), the smallest ${least} pixels: ` +
    "they are enlarged, and the network sees no more than they hold; a smaller input.size costs less"
  );
}

/** Within an import groups are never split; two imports may know the same person by the same name. */
function sharedGroups(records: readonly PictureRecord[]): string | undefined {
  const splits = new Map<string, Map<Split, string>>();
  for (const { group, split, source } of records) {
    const known = splits.get(group) ?? new Map<Split, string>();
    splits.set(group, known.set(split, known.get(split) ?? source));
  }
  const shared = [...splits].filter(([, known]) => known.has("train") && known.size > 1);
  if (shared.length === 0) return undefined;
  const [name, known] = shared[0];
  const where = [...known].map(([split, source]) => `${split} of ${source}`).join(", ");
  return (
    `${shared.length} groups have the same name in the training pictures of one import and in another split of a second (${JSON.stringify(name)}: ${where}): ` +
    "if they are the same people, validation and test look better than they are; import both with one split"
  );
}
