/**
 * What `smilec skew` says of captures whose faults are known, made by the host firmware: untouched test pictures of other people (nothing to find), the
 * production-like test, and one fault at a time. Training: the training pictures of ../shared/data/smiles. With --fit also what `skew fit` gains on the second.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/skew.ts [PRESSES] [--fit] [--only NAME]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importPictures } from "#smilec/data/import.js";
import type { GrayImage } from "#smilec/data/types.js";
import { CONDITIONS, type Condition, underCondition } from "#smilec/evaluate/conditions.js";
import { Subject } from "#smilec/evaluate/degrade/subject.js";
import { folderSet } from "#smilec/evaluate/pictures.js";
import { openProject } from "#smilec/pipeline/project.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { measureSkew } from "#smilec/pipeline/skew.js";
import { fitSkew } from "#smilec/pipeline/skew-fit.js";
import { captureAll, shippedBot } from "../test/support/shipped-bot.js";

const presses = Number(process.argv[2] ?? 300);
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : undefined;
const fits = process.argv.includes("--fit");
const data = join(import.meta.dirname, "../../shared/data");
const context = { reporter: silentReporter, signal: new AbortController().signal };
const root = mkdtempSync(join(tmpdir(), "smilec-skew-bench-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));

const bot = await shippedBot(2);
const clean = await testPictures(join(data, "smiles"), "smiles");
const office = await testPictures(join(data, "smiles-office/medium"), undefined);
console.log(`${presses} presses of 2 captures each\n`);
await measure("untouched test pictures", clean);
await measure("office, medium", office, fits);
for (const condition of CONDITIONS.filter((name) => ["dark", "backlit", "blurred", "noisy"].includes(name))) {
  await measure(
    condition,
    clean.map((image) => conditioned(image, condition)),
  );
}
await bot.dispose();

/** Test pictures, spread evenly. */
async function testPictures(from: string, layout: "smiles" | undefined): Promise<GrayImage[]> {
  const set = await folderSet({ from, ...(layout === undefined ? {} : { layout, split: "test" as const }) });
  const pictures: GrayImage[] = [];
  for await (const picture of set.read()) {
    if ("reason" in picture) continue;
    const number = Number(/(\d+)\.jpg$/.exec(picture.name)?.[1]);
    if (number >= 10587) pictures.push(picture.image);
  }
  return pictures.filter(
    (_, i) => Math.floor(((i + 1) * presses) / pictures.length) > Math.floor((i * presses) / pictures.length),
  );
}

function conditioned(image: GrayImage, condition: Condition): GrayImage {
  return underCondition(new Subject(image, { x: 0, y: 0, width: image.width, height: image.height }), condition);
}

async function projectWith(name: string, pictures: readonly GrayImage[]) {
  const dir = join(root, name.replaceAll(/\W+/g, "-"));
  await importPictures({
    from: join(data, "smiles"),
    into: join(dir, "data"),
    context,
    layout: "smiles",
    name: "smiles",
    labels: ["neutral", "smile"],
  });
  writeFileSync(join(dir, "smilec.config.json"), `{ "name": "bench" }\n`);
  await captureAll(bot, pictures, join(dir, "captures"));
  return openProject(dir);
}

async function measure(name: string, pictures: readonly GrayImage[], fit = false): Promise<void> {
  if (only !== undefined && !name.includes(only)) return;
  const project = await projectWith(name, pictures);
  const started = performance.now();
  const { report } = await measureSkew(project, context);
  const { auc, augmentedAuc, consistency, causes, closing } = report;
  const interval = ({ value, low, high }: typeof auc) =>
    `${value?.toFixed(3)} (${low?.toFixed(3)} to ${high?.toFixed(3)})`;
  console.log(`${name}: AUC ${interval(auc)}, against augmented training ${interval(augmentedAuc)}`);
  console.log(
    `  ${consistency.equal} of ${consistency.captures} captures equal, ${consistency.withModel} with outputs; ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  for (const cause of causes) console.log(`  ${cause.statistic.toFixed(2)} ${cause.name}: ${cause.sentence}`);
  for (const { title, before, best } of closing) {
    console.log(
      `  closes ${title} (${before.toFixed(2)}): ${best.map(({ label, after }) => `${label} -> ${after.toFixed(2)}`).join("; ")}`,
    );
  }
  if (!fit) return;
  const fitted = await fitSkew(project, context);
  console.log(
    `  fit: AUC ${interval(fitted.auc.before)} to ${interval(fitted.auc.after)}; distance ${fitted.distance.before.toFixed(3)} to ${fitted.distance.after.toFixed(3)}`,
  );
  console.log(`  ${JSON.stringify(fitted.changes)}`);
}
