/** How full a memory is, as a bar. */
import { bytes, cssPercent, percent } from "../format.js";

/** From here on a bar says that little room is left. */
const NEARLY_FULL = 0.9;

export function fillView(used: number, limit: number) {
  const share = used / limit;
  const state = used > limit ? "over" : share >= NEARLY_FULL ? "nearly" : "fits";
  const left = used > limit ? `${bytes(used - limit)} too much` : `${bytes(limit - used)} left`;
  const words = state === "nearly" ? `nearly full: ${left}` : left;
  return { bytes: bytes(limit), share: percent(share), width: cssPercent(share), state, words };
}
