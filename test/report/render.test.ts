import { describe, expect, it, jest } from "@jest/globals";
import { renderReport } from "#smilec/report/render.js";
import type { ReportInput } from "#smilec/report/types.js";
import type { SkewResult } from "#smilec/skew/types.js";
import { byId, findAll, type HtmlElement, hasClass, parseHtml, withClass } from "../support/html.js";
import { Random } from "../support/random.js";
import { drawnScores, modelEvaluation, reportInput } from "../support/report-input.js";

// Loading echarts takes a second; on a busy machine many.
jest.setTimeout(180_000);

const PARTS = [
  "checks",
  "data",
  "augmentation",
  "training",
  "model",
  "quantization",
  "evaluation",
  "locators",
  "comparison",
  "board",
  "firmware",
  "simulation",
  "replay",
  "labels",
  "skew",
  "retraining",
  "missing",
] as const;

/** What a part shows, in the page's order; conditions are part of an evaluation. */
const SECTIONS = PARTS.flatMap((part) => (part === "evaluation" ? [part, "conditions"] : [part]));

async function render(input: ReportInput): Promise<HtmlElement> {
  return parseHtml(await renderReport(input));
}

/** Text with the narrow no-break spaces of figures as plain ones. */
function plain(element: HtmlElement): string {
  return element.text.replace(/[\u202f\u00a0]/g, " ").replace(/\s+/g, " ");
}

function expectFigures(element: HtmlElement, figures: readonly string[]): void {
  const text = plain(element);
  for (const figure of figures) expect(text).toContain(figure);
}

