/** How good models and locators are, and training of a locator. */
import { type Command, Option } from "commander";
import type { Action } from "./action.js";
import { layoutOption } from "./layout-option.js";

export function declareEvaluation(program: Command, action: Action): void {
  declareLocators(program, action);
  program
    .command("eval")
    .description("evaluate a float or int8 model on labelled pictures: curves, intervals, calibration, conditions")
    .option("--data <path>", "folder per label, or a CSV/JSONL manifest (default: the project's pictures)")
    .option("--model <path>", ".tflite file or float model folder (default: the project's model, else smilec's)")
    .addOption(new Option("--split <split>", "only these pictures").choices(["train", "val", "test"]))
    .addOption(layoutOption())
    .option("--map <from=to,...>", "label mapping, such as happiness=smile,*=neutral")
    .option("--prior <share>", "weigh all figures to this share of positives, such as 0.5")
    .option("--threshold <probability>", "where the lights turn green (default: the model's own)")
    .option("--conditions", "also dark, backlit, blurred, noisy, loosely and tightly cropped, rotated", false)
    .addOption(
      new Option("--degrade <level>", "also as a cheap camera in a badly lit office would take them").choices([
        "mild",
        "medium",
        "hard",
        "all",
      ]),
    )
    .option("--burst <captures>", "with --degrade: combine this many simulated captures per press")
    .option("--labels <names>", "for a foreign model: its labels in the order of its outputs")
    .option("--positive <label>", "for a foreign model: the label that turns the lights green")
    .addOption(
      new Option("--range <range>", "for a foreign model: what its input values are").choices([
        "0..1",
        "-1..1",
        "0..255",
        "standardize",
      ]),
    )
    .option("--html <file>", "write curves, tables and worst mistakes as a page")
    .action(action(async () => (await import("../commands/eval.js")).evalCommand));
}

function declareLocators(program: Command, action: Action): void {
  const locate = program.command("locate").description("finding the face in a frame");
  locate
    .command("train")
    .description("a neural detector of the project's own people and of captures with judged faces, if it is better")
    .option("--recipe <file>", "how it is made (default: as the one that comes with smilec)")
    .option("--force", "into service although it is not better than the one that is")
    .action(action(async () => (await import("../commands/locate-train.js")).locateTrainCommand));
  locate
    .command("eval")
    .description("how well locators find faces, what they take for one, and what that does to the smiles")
    .option("--locator <names>", "which, such as center,neural or neural=FILE (default: all there are)")
    .option("--model <file>", "int8 .tflite that judges the boxes (default: the project's, else smilec's)")
    .option("--scenes <n>", "composed scenes (default: 2000)")
    .option("--seed <n>", "other scenes than the fixed ones")
    .option("--size <WxH>", "pixels of a frame", "320x240")
    .addOption(
      new Option("--split <split>", "whose people: choose on validation, report on test")
        .choices(["train", "validation", "test"])
        .default("test"),
    )
    .option("--html <file>", "write figures and pictures as a page: where each locator looked, first failures")
    .action(action(async () => (await import("../commands/locate-eval.js")).locateEvalCommand));
}
