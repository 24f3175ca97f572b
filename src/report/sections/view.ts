/** What the page's template gets: text only, ready to be escaped; fields that end in `Html` or `Css` are markup made here. */

import type { Split } from "../../data/types.js";

/** A figure with its name, and a remark under it. */
export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: string | null;
  /** Set in a smaller size. */
  readonly long: boolean;
}

/** Splits as a reader calls them. */
export const SPLIT_NAMES: Readonly<Record<Split, string>> = { train: "training", val: "validation", test: "test" };

export interface SectionView {
  /** Anchor; also the name of the section's partial in templates/report/. */
  readonly id: string;
  readonly title: string;
  readonly view: Readonly<Record<string, unknown>>;
  /** Rules of the section's sprite sheets. */
  readonly css: readonly string[];
}

const LONG_VALUE = 10;

export function tile(label: string, value: string, note: string | null = null): Tile {
  return { label, value, note, long: [...value].length > LONG_VALUE };
}

/** A picture of a sprite sheet for the template. */
export interface PictureView {
  readonly sheet: string;
  readonly style: string;
  /** What a reader who cannot see it is told. */
  readonly alt: string;
}
