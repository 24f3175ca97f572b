/** What a picture set is made of, on disk and in memory. */

export type Split = "train" | "val" | "test";

/** A rectangle in pixels of its picture; x, y is the top left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** 8-bit grey picture, row-major. */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** One line of `catalogue.jsonl`. */
export interface PictureRecord {
  /**
   * SHA-256 over width, height, box and grey pixels (hex, 64 characters): equal pictures have equal ids whatever their file format, and two
   * faces of one picture have different ones.
   */
  readonly id: string;
  /** Name of the picture inside `pictures.tar`: `<first 16 hex of id>.pgm`. */
  readonly file: string;
  /** Byte offset of the first grey pixel inside `pictures.tar`. */
  readonly offset: number;
  readonly width: number;
  readonly height: number;
  readonly label: string;
  /** Pictures of one group (a person, a recording) are never split. */
  readonly group: string;
  readonly split: Split;
  /** Name of the import the picture came with. */
  readonly source: string;
  /** Where it came from, relative to the imported path; for messages only, never opened again. */
  readonly original: string;
  /** Face box; absent when the picture is the crop. */
  readonly box?: Box;
}

/** One line of `rejected.jsonl`: a picture that was kept out, and why. */
export interface RejectedPicture {
  readonly original: string;
  readonly reason:
    | "duplicate"
    | "conflicting-label"
    | "unreadable"
    | "too-small"
    | "too-large"
    | "unknown-label"
    | "missing"
    | "outside"
    | "bad-box";
  readonly message: string;
  /** Of a duplicate or conflict: the picture's id, so that its twin in another import can be kept out too. */
  readonly id?: string;
}

/** `import.json` of one import folder. */
export interface ImportSummary {
  readonly formatVersion: 1;
  readonly name: string;
  readonly count: number;
  readonly rejected: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly splits: Readonly<Record<Split, number>>;
  /** Rejected pictures per reason. */
  readonly reasons: Readonly<Partial<Record<RejectedPicture["reason"], number>>>;
  /** Things worth knowing about pictures that were kept, with how many: `only the first frame of an animation is used`. */
  readonly notes: Readonly<Record<string, number>>;
  /** Files that are no pictures and are not meant to be (hidden files, a README beside the class folders). */
  readonly ignored: number;
  /** How the pictures were found: a layout's name, or `synthetic`. */
  readonly layout: string;
  /** SHA-256 over options, paths and sizes of what was imported: cheap to compare. */
  readonly listing: string;
  /** SHA-256 over the imported files' bytes: decides whether an import would be the same again. */
  readonly contents: string;
  /** SHA-256 of catalogue.jsonl: identifies the contents. */
  readonly hash: string;
}

/**
 * Random access to labelled pictures of one split, square and of one size, ready for augmentation.
 * Reads from disk as it goes; memory stays bounded by what the caller asks for.
 */
export interface PictureSource {
  readonly count: number;
  /** Side of the square pictures in pixels. */
  readonly size: number;
  /** Label index per picture. */
  readonly labels: Uint8Array;
  /** Copies pictures `indices` into `out` (indices.length * size * size bytes). */
  read(indices: ArrayLike<number>, out: Uint8Array): void;
  close(): void;
}
