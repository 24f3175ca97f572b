import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { run } from "#smilec/process/run.js";
import { renderReport } from "#smilec/report/render.js";
import { findBrowser, NO_BROWSER } from "../support/browser.js";
import { findAll, parseHtml } from "../support/html.js";
import { reportInput } from "../support/report-input.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);

const browser = await findBrowser();
const folder = temporaryFolders();

/** Runs Chromium without a window; its console messages come back in stderr. */
async function chromium(home: string, args: readonly string[]) {
  const fixed = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
  ];
  const more = ["--disable-component-update", "--allow-file-access-from-files", "--enable-logging=stderr"];
  const profile = `--user-data-dir=${join(home, "profile")}`;
  const result = await run(browser!, [...fixed, ...more, profile, ...args], { timeoutMs: 90_000 });
  if (result.exitCode !== 0) throw new Error(`${result.command} exited with ${result.exitCode}:\n${result.stderr}`);
  return result;
}

interface Measured {
  readonly elements: number;
  readonly scrollWidth: number;
  readonly requests: readonly string[];
  readonly brokenAnchors: readonly string[];
  readonly anchors: number;
  readonly pictures: readonly {
    readonly width: number;
    readonly height: number;
    readonly loaded: boolean;
    readonly scale: number;
  }[];
  readonly charts: readonly { readonly width: number; readonly height: number; readonly text: number }[];
  readonly boxesInside: number;
  readonly overflowing: readonly string[];
}

/**
 * Opens the report in a frame of the given width, as a page of its own, and measures what a reader sees. Its sheets are put beside it, so that the
 * browser decodes them before it reports this page as loaded and dumps it.
 */
const measure = `
const frame = document.querySelector("iframe");
const sheetOf = (picture) => frame.contentWindow.getComputedStyle(picture).backgroundImage.slice(5, -2);
const sheets = new Map();
frame.onload = () => {
  for (const picture of frame.contentDocument.querySelectorAll(".picture")) {
    const url = sheetOf(picture);
    if (sheets.has(url)) continue;
    const image = document.body.appendChild(new Image());
    image.src = url;
    sheets.set(url, image);
  }
};
onload = () => {
  const page = frame.contentDocument;
  const all = (selector) => [...page.querySelectorAll(selector)];
  const seen = (element) => element.getBoundingClientRect();
  const pictures = all(".picture").filter((picture) => picture.closest("details") === null).map((picture) => {
    const size = frame.contentWindow.getComputedStyle(picture).backgroundSize;
    const { width, height } = seen(picture);
    return { width, height, loaded: sheets.get(sheetOf(picture)).naturalWidth > 0, scale: parseFloat(size) };
  });
  const anchors = all("a[href]").map((a) => a.getAttribute("href"));
  const frames = all(".frame").map((f) => [seen(f), seen(f.querySelector(".box"))]);
  const limit = page.documentElement.clientWidth + 1;
  const scrolls = (element) => element.closest(".scroll, nav, .skip, .hidden") !== null;
  document.querySelector("pre").textContent = JSON.stringify({
    elements: all("*").length,
    scrollWidth: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    requests: frame.contentWindow.performance.getEntriesByType("resource").map((entry) => entry.name.slice(0, 60)),
    anchors: anchors.length,
    brokenAnchors: anchors.filter((href) => page.querySelector(href) === null),
    pictures,
    charts: all("svg.chart").map((svg) => [svg, seen(svg)]).filter(([, box]) => box.width > 0).map(([svg, { width, height }]) =>
      ({ width, height, text: 11 * width / svg.viewBox.baseVal.width })),
    boxesInside: frames.filter(([f, b]) => b.width > 4 && b.left >= f.left - 1 && b.right <= f.right + 1 && b.top >= f.top - 1 && b.bottom <= f.bottom + 1).length,
    overflowing: all("main *, header *").filter((e) => !scrolls(e) && seen(e).right > limit).map((e) => e.className || e.tagName).slice(0, 5),
  });
};
`;

