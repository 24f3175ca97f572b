/** `smilec label status` */
import { Catalogue } from "../captures/catalogue/catalogue.js";
import { type LabelStatus, labelStatus } from "../label/status.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { percent, textTable, thousands } from "./table.js";

export async function labelStatusCommand(context: CommandContext): Promise<void> {
  const { capturesDir, config } = await openProject(context.project);
  const catalogue = Catalogue.open(capturesDir, { mustExist: true });
  try {
    const status = labelStatus(catalogue, config.labels);
    context.result(status, () => describe(status));
  } finally {
    catalogue.close();
  }
}

function describe(status: LabelStatus): string {
  const { captures, presses, deleted, labels, unknownLabels, unjudged, disputed, consent, boxesCorrected } = status;
  const rows = Object.entries(labels).map(([label, count]) => [
    unknownLabels.includes(label) ? `${label} (not in the configuration)` : label,
    thousands(count),
    percent(count / captures),
  ]);
  rows.push(["not judged", thousands(unjudged), percent(unjudged / captures)]);
  rows.push(["disputed", thousands(disputed), percent(disputed / captures)]);
  return [
    `${thousands(captures)} captures of ${thousands(presses)} presses; ${thousands(deleted)} deleted`,
    textTable(["label", "captures", "share"], rows),
    "",
    `boxes corrected: ${thousands(boxesCorrected)}`,
    `consent: ${thousands(consent.given)} given, ${thousands(consent.refused)} refused, ${thousands(consent.unknown)} not asked`,
    agreement(status),
  ].join("\n");
}

function agreement({ agreement: { captures, same, kappa } }: LabelStatus): string {
  if (captures === 0) return "agreement: nothing was looked at twice (smilec label --pass 2)";
  const beyond = kappa === null ? "not defined, as both looks know one label only" : kappa.toFixed(2);
  return `agreement: ${thousands(same)} of ${thousands(captures)} captures the same in both looks (${percent(same / captures)}), Cohen's kappa ${beyond}`;
}
