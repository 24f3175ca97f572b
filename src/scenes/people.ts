/** The people of a split: those of imported pictures, or drawn ones where nothing was imported. */
import { type Catalogue, openCatalogue, PictureReader } from "../data/catalogue.js";
import { drawnPerson } from "../data/synthetic/cutout.js";
import type { Split } from "../data/types.js";
import { UserError } from "../errors.js";
import { faceIn, HEAD_IMPORTS, hasSurroundings } from "./framing.js";
import type { People, PersonPicture } from "./types.js";

/** What is needed to open people again, in another thread too. */
export type PeopleSpec =
  | {
      readonly kind: "imports";
      /** Folder of the project's imports. */
      readonly into: string;
      /** Names of the imports; none: all. */
      readonly names: readonly string[];
      readonly split: Split;
      /** Imports whose crops show whole heads; default HEAD_IMPORTS. */
      readonly heads?: readonly string[];
    }
  | { readonly kind: "drawn"; readonly seed: number; readonly split: Split };

/** Smaller faces would be enlarged too much to look like anything. */
const LEAST_SIDE = 32;
/** With so many pictures that show the head, those that show only the face are left out: their hair would have to be painted. */
const ENOUGH = 500;
/** Drawn people kept, so that most scenes find theirs ready. */
const KEPT = 600;
/** Drawn pictures in each split, of other people each. */
const DRAWN: Readonly<Record<Split, readonly [first: number, count: number]>> = {
  train: [0, 4000],
  val: [4000, 1000],
  test: [5000, 1000],
};

/** The caller must close them. Throws UserError when the split has nobody to show. */
export async function openPeople(spec: PeopleSpec): Promise<People> {
  if (spec.kind === "drawn") return drawnPeople(spec.seed, spec.split);
  return importedPeople(await openCatalogue(spec.into, spec.names), spec.split, spec.heads);
}

/** People of a split of imported pictures. Pictures whose face is smaller than 32 pixels are left out. */
export function importedPeople(catalogue: Catalogue, split: Split, heads = HEAD_IMPORTS): People {
  const large = catalogue.records.filter(
    (record) => record.split === split && faceIn(record, heads).side >= LEAST_SIDE,
  );
  const withHead = large.filter((record) => hasSurroundings(record, faceIn(record, heads)));
  const records = withHead.length >= ENOUGH ? withHead : large;
  if (records.length === 0) throw nobody(catalogue, split);
  const reader = new PictureReader(catalogue.imports);
  return {
    count: records.length,
    split,
    picture: (index) => {
      const record = records[index];
      const { label, group, source } = record;
      const image = reader.read(record);
      return { image, face: faceIn(record, heads), id: `${source}/${record.id}`, group: `${source}/${group}`, label };
    },
    close: () => reader.close(),
  };
}

function nobody(catalogue: Catalogue, split: Split): UserError {
  const ofSplit = catalogue.records.filter((record) => record.split === split).length;
  const what =
    ofSplit === 0
      ? `there is no picture of split ${split}`
      : `all ${ofSplit} faces of split ${split} are smaller than ${LEAST_SIDE} pixels`;
  return new UserError(`nobody to put into scenes: ${what}`, {
    where: catalogue.imports.map(({ dir }) => dir).join(", "),
    remedy: "Import larger pictures (`smilec data import`), or choose another split.",
  });
}

/** Drawn people; the same numbers give the same pictures. */
export function drawnPeople(seed: number, split: Split): People {
  const [first, count] = DRAWN[split];
  const kept = new Map<number, PersonPicture>();
  return {
    count,
    split,
    picture: (index) => {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const fresh = drawnPerson(seed, first + index);
      if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
      kept.set(index, fresh);
      return fresh;
    },
    close: () => kept.clear(),
  };
}
