/**
 * The loop with real pictures: a model trained on SMILEs, a coin bot in a simulated office (the production-like validation pictures), its captures judged by
 * script, `smilec retrain`, and the office's held-out people before and after: the test pictures, whom no training and no choice has seen.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/rehearsal.ts SHARED-DATA [none|default] [epochs]
 */
import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import { decodeGray, readPictureFile } from "#smilec/data/decode.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { run } from "#smilec/process/run.js";
import { capturesFolder, officeBot, type Visit, workDays } from "../test/support/office.js";

const [data, augmentation = "none", epochs = "12"] = process.argv.slice(2);
const smiles = join(resolve(data), "smiles");
const office = join(resolve(data), "smiles-office", "medium");
/** Validation pictures of the set; neighbours are often the same person, so a day is a range of numbers. */
const FIRST = 9264;
const LAST = 10586;
const PER_DAY = 40;

const project = mkdtempSync(join(tmpdir(), "smilec-rehearsal-"));
const config = {
  name: "rehearsal",
  train: {
    epochs: Number(epochs),
    backend: "wasm",
    threads: 2,
    warmupEpochs: 1,
    ...(augmentation === "none" ? { augment: NO_AUGMENTATION } : {}),
  },
  quantize: { finetuneEpochs: 2 },
  retrain: { epochs: 8 },
};
writeFileSync(join(project, "smilec.config.json"), JSON.stringify(config));

async function smilec(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(process.execPath, [join(packageRoot, "dist", "main.js"), ...args], {
    cwd: project,
  });
  if (exitCode !== 0 && exitCode !== 1) throw new Error(stderr);
  if (exitCode === 1) console.log(stderr.split("\n").slice(-8).join("\n"));
  return stdout;
}

async function visit(number: number): Promise<Visit | undefined> {
  for (const label of ["neutral", "smile"]) {
    const path = join(office, label, `${number}.jpg`);
    if (existsSync(path)) return { label, image: await decodeGray(await readPictureFile(path)) };
  }
  return undefined;
}

async function heldOutPeople(model: string) {
  const json = await smilec(
    "--json",
    "eval",
    "--data",
    office,
    "--layout",
    "smiles",
    "--split",
    "test",
    "--model",
    model,
  );
  const { quality, count } = JSON.parse(json).int8;
  const show = ({ value, low, high }: Record<string, number>) =>
    `${(100 * value).toFixed(1)} % (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
  return `${count} pictures: recall at 70 % precision ${show(quality.recallAt70)}, average precision ${show(quality.averagePrecision)}`;
}

console.log(`project ${project}, augmentation ${augmentation}, ${epochs} epochs`);
await smilec("data", "import", smiles, "--layout", "smiles");
await smilec("quantize");
const model = join(project, "models", "model.tflite");
const before = join(project, "before.tflite");
copyFileSync(model, before);
console.log(`before  ${await heldOutPeople(before)}`);
const numbers = Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i);
const visits = (await Promise.all(numbers.map(visit))).filter((one) => one !== undefined);
const days = Array.from({ length: Math.ceil(visits.length / PER_DAY) }, (_, day) =>
  visits.slice(day * PER_DAY, (day + 1) * PER_DAY),
);
const bot = await officeBot(visits[0].image.width, { burst: 1, config: { INPUT_SIZE: "48" } });
await workDays(bot, days, capturesFolder(project));
await bot.dispose();
console.log(await smilec("replay"));
console.log(await smilec("retrain"));
console.log(`after   ${await heldOutPeople(model)}`);
