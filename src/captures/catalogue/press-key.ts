import type { CatalogueCapture } from "./types.js";

/** Names a press across bots and cards: bot, epoch, start and press. */
export function pressKey({ key, metadata }: Pick<CatalogueCapture, "key" | "metadata">): string {
  return `${key.device}/${key.epoch}/${metadata.boot}/${metadata.press}`;
}
