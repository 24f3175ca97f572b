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
  /** SHA-256 over width, height and grey pixels (hex, 64 characters): equal pictures have equal ids whatever their file format. */
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
    | "outside";
  readonly message: string;
}

/** `import.json` of one import folder. */
export interface ImportSummary {
  readonly formatVersion: 1;
  readonly name: string;
  readonly count: number;
  readonly rejected: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly splits: Readonly<Record<Split, number>>;
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
