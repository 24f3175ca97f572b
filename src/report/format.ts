/** Figures and foreign text as a reader sees them. Locale-independent, so that a report's bytes depend on its input only. */

const NARROW_SPACE = "\u202f";
const MINUS = "\u2212";

/** `1234567` -> `1,234,567`; values that are not finite are "not defined". */
export function integer(value: number): string {
  if (!Number.isFinite(value)) return "not defined";
  const digits = Math.abs(Math.round(value))
    .toFixed(0)
    .replace(/\B(?=(\d{3})+$)/g, ",");
  return value <= -0.5 ? MINUS + digits : digits;
}

/** Fixed decimals with a true minus sign; "not defined" when not finite. */
export function decimal(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "not defined";
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** Three significant digits for losses and rates of any size: `0.00312`, `1.25`, `3.1e-7`. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return "not finite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e5 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** A fraction 0 to 1 as `92.7 %`. */
export function percent(fraction: number, digits = 1): string {
  return Number.isFinite(fraction) ? `${decimal(100 * fraction, digits)}${NARROW_SPACE}%` : "not defined";
}

/** The same in plain characters, for a page's summary; null is "not defined". */
export function plainPercent(fraction: number | null): string {
  return fraction === null ? "not defined" : `${(100 * fraction).toFixed(1)} %`;
}

/** `831 B`, `96.0 KB` (1 KB = 1,024 bytes), `3.2 MB`. */
export function bytes(count: number): string {
  if (!Number.isFinite(count)) return "not defined";
  if (Math.abs(count) < 1024) return `${integer(count)}${NARROW_SPACE}B`;
  const [unit, name] = Math.abs(count) < 1024 * 1024 ? [1024, "KB"] : [1024 * 1024, "MB"];
  return `${decimal(count / unit, 1)}${NARROW_SPACE}${name}`;
}

/** Multiply-accumulates: `1.70 M`, `43.2 k`. */
export function amount(count: number): string {
  if (!Number.isFinite(count)) return "not defined";
  if (Math.abs(count) >= 1e6) return `${decimal(count / 1e6, 2)}${NARROW_SPACE}M`;
  return Math.abs(count) >= 1e4 ? `${decimal(count / 1e3, 1)}${NARROW_SPACE}k` : integer(count);
}

/** `1 picture`, `2 pictures`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${integer(count)} ${count === 1 ? singular : plural}`;
}

/** A share as a CSS percentage, clamped to 0..100, short and locale-free: `12.5%`. */
export function cssPercent(fraction: number): string {
  if (!Number.isFinite(fraction)) return "0%";
  return `${Number((100 * Math.min(1, Math.max(0, fraction))).toFixed(3))}%`;
}

/**
 * Foreign text (labels, file names, tensor names) made fit for an HTML document: what HTML forbids (controls, unpaired surrogates,
 * noncharacters) becomes U+FFFD and line breaks become spaces. Escaping is the template's part.
 */
export function foreign(text: string): string {
  const ended = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return ended.replace(/[\t\n\r\u2028\u2029]+/g, " ").replace(/[\p{Cc}\p{Cs}\ufdd0-\ufdef\ufffe\uffff]/gu, "\ufffd");
}

/** Longer names than this carry no more information for a reader. */
const MAX_TEXT = 400;

/** Foreign text inside a sentence where markup cannot isolate it (alt texts, chart captions): no direction leaks out of it. */
export function isolated(text: string): string {
  return `\u2068${foreign(text)}\u2069`;
}

/** Shortens the middle, so that both ends of a path or layer name stay readable. Counts code points. */
export function shortened(text: string, length: number): string {
  const points = [...foreign(text)];
  if (points.length <= length) return points.join("");
  const head = Math.ceil((length - 1) / 2);
  return `${points.slice(0, head).join("")}…${points.slice(points.length - (length - 1 - head)).join("")}`;
}
