/** FatFs' sources as smilec gets them for image files as cards, from the Python package index once; CI keeps them between runs. */
import { obtainFatFs } from "#smilec/build/fatfs.js";
import { recordingContext } from "./recording-reporter.js";
import { testSmilecHome } from "./smilec-home.js";

let sources: Promise<Record<string, string>> | undefined;

export function fatFsSources(): Promise<Record<string, string>> {
  sources ??= inTestHome(() => obtainFatFs(recordingContext()));
  return sources;
}

async function inTestHome<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env.SMILEC_HOME;
  process.env.SMILEC_HOME = testSmilecHome;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.SMILEC_HOME;
    else process.env.SMILEC_HOME = before;
  }
}
