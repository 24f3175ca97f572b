/** The option of every command that reads labelled pictures of others. */
import { Option } from "commander";

/** As layoutNames (src/data/layout.ts), which would bring the reader of pictures along. */
const LAYOUTS = ["folders", "split-folders", "manifest", "smiles"];

export function layoutOption(): Option {
  return new Option("--layout <layout>", "how the pictures lie (default: found out)").choices(LAYOUTS);
}