async function openAt(home: string, width: number): Promise<{ measured: Measured; stderr: string }> {
  const harness = join(home, `measure-${width}.html`);
  const frame = `<iframe width="${width}" height="900" style="border:0" src="report.html"></iframe>`;
  writeFileSync(harness, `<!DOCTYPE html><meta charset="utf-8">${frame}<pre></pre><script>${measure}</script>`);
  const { stdout, stderr } = await chromium(home, ["--dump-dom", pathToFileURL(harness).href]);
  const json = /<pre>(.*?)<\/pre>/s.exec(stdout)?.[1] ?? "";
  if (json === "") throw new Error(`the report was not measured:\n${stderr}`);
  return {
    measured: JSON.parse(
      json.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
    ),
    stderr,
  };
}

// A reporter that is not verbose does not name suites that are skipped.
if (browser === undefined) console.warn(`The report was not opened in a browser: ${NO_BROWSER}.`);

const describeInBrowser = browser === undefined ? describe.skip : describe;
const reason = browser === undefined ? ` (skipped: ${NO_BROWSER})` : "";

describeInBrowser(`the report in Chromium${reason}`, () => {
  let home = "";
  let html = "";

  beforeAll(async () => {
    home = folder("browser-");
    mkdirSync(join(home, "profile"));
    html = await renderReport(reportInput({ presses: 12, labels: ["<b>neutral", "smile 😀 שלום"], epochs: 12 }));
    writeFileSync(join(home, "report.html"), html);
  });

  it.each([390, 1280])("is whole, quiet and within %i pixels", async (width) => {
    const { measured, stderr } = await openAt(home, width);
    expect(stderr.split("\n").filter((line) => line.includes("CONSOLE"))).toEqual([]);
    expect(measured.requests.filter((url) => !url.startsWith("data:"))).toEqual([]);
    expect(measured.anchors).toBeGreaterThanOrEqual(11);
    expect(measured.brokenAnchors).toEqual([]);
    expect(measured.scrollWidth).toBe(0);
    expect(measured.overflowing).toEqual([]);
    // Not folded: 12 samples, 8 of augmentation, 2 mistakes, 12 presses of two pictures, 4 strange captures beside their nearest training pictures, 6 scenes
    expect(measured.pictures).toHaveLength(12 + 8 + 2 + 24 + 8 + 6);
    for (const picture of measured.pictures) {
      expect(picture.loaded).toBe(true);
      expect(Math.min(picture.width, picture.height)).toBeGreaterThan(40);
      expect(picture.scale).toBeGreaterThan(100);
    }
    expect(measured.boxesInside).toBe(12 + 6);
    // One of each pair of drawings, of skew's ten features and map too, with text that can be read.
    expect(measured.charts).toHaveLength(9 + 11);
    for (const chart of measured.charts) {
      expect(chart.height).toBeGreaterThan(80);
      expect(chart.text).toBeGreaterThan(9);
      expect(chart.text).toBeLessThan(15);
    }
  });

  it("is read by the browser as it was written: no element is moved, added or dropped", async () => {
    const written = findAll(parseHtml(html), () => true).length;
    const { measured } = await openAt(home, 800);
    expect(written).toBeGreaterThan(800);
    expect(measured.elements).toBe(written);
  });

  it("is light by default and draws its pictures", async () => {
    const shot = join(home, "report.png");
    const page = pathToFileURL(join(home, "report.html")).href;
    await chromium(home, ["--hide-scrollbars", "--window-size=1280,1600", `--screenshot=${shot}`, page]);
    const { data, info } = await sharp(shot).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([1280, 1600]);
    expect([...data.subarray(0, 3)]).toEqual([0xf7, 0xf6, 0xf2]);
    const others = new Set<number>();
    for (let i = 0; i < data.length; i += 3) others.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    // Noise pictures bring all grey levels.
    expect([...others].filter((rgb) => rgb >> 16 === (rgb & 255)).length).toBeGreaterThan(150);
  });
});
