/** A project and its pictures. */
import { type Command, Option } from "commander";
import type { Action } from "./action.js";
import { layoutOption } from "./layout-option.js";

export function declareProject(program: Command, action: Action): void {
  program
    .command("loop")
    .description(
      "the whole loop on this machine: pictures, training, int8 model, firmware, presses, exact replay, report",
    )
    .action(action(async () => (await import("../commands/loop.js")).loopCommand));
  program
    .command("init [dir]")
    .description("start a project: configuration, folders, .gitignore, README")
    .option("-y, --yes", "never ask; take the defaults", false)
    .option("--name <name>", "name of the bot")
    .option("--board <board>", "board the firmware is for")
    .action(action(async () => (await import("../commands/init.js")).initCommand));
  declareData(program, action);
  program
    .command("doctor")
    .description("check this machine: Node, Python, PlatformIO, compiler, serial rights, toolchains, training backend")
    .option("--fix", "set up PlatformIO in a private virtual environment", false)
    .action(action(async () => (await import("../commands/doctor.js")).doctorCommand));
}

function declareData(program: Command, action: Action): void {
  const data = program.command("data").description("pictures: import them, look at what is there");
  data
    .command("import <path>")
    .description("import a folder per class, a CSV/JSONL manifest, or a known data set's folder")
    .option("--name <name>", "name of the import (default: made from the folder's name)")
    .addOption(layoutOption())
    .option("--map <from=to,...>", "label mapping, such as happiness=smile,*=neutral")
    .option("--split <plan>", "split by group: 70/15/15, or number ranges train=1-900,val=901-1000,test=1001-1200")
    .option("--partial", "accept pictures that lack a label or a split, to be used with other imports", false)
    .option("--replace", "replace an import of the same name", false)
    .action(action(async () => (await import("../commands/data-import.js")).dataImportCommand));
  data
    .command("stats")
    .description("counts per label, split and source; brightness, contrast, sharpness, noise")
    .action(action(async () => (await import("../commands/data-stats.js")).dataStatsCommand));
  data
    .command("degrade <path>")
    .description("labelled pictures as a cheap camera in a badly lit office would have taken them, to look at")
    .requiredOption("--out <dir>", "new folder: pictures, manifest, contact sheet")
    .addOption(new Option("--level <level>", "how bad").choices(["mild", "medium", "hard"]).default("medium"))
    .addOption(layoutOption())
    .option("--map <from=to,...>", "label mapping, such as happiness=smile,*=neutral")
    .addOption(new Option("--split <split>", "only these pictures").choices(["train", "val", "test"]))
    .action(action(async () => (await import("../commands/data-degrade.js")).dataDegradeCommand));
  data
    .command("compose")
    .description("camera frames with faces, lamps, windows and clutter, and where they are: what locators learn from")
    .option("--count <n>", "scenes", "200")
    .option("--out <dir>", "new folder: scenes, manifest, contact sheet", "scenes")
    .option("--size <WxH>", "pixels of a frame", "320x240")
    .option("--seed <n>", "the same seed gives the same scenes", "1")
    .addOption(
      new Option("--split <split>", "whose people (drawn people outside of a project)")
        .choices(["train", "validation", "test"])
        .default("train"),
    )
    .option("--heads <imports>", "imports whose crops show whole heads (default: faces-wide)")
    .action(action(async () => (await import("../commands/data-compose.js")).dataComposeCommand));
}
