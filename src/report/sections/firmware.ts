/** How full the chip is. */
import { bytes, cssPercent, foreign, percent } from "../format.js";
import type { FirmwareSection } from "../types.js";
import type { SectionView } from "./view.js";

/** From here on a bar says that little room is left. */
const NEARLY_FULL = 0.9;

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
  const share = used / limit;
  const state = used > limit ? "over" : share >= NEARLY_FULL ? "nearly" : "fits";
  const left = used > limit ? `${bytes(used - limit)} too much` : `${bytes(limit - used)} left`;
  const words = state === "nearly" ? `nearly full: ${left}` : left;
  return {
    name: foreign(name),
    used: bytes(used),
    limit: { bytes: bytes(limit), share: percent(share), width: cssPercent(share), state, words },
  };
}
