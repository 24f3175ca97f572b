/** Parts of a library's README. Names in a model are foreign text: they become code spans that nothing inside can end. */
import type { ModelDescription } from "../graph/bundle.js";
import type { Int8Graph } from "../graph/types.js";
import { ends } from "./constants.js";

/** A code span (CommonMark 6.1) for one line of any text, also within a table: its fence is longer than any run of backticks inside. */
export function markdownCode(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const padding = longest > 0 || line.trim() === "" ? " " : "";
  return `${fence}${padding}${line.replaceAll("|", "\\|")}${padding}${fence}`;
}

/** Rows of the table of inputs and outputs. */
export function tensorRows(graph: Int8Graph): string {
  return ends(graph)
    .map(({ role, tensor: { name, type, shape, quantization } }) => {
      const scale = quantization === undefined ? "" : String(Number(quantization.scale[0].toPrecision(9)));
      const zeroPoint = quantization === undefined ? "" : String(quantization.zeroPoint[0]);
      const cells = [
        role.toLowerCase().replace("_", " "),
        markdownCode(name),
        type,
        shape.join(" × "),
        scale,
        zeroPoint,
      ];
      return `| ${cells.join(" | ")} |`;
    })
    .join("\n");
}

export function labelSection(description: ModelDescription | undefined): string {
  if (description === undefined) return "The model does not say what its outputs mean.";
  const { labels, positive, preprocess, thresholdMargin } = description;
  const words = labels.map((label, i) => `${i} ${markdownCode(label)}`).join(", ");
  const normalize =
    preprocess.normalize === "standardize"
      ? "mean 0 and standard deviation 1 per picture, integer-only (smilec's docs/preprocessing.md)"
      : "grey - 128";
  return [
    `Outputs: ${words}. Positive is ${positive}: when its value minus the largest other one is at least ${thresholdMargin}.`,
    `Input: a square grey picture of ${preprocess.size} × ${preprocess.size} pixels, ${normalize}.`,
  ].join("\n");
}
