/** Pictures loaded and decoded before they are needed. The server forbids caching, so the elements themselves are kept. */
import type { Box } from "../../data/types.js";
import type { CaptureView } from "../protocol.js";

/** Elements kept; a press with its burst needs up to 16. */
const KEPT = 96;

export function frameUrl({ id }: CaptureView): string {
  return `/frame/${id}`;
}

/** The network's input for a box. */
export function inputUrl({ id }: CaptureView, { x, y, width, height }: Box): string {
  return `/input/${id}?box=${[x, y, width, height].join()}`;
}

export class PicturePool {
  /** By place and address, least recently used first. */
  private readonly kept = new Map<string, HTMLImageElement>();

  /** The picture for a place; an element can be in one place only. */
  get(place: string, url: string): HTMLImageElement {
    const key = `${place} ${url}`;
    const kept = this.kept.get(key);
    // What failed is tried again: the connection may be back.
    const image = kept === undefined || (kept.classList.contains("broken") && !kept.isConnected) ? loaded(url) : kept;
    this.kept.delete(key);
    this.kept.set(key, image);
    for (const [oldest, { isConnected }] of this.kept) {
      if (this.kept.size <= KEPT) break;
      if (!isConnected) this.kept.delete(oldest);
    }
    return image;
  }

  /** So that a deleted picture is nowhere. */
  forget(capture: number): void {
    for (const [key, image] of this.kept) {
      if (!new RegExp(`/${capture}(\\?|$)`).test(key)) continue;
      image.removeAttribute("src");
      this.kept.delete(key);
    }
  }
}

function loaded(url: string): HTMLImageElement {
  const image = new Image();
  image.decoding = "sync";
  image.alt = "";
  image.draggable = false;
  image.src = url;
  image.addEventListener("error", () => image.classList.add("broken"));
  image.decode().catch(() => undefined);
  return image;
}
