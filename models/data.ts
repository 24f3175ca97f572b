/** The data sets that the shipped models are made from: where they lie, how they are imported, and what must be said about them. */
import { join } from "node:path";
import { type ImportResult, importPictures } from "#smilec/data/import.js";
import { parseLabelMap } from "#smilec/data/labels.js";
import { UserError } from "#smilec/errors.js";
import type { StageContext } from "#smilec/pipeline/reporter.js";

interface DataSet {
  /** Folder below the data folder, and name of the import. */
  readonly name: string;
  /** As for `smilec data import --map`. */
  readonly map?: string;
  readonly source: string;
  readonly licence: string;
}

const DATA_SETS: readonly DataSet[] = [
  {
    name: "smiles",
    source:
      "SMILEs (Hromada et al. 2010, github hromi/SMILEsmileD): faces from Labeled Faces in the Wild; split by picture number so that no person is in two splits",
    licence:
      "public data set without a stated licence; photographs belong to their agencies; no picture is part of smilec",
  },
  {
    name: "faces-wide",
    map: "happiness=smile,*=neutral",
    source:
      "facial_expressions (github muxspace/facial_expressions), the part from Labeled Faces in the Wild, whole heads; split by person, in agreement with smiles",
    licence: "Apache-2.0 (labels); photographs belong to their agencies; no picture is part of smilec",
  },
];

/** What a card says about an import. */
export interface DataFacts {
  readonly name: string;
  readonly count: number;
  readonly hash: string;
  readonly command: string;
  readonly source: string;
  readonly licence: string;
}

/** Imports the named data sets from `folder` into the projects' data folder, once. Throws UserError for one that is not there or unknown. */
export async function importData(
  names: readonly string[],
  folder: string,
  into: string,
  context: StageContext,
): Promise<DataFacts[]> {
  const facts: DataFacts[] = [];
  for (const name of names) {
    const set = DATA_SETS.find((one) => one.name === name);
    if (set === undefined)
      throw new UserError(`data set ${name} is not known`, {
        where: "data.imports",
        remedy: "Describe it in models/data.ts.",
      });
    const { map, source, licence } = set;
    const { count, hash } = await importSet(set, folder, into, context);
    const command = `smilec data import ${name}${map === undefined ? "" : ` --map '${map}'`}`;
    facts.push({ name, count, hash, command, source, licence });
  }
  return facts;
}

async function importSet(
  { name, map }: DataSet,
  folder: string,
  into: string,
  context: StageContext,
): Promise<ImportResult> {
  const result = await importPictures({
    from: join(folder, name),
    name,
    into,
    labels: ["neutral", "smile"],
    replace: true,
    context,
    ...(map === undefined ? {} : { labelMap: parseLabelMap(map) }),
  });
  context.reporter.stage("pictures", `${name}: ${result.count} pictures${result.unchanged ? ", imported before" : ""}`);
  return result;
}
