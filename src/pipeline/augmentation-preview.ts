/** The pictures a contact sheet of augmentations shows: one that is given, some of the project's, or drawn faces while it has none. */
import { listImports, openCatalogue, PictureReader } from "../data/catalogue.js";
import { decodeGray } from "../data/decode.js";
import { faceSquare } from "../data/framing.js";
import { drawnCrop } from "../data/synthetic/people.js";
import type { Box, GrayImage } from "../data/types.js";
import { UserError } from "../errors.js";
import { resizeArea } from "../preprocess/resize.js";
import { wideSize } from "./pictures.js";
import type { Project } from "./project.js";

/** Pictures that the rows of a sheet take turns with. */
const COUNT = 6;

export interface PreviewPictures {
  /** Square grey pictures of `size` pixels. */
  readonly pictures: readonly Uint8Array[];
  readonly size: number;
  /** In words, for the user. */
  readonly origin: string;
}

/** As training pictures are packed. Throws UserError for a picture that cannot be read and for imports without training pictures. */
export async function previewPictures(project: Project, file: string | undefined): Promise<PreviewPictures> {
  const size = wideSize(project.config.input.size);
  if (file !== undefined) return { pictures: [square(await decodeGray(file), undefined, size)], size, origin: file };
  if ((await listImports(project.dataDir)).length === 0) return drawnPictures(project, size);
  return importedPictures(project, size);
}

function drawnPictures(project: Project, size: number): PreviewPictures {
  const { seed } = project.config.data.synthetic;
  // Persons have eight pictures each, which differ in expression.
  const pictures = Array.from({ length: COUNT }, (_, i) => square(drawnCrop(seed, 9 * i, size).image, undefined, size));
  return { pictures, size, origin: "drawn faces, as nothing has been imported" };
}

async function importedPictures(project: Project, size: number): Promise<PreviewPictures> {
  const catalogue = await openCatalogue(project.dataDir, project.config.data.imports);
  const records = catalogue.records.filter(({ split }) => split === "train");
  if (records.length === 0) {
    throw new UserError("the imports have no training pictures", {
      where: project.dataDir,
      remedy: "Import pictures for the training split, or give one with --picture.",
    });
  }
  const reader = new PictureReader(catalogue.imports);
  try {
    const pictures = Array.from({ length: Math.min(COUNT, records.length) }, (_, i) => {
      const record = records[Math.floor(((i + 0.5) * records.length) / Math.min(COUNT, records.length))];
      return square(reader.read(record), record.box, size);
    });
    return { pictures, size, origin: `${pictures.length} of ${records.length} training pictures` };
  } finally {
    reader.close();
  }
}

function square(image: GrayImage, box: Box | undefined, size: number): Uint8Array {
  return resizeArea(image, faceSquare(image, box), size);
}
