/** How full the chip is. */
import { bytes, foreign } from "../format.js";
import type { FirmwareSection } from "../types.js";
import { fillView } from "./fill.js";
import type { SectionView } from "./view.js";

export function firmwareSection(firmware: FirmwareSection): SectionView {
  return {
    id: "firmware",
    title: "Firmware",
    css: [],
    view: {
      target: foreign(firmware.target),
      engine: foreign(firmware.engine),
      sizes: firmware.sizes.map(sizeRow),
      anyLimit: firmware.sizes.some((size) => size.limit !== undefined),
    },
  };
}

function sizeRow({ name, bytes: used, limit }: FirmwareSection["sizes"][number]) {
  if (limit === undefined) return { name: foreign(name), used: bytes(used), limit: null };
  return { name: foreign(name), used: bytes(used), limit: fillView(used, limit) };
}