describe("the report", () => {
  it("shows every section's figures", async () => {
    const page = await render(reportInput());
    expectFigures(page, ["Office smile bot", "test accuracy", "92.7 %", "96.1 KB"]);
    // 4321 + 543 + 210, once and twice
    expectFigures(byId(page, "data"), ["15,222 pictures of 2 labels", "a folder of faces", "5,074", "10,148", "4,321"]);
    expectFigures(byId(page, "data"), ["101.3", "45.5", "9.8", "2.3", "neutral 6 samples", "smile 6 samples"]);
    expectFigures(byId(page, "training"), ["77,202", "1.70 M", "40 epochs", "wasm", "37", "best"]);
    expectFigures(byId(page, "model"), ["96.1 KB", "9.0 KB", "conv 2d, 24 × 24 × 12", "62.2 k", "248.8 k", "1.8 KB"]);
    expectFigures(byId(page, "quantization"), ["1,234 validation pictures", "93.1 %", "92.9 %", "cost 0.3 percentage"]);
    expectFigures(byId(page, "quantization"), [
      "12.5 dB low",
      "18.5 dB low",
      "21.5 dB",
      "1.25 %",
      "3 layers are below",
    ]);
    expectFigures(byId(page, "evaluation"), ["61.7 %", "81.2 %", "73.5 %", "94.2 %", "96.4 %", "97.8 %", "400 test"]);
    expectFigures(byId(page, "evaluation"), ["601", "139", "1,597", "217", "73 % found", "8 % false alarm"]);
    expectFigures(byId(page, "evaluation"), ["97.3 %", "2.5 %", "first bot: 40 % found, 70 % right", "your bot"]);
    // Intervals: 0.0123 below, 0.0045 above.
    expectFigures(byId(page, "evaluation"), ["85.7 %84.5 to 86.2", "80.0 to 81.7", "logit margin 11", "Brier score"]);
    expectFigures(byId(page, "evaluation"), [
      "Missed 217",
      "The worst 1 of 217",
      "False alarms 139",
      "smile/IMG_1.jpg",
    ]);
    const views = byId(page, "conditions");
    const rows = findAll(views, ({ tag }) => tag === "tr").map(plain);
    expect(rows.map((row) => row.match(/^(pictures|clean|dark|rotated|medium, burst|medium)/)?.[0])).toEqual([
      "pictures",
      "clean",
      "dark",
      "rotated",
      "pictures",
      "clean",
      "medium",
      "medium, burst",
    ]);
    expectFigures(views, ["3 captures of a press combined", "It suffers most from dark", "rotated pictures"]);
    expectFigures(byId(page, "locators"), [
      "1,234 composed scenes of 32 by 24 pixels with 987 faces",
      "308 with a lamp or a window and a face, 309",
      "91.2 %",
      "87.6 %",
      "0.042",
      "3.41.4 to 5.4",
      "looks at a lamp instead of the face, confidence 731",
      "sees nobody, and there is a face",
      "<neural> & more: nobody",
    ]);
    expectFigures(byId(page, "comparison"), [
      "What augmentation bought",
      "without augmentation",
      "this model",
      "points on the pictures as they are",
    ]);
    expectFigures(byId(page, "retraining"), [
      "The new model is in service. Training went on from the weights in service, with smiles and 800 judged captures",
      "Held out: 200 presses (100 positive) of 3 bots' days",
      "200 presses that neither model was trained on",
      "changes by +18.4 points",
    ]);
    expectFigures(byId(page, "firmware"), ["esp32cam", "aot", "891.0 KB of 3.0 MB, 29.0 %", "200.9 KB too much"]);
    expectFigures(byId(page, "firmware"), ["nearly full: 25.1 KB left", "127.9 KB"]);
    expectFigures(byId(page, "simulation"), ["6 captures, 14,526 values, 0 differences", "Replay is bit-exact"]);
    expectFigures(byId(page, "simulation"), ["office/IMG_1003.jpg", "31.5 %", "no light", "green light"]);
    const skew = [
      "160 captures of 80 presses",
      "dark pictures: brightness is",
      "exposure, 2.4 stops: 0.3",
      "People drew 5 faces",
    ];
    expectFigures(byId(page, "skew"), [...skew, "1 capture computed differently", "logged 1, computed 2", "1 of 10"]);
    expectFigures(byId(page, "checks"), [
      "1 check holds, 1 fails, 1 cannot be known yet",
      "smile does not",
      "not known",
    ]);
    expectFigures(byId(page, "augmentation"), ["6 of 9,214 training pictures", "exposure", "+3.0 stops"]);
    // 35 + 80 + 80 + 160 of waiting and about 49 of computing
    expectFigures(byId(page, "board"), [
      "esp32cam",
      "within 700 ms",
      "4.8 MB of 4.0 MB",
      "786.8 KB too much",
      "nearly",
    ]);
    expectFigures(byId(page, "replay"), [
      "1,323 captures of 441 presses",
      "1,318 of 1,320 captures equal",
      "preprocess",
    ]);
    expectFigures(byId(page, "replay"), ["2 captures of model 0123456789abcdef", "1 picture damaged"]);
    expectFigures(byId(page, "labels"), ["judged1,12385 %", "0.87188 of 200 the same", "36over 25 minutes of work"]);
    expectFigures(byId(page, "labels"), [
      "grin (not in the configuration)",
      "disputed12",
      "Consent: 20 given, 3 refused",
    ]);
    expectFigures(byId(page, "missing"), ["Nothing of smile was retrained. smilec retrain brings it."]);
  });

  it("is the same, byte for byte, whatever was rendered before", async () => {
    const first = await renderReport(reportInput());
    await renderReport(reportInput({ epochs: 3, presses: 1 }));
    const second = await renderReport(reportInput());
    expect(first.length).toBeGreaterThan(100_000);
    expect(second === first).toBe(true);
  });

  it("stays below 3 MB with 60 presses that cannot be compressed, and below 5 MB with 1,000", async () => {
    const some = await renderReport(reportInput({ presses: 60 }));
    expect(withClass(parseHtml(some), "press")).toHaveLength(60);
    expect(Buffer.byteLength(some)).toBeLessThan(3 * 1024 * 1024);
    const many = await renderReport(reportInput({ presses: 1000, scores: 20_000 }));
    expect(Buffer.byteLength(many)).toBeLessThan(5 * 1024 * 1024);
    const page = parseHtml(many);
    expect(withClass(page, "press")).toHaveLength(240);
    expectFigures(byId(page, "simulation"), ["240 of 1,000 presses are shown", "office/IMG_1999.jpg"]);
    // every press that was wrong is among those shown: label by parity, green above 4, one in three without a label
    const wrong = Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 3 !== 2 && (i % 2 === 1) !== i % 10 > 4);
    expect(wrong.length).toBeGreaterThan(200);
    const shown = withClass(page, "press").filter((press) => hasClass(press, "wrong"));
    expect(shown).toHaveLength(Math.min(240, wrong.length));
  });

  it("needs nothing from outside and runs no script", async () => {
    const html = await renderReport(reportInput());
    const page = parseHtml(html);
    expect(findAll(page, ({ tag }) => ["script", "iframe", "object", "img", "form"].includes(tag))).toHaveLength(0);
    const links = findAll(page, ({ attributes }) => attributes.has("href") || attributes.has("src"));
    expect(links.length).toBeGreaterThan(8);
    for (const { attributes } of links) expect(attributes.get("href")).toMatch(/^(#|data:)/);
    const urls = [...html.matchAll(/url\(([^)]{0,12})/g)].map((match) => match[1]);
    expect(urls.length).toBeGreaterThan(10);
    for (const url of urls) expect(url).toMatch(/^(data:image\/|#)/);
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  });

  it("gives every id once, and every anchor and reference its target", async () => {
    const page = await render(reportInput());
    const ids = findAll(page, ({ attributes }) => attributes.has("id")).map(({ attributes }) => attributes.get("id"));
    expect(ids.length).toBeGreaterThan(30);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = findAll(page, () => true).flatMap(({ attributes }) => [
      ...(attributes.get("href")?.startsWith("#") ? [attributes.get("href")?.slice(1)] : []),
      ...(attributes.get("clip-path")?.match(/(?<=url\(#).*(?=\))/) ?? []),
      ...(attributes.get("aria-labelledby")?.split(" ") ?? []),
    ]);
    expect(targets.length).toBeGreaterThan(20);
    for (const target of targets) expect(ids).toContain(target);
  });

  it("tells those who cannot see what each picture and chart shows, and labels its tables", async () => {
    const page = await render(reportInput());
    const pictures = findAll(page, ({ attributes }) => attributes.get("role") === "img");
    // 12 samples, 3 rows of augmentation, 2 mistakes, 6 frames, 6 inputs, 9 charts for two widths each; 4 pairs and 11 charts of training and serving; 6 scenes
    expect(pictures).toHaveLength(12 + 12 + 2 + 12 + 18 + 8 + 22 + 6);
    for (const { attributes } of pictures) expect(attributes.get("aria-label")!.length).toBeGreaterThan(8);
    const tables = findAll(page, ({ tag }) => tag === "table");
    expect(tables.length).toBeGreaterThanOrEqual(8);
    for (const table of tables) {
      const headers = findAll(table, ({ tag }) => tag === "th");
      expect(headers.length).toBeGreaterThan(1);
      for (const header of headers) expect(header.attributes.get("scope")).toMatch(/^(col|row)$/);
    }
    expect(findAll(page, ({ tag }) => tag === "h1")).toHaveLength(1);
    expect(findAll(page, ({ tag }) => tag === "h2")).toHaveLength(SECTIONS.length);
  });
});

describe("sections that are missing", () => {
  it.each(PARTS)("leaves out %s along with its entry in the navigation", async (missing) => {
    const { [missing]: _, ...rest } = reportInput({ presses: 1, epochs: 2 });
    const page = await render(rest as ReportInput);
    const gone: readonly string[] = missing === "evaluation" ? [missing, "conditions"] : [missing];
    const left = SECTIONS.filter((section) => !gone.includes(section));
    expect(findAll(page, ({ tag }) => tag === "section").map(({ attributes }) => attributes.get("id"))).toEqual(left);
    const [navigation] = findAll(page, ({ tag }) => tag === "nav");
    const links = findAll(navigation, ({ tag }) => tag === "a").map(({ attributes }) => attributes.get("href"));
    expect(links).toEqual(left.map((section) => `#${section}`));
    expect(withClass(page, "badge")).toHaveLength(missing === "simulation" ? 0 : 1);
  });

  it("still is a document when there is nothing to show", async () => {
    const page = await render({ title: "new", toolVersion: "0.1.0", summary: [] });
    expect(findAll(page, ({ tag }) => tag === "nav" || tag === "section")).toHaveLength(0);
    expect(plain(byId(page, "main"))).toContain("Nothing has been measured yet");
  });
});

/** HTML 13.2.3.5: controls, surrogates and noncharacters are parse errors. */
function isForbidden(point: string): boolean {
  const code = point.codePointAt(0)!;
  return (
    code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000) || (code & 0xfffe) === 0xfffe
  );
}

function readable(name: string): string {
  const points = [...name.replaceAll("\n", " ")].map((point) => (isForbidden(point) ? "\ufffd" : point));
  return points.slice(0, 400).join("");
}

function hostileSkew({ report, strangest, size }: SkewResult, name: string): SkewResult {
  const { training, consistency } = report;
  const named = { training: { ...training, name }, consistency: { ...consistency, differences: [name] } };
  const pairs = strangest.map(({ capture, nearest, ...pair }) => {
    return { ...pair, capture: { ...capture, name }, nearest: { ...nearest, name } };
  });
  return { size, report: { ...report, ...named }, strangest: pairs };
}

describe("hostile text", () => {
  const HOSTILE = [
    `<script>alert("1")</script>`,
    `"><img src=x onerror='alert(1)'>`,
    "{{title}} `x` $& &amp; </style></svg>",
    "שלום \u202eabc 😀 \ud800",
    "a\nb\u0000c\u0007",
    "x".repeat(3000),
  ];

  it.each(HOSTILE)("is shown as text: %j", async (name) => {
    const input = reportInput({ labels: ["other", name], presses: 3, epochs: 2 });
    const page = await render({
      ...input,
      title: name,
      summary: [{ label: name, value: name }],
      data: { ...input.data, source: name },
      training: { ...input.training, architecture: name, backend: name },
      model: {
        ...input.model,
        operators: input.model.operators.map((operator) => ({ ...operator, name })),
        arena: input.model.arena.map((tensor) => ({ ...tensor, name })),
      },
      quantization: { ...input.quantization, layers: [{ layer: name, signalToNoiseDb: 30, saturated: 0 }] },
      evaluation: {
        ...input.evaluation,
        pictures: name,
        mistakes: input.evaluation.mistakes.map((mistake) => ({ ...mistake, name })),
        evaluation: {
          ...input.evaluation.evaluation,
          notes: [name],
          views: input.evaluation.evaluation.views.map((view) => ({ ...view, name, meaning: name })),
        },
      },
      firmware: { target: name, engine: name, sizes: [{ name, bytes: 1 }] },
      simulation: {
        ...input.simulation,
        differences: [name],
        presses: input.simulation.presses.map((press) => ({ ...press, name, label: name })),
      },
      skew: hostileSkew(input.skew, name),
      augmentation: { ...input.augmentation, pictures: name },
      board: { ...input.board, board: name, engine: name },
      replay: { ...input.replay, differences: [name], damaged: [name], missingModels: { [name]: 1 } },
      missing: [{ what: "a part", why: name, command: "smilec retrain" }],
      locators: {
        ...input.locators,
        failures: input.locators.failures.map((one) => ({ ...one, name })),
        evaluation: {
          ...input.locators.evaluation,
          locators: input.locators.evaluation.locators.map((one) => ({ ...one, name })),
        },
      },
    });
    expect(findAll(page, ({ tag }) => tag === "script" || tag === "img")).toHaveLength(0);
    expect(findAll(page, ({ attributes }) => [...attributes.keys()].some((key) => key.startsWith("on")))).toHaveLength(
      0,
    );
    expect(findAll(page, ({ tag }) => tag === "style")).toHaveLength(1);
    const seen = readable(name);
    for (const section of SECTIONS) expect(byId(page, section).text).toContain(seen);
    expect(findAll(page, ({ tag }) => tag === "title")[0].text).toContain(seen);
    expect([...page.text].filter((point) => point !== "\n" && isForbidden(point))).toEqual([]);
  });
});

describe("unusual projects", () => {
  it("has room for 16 labels", async () => {
    const labels = Array.from({ length: 16 }, (_, i) => `label number ${i}`);
    const data = byId(await render(reportInput({ labels, presses: 2 })), "data");
    for (const label of labels) expectFigures(data, [label]);
    expect(withClass(data, "contact")).toHaveLength(16);
    expect(findAll(data, ({ tag }) => tag === "tbody")[0].children).toHaveLength(48);
    expectFigures(data, ["has 16 times as many pictures as"]);
  });

  it("says that no press was simulated", async () => {
    const simulation = byId(await render(reportInput({ presses: 0 })), "simulation");
    expectFigures(simulation, ["No press was simulated", "Nothing was replayed", "0 captures, 0 values"]);
    expect(withClass(simulation, "pass")).toHaveLength(0);
  });

  it("draws a single epoch as points", async () => {
    const training = byId(await render(reportInput({ epochs: 1 })), "training");
    expectFigures(training, ["1 epoch", "best: epoch 1"]);
    const charts = withClass(training, "chart");
    expect(charts).toHaveLength(6);
    for (const chart of charts) {
      const points = findAll(chart, ({ tag, attributes }) => tag === "path" && /^M.*A/.test(attributes.get("d") ?? ""));
      expect(points.length).toBeGreaterThanOrEqual(1);
      for (const { attributes } of points) expect(attributes.get("fill")).toMatch(/^var\(--(blue|orange|violet)\)$/);
    }
  });

  it("shows a training that has not finished an epoch, and one that diverged", async () => {
    const input = reportInput();
    const none = await render({ ...input, training: { ...input.training, history: [], bestEpoch: 0 } });
    expectFigures(byId(none, "training"), ["No epoch has been finished yet"]);
    const history = input.training.history.map((e) => (e.epoch < 5 ? e : { ...e, trainLoss: NaN, valLoss: Infinity }));
    const diverged = await render({ ...input, training: { ...input.training, history } });
    expectFigures(byId(diverged, "training"), ["stopped being a number in epoch 5", "not finite"]);
  });

  it("says why a metric is not defined", async () => {
    const input = reportInput();
    const drawn = drawnScores(90, new Random(3));
    const of = (wanted: (truth: number, i: number) => boolean) => {
      const kept = [...drawn.truth.keys()].filter((i) => wanted(drawn.truth[i], i));
      const scored = {
        scores: Float64Array.from(kept, (i) => drawn.scores[i]),
        truth: Uint8Array.from(kept, (i) => drawn.truth[i]),
        correct: Uint8Array.from(kept, (i) => drawn.correct[i]),
        groups: Uint32Array.from(kept.keys()),
      };
      const evaluation = modelEvaluation(["neutral", "smile"], scored);
      return render({ ...input, evaluation: { pictures: "test pictures", evaluation, mistakes: [] } });
    };
    const negatives = await of((truth) => truth === 0);
    expect(plain(byId(negatives, "evaluation")).match(/not defined: no positive picture/g)!.length).toBeGreaterThan(6);
    expectFigures(byId(negatives, "evaluation"), ["It made no mistake", "There is no curve"]);
    expectFigures(byId(await of((truth) => truth === 1), "evaluation"), ["not defined: no negative picture"]);
    const none = await of(() => false);
    expectFigures(byId(none, "evaluation"), ["not defined: no picture"]);
    for (const page of [negatives, none]) expect(page.text).not.toContain("NaN");
  });

  it("names layers that are exact, and those that have no signal", async () => {
    const input = reportInput();
    const layers = [-Infinity, NaN, 12, 20, Infinity].map((signalToNoiseDb, i) => ({
      layer: `layer${i}`,
      signalToNoiseDb,
      saturated: 0,
    }));
    const section = byId(await render({ ...input, quantization: { ...input.quantization, layers } }), "quantization");
    const rows = findAll(section, ({ tag }) => tag === "tr")
      .slice(1)
      .map(plain);
    expect(rows).toEqual([
      expect.stringContaining("not defined: always 0"),
      expect.stringContaining("not defined: always 0"),
      expect.stringContaining("12.0 dB low"),
      "layer320.0 dB0.00 %",
      expect.stringContaining("exact"),
    ]);
  });
});

describe("the replay's verdict", () => {
  it("fails clearly and lists the differences", async () => {
    const input = reportInput();
    const differences = Array.from({ length: 450 }, (_, i) => `capture ${i}: score -12, reference -13`);
    const page = await render({ ...input, simulation: { ...input.simulation, differences } });
    const simulation = byId(page, "simulation");
    expectFigures(simulation, ["Replay differs", "450 differences", differences[0], differences[199], "250 more"]);
    expect(simulation.text).not.toContain(differences[200]);
    expect(withClass(page, "badge").map((badge) => hasClass(badge, "fail"))).toEqual([true]);
    expect(withClass(simulation, "banner").map((banner) => hasClass(banner, "fail"))).toEqual([true]);
  });

  it("judges presses only when the positive label is known", async () => {
    const { evaluation, ...input } = reportInput({ presses: 6 });
    const states = async (report: ReportInput) =>
      withClass(await render(report), "press").map((press) => press.attributes.get("class"));
    // odd ones are smiles; below 5 the light is red; the third and sixth have no label
    const judged = ["right", "wrong", "unknown", "wrong", "right", "unknown"].map((state) => `press ${state}`);
    expect(await states({ ...input, evaluation })).toEqual(judged);
    expect(await states({ ...input, simulation: { ...input.simulation, positive: "smile" } })).toEqual(judged);
    expect(await states(input)).toEqual(new Array(6).fill("press unknown"));
  });
});
