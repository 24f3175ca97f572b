/** The frame with its box, in a place whose size never depends on whether the picture is there yet. */
import type { Box } from "../../data/types.js";
import type { CaptureView } from "../protocol.js";
import { element } from "./dom.js";
import { frameUrl, type PicturePool } from "./pictures.js";
import { pictureProblem } from "./server.js";

/** Between two attempts at a picture that did not come, milliseconds. */
const RETRY_MS = 1500;

/** Puts a box over a frame, in parts of its size. */
export function placeBox(
  target: HTMLElement,
  box: Box,
  { width, height }: { readonly width: number; readonly height: number },
): void {
  target.style.left = `${(100 * box.x) / width}%`;
  target.style.top = `${(100 * box.y) / height}%`;
  target.style.width = `${(100 * box.width) / width}%`;
  target.style.height = `${(100 * box.height) / height}%`;
}

/** Shows a picture in a place, and in words why there is none. */
export function showPicture(place: HTMLElement, image: HTMLImageElement, alt: string): void {
  image.alt = alt;
  const old = place.querySelector("img");
  if (old === image) return;
  place.querySelector(".problem")?.remove();
  if (old === null) place.prepend(image);
  else old.replaceWith(image);
  const tell = () => void explain(place, image);
  if (image.classList.contains("broken")) tell();
  else image.addEventListener("error", tell, { once: true });
}

/** Whether a picture was seen, or never will be. */
export function isSettled(image: HTMLImageElement | null): boolean {
  return image !== null && (image.dataset.lost !== undefined || (image.complete && image.naturalWidth > 0));
}

async function explain(place: HTMLElement, image: HTMLImageElement): Promise<void> {
  image.classList.add("broken");
  if (image.parentElement !== place) return;
  const { text, stays } = await pictureProblem(image.src);
  if (image.parentElement !== place || place.querySelector(".problem") !== null) return;
  place.append(element("p", { class: "problem" }, text));
  if (stays) image.dataset.lost = "";
  else setTimeout(() => retry(place, image), RETRY_MS);
}

function retry(place: HTMLElement, image: HTMLImageElement): void {
  if (image.parentElement !== place) return;
  place.querySelector(".problem")?.remove();
  image.classList.remove("broken");
  image.addEventListener("error", () => void explain(place, image), { once: true });
  image.setAttribute("src", image.src);
}

/** A small frame with its box, for strips and grids. */
export function smallFrame(pool: PicturePool, place: string, capture: CaptureView, alt: string): HTMLElement {
  const frame = element("span", { class: "frame" });
  frame.style.aspectRatio = `${capture.width} / ${capture.height}`;
  showPicture(frame, pool.get(place, frameUrl(capture)), alt);
  const box = element("span", { class: capture.boxCorrected ? "box corrected" : "box" });
  placeBox(box, capture.box, capture);
  frame.append(box);
  return frame;
}
