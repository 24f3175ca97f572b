import { describe, expect, it, jest } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { findBrowser, NO_BROWSER } from "../support/browser.js";
import { ALL_SAVED, LabelPages, SHOWN } from "../support/label-page.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const command = await findBrowser();
// A reporter that is not verbose does not name suites that are skipped.
if (command === undefined) console.warn(`The label studio was not tried in a browser: ${NO_BROWSER}.`);
const describeInBrowser = command === undefined ? describe.skip : describe;
const reason = command === undefined ? ` (skipped: ${NO_BROWSER})` : "";

const makeFolder = temporaryFolders();
const PRESSES = 24;

describeInBrowser(`the label studio in Chromium${reason}`, () => {
  const rig = LabelPages.prepare(command!, PRESSES, makeFolder);

  it("labels press after press by single keys, faster than one every 700 ms, without anything moving", async () => {
    const page = await rig.open();
    // What moves of pictures and buttons; words of the status may.
    await page.evaluate(`window.shifts = []; new PerformanceObserver((list) => {
      const nodes = list.getEntries().flatMap(({ sources }) => sources.map(({ node }) => node?.parentElement));
      shifts.push(...nodes.filter((e) => e?.closest("main, #choice-bar")).map((e) => e.outerHTML.slice(0, 100)));
    }).observe({ type: "layout-shift", buffered: true })`);
    await page.evaluate("shifts.length = 0");
    const times: number[] = [];
    for (let i = 0; i < PRESSES; i++) {
      const from = performance.now();
      await page.key(["1", "s", "0", "u"][i % 4]);
      if (i < PRESSES - 1) await rig.waitFor(page, i + 2);
      await page.until(`${SHOWN} && ${ALL_SAVED}`);
      times.push(performance.now() - from);
    }
    const sorted = times.sort((a, b) => a - b);
    const median = sorted[PRESSES >> 1];
    console.info(
      `label studio: a press, saved and the next one shown, in ${median.toFixed(0)} ms (median), ${sorted[PRESSES - 1].toFixed(0)} ms (longest of ${PRESSES}): ${(60_000 / median).toFixed(0)} a minute`,
    );
    expect(rig.labels()).toHaveLength(2 * PRESSES);
    expect(rig.labels().filter((label) => label === "smile")).toHaveLength(PRESSES / 2);
    expect(await page.evaluate("shifts")).toEqual([]);
    expect(await page.text("#progress-text")).toContain(`${PRESSES} of ${PRESSES} presses`);
    expect(await page.text("#reload")).toMatch(/last one/);
    await page.click("#reload");
    await page.until("!document.querySelector('#empty').hidden");
  });

  it("speaks with its own server only, and complains of nothing", async () => {
    const page = await rig.open();
    await page.key("s");
    await page.key("g");
    await page.until("document.querySelectorAll('#tiles > li img').length > 10");
    await page.key("?");
    await page.until("document.querySelector('#help').open");
    expect(page.requests.filter((url) => !url.startsWith(`http://127.0.0.1:${rig.port}/`))).toEqual([]);
    expect(page.complaints).toEqual([]);
    // The token is in no history and no other page's reach.
    expect(await page.evaluate("location.href + document.cookie")).toBe(`http://127.0.0.1:${rig.port}/`);
  });

  it("corrects the face box by keys and by mouse, shows what the network would see, and saves it with the label", async () => {
    const page = await rig.open();
    const before = await page.evaluate<string>("document.querySelector('#input img').src");
    await page.key("b");
    await page.until("document.activeElement.id === 'box-editor'");
    await page.key("ArrowLeft");
    await page.key("ArrowUp");
    await page.key("-");
    await page.until(`document.querySelector('#input img').src !== ${JSON.stringify(before)}`);
    const { x, y } = await page.middle("#box-editor");
    await page.mouse("mousePressed", x, y);
    await page.mouse("mouseMoved", x + 60, y + 30);
    await page.mouse("mouseReleased", x + 60, y + 30);
    const corner = await page.middle("#box-editor .se");
    await page.mouse("mousePressed", corner.x, corner.y);
    await page.mouse("mouseMoved", corner.x - 60, corner.y - 60);
    await page.mouse("mouseReleased", corner.x - 60, corner.y - 60);
    await page.key("Enter");
    expect(await page.text("#note")).toMatch(/not saved yet/);
    // What is not saved stays in sight whatever else happens.
    await page.key("c");
    await page.until("document.querySelector('[data-consent=given]').getAttribute('aria-pressed') === 'true'");
    expect(await page.evaluate("document.querySelector('#box').className")).toBe("box corrected");
    await page.key("s");
    await rig.waitFor(page, 2);
    await page.until(ALL_SAVED);
    const catalogue = Catalogue.open(rig.captures);
    const judged = [...catalogue.captures({ judged: true })];
    catalogue.close();
    expect(judged).toHaveLength(2);
    const drawn = judged[0].judgements[0]!.box!;
    const { box } = judged[0].metadata;
    expect(drawn.width).toBe(drawn.height);
    expect(drawn.width).toBeLessThan(box.width - 8);
    // Moved right by more than the keys moved it left.
    expect(drawn.x + drawn.width / 2).toBeGreaterThan(box.x + box.width / 2 + 4);
    expect(judged[1].judgements[0]?.box).toEqual(drawn);
  });

  it("corrects the face box by a finger, and the label of the moment keeps it", async () => {
    const page = await rig.open(360, 740, true);
    await page.evaluate("document.querySelector('#edit-box').click()");
    await page.until("!document.querySelector('#box-editor').hidden");
    expect(await page.text("#edit-box")).toBe("Keep box");
    const { x, y } = await page.middle("#box-editor");
    await page.swipe({ x, y }, { x: x - 60, y: y - 20 });
    await page.evaluate("document.querySelector('#choices button').click()");
    await rig.waitFor(page, 2);
    await page.until(ALL_SAVED);
    const catalogue = Catalogue.open(rig.captures);
    const [{ metadata, judgements }] = catalogue.captures({ judged: true });
    expect(catalogue.labels.lastEvent()).toBe(2);
    catalogue.close();
    expect(judgements[0]?.box?.width).toBe(metadata.box.width);
    expect(judgements[0]!.box!.x).toBeLessThan(metadata.box.x - 10);
  });

  it("labels in the grid, and goes from there to single pictures and back", async () => {
    const page = await rig.open();
    await page.key("g");
    await page.until("document.activeElement.closest('#tiles') !== null");
    await page.key("ArrowRight");
    await page.key("s");
    await page.until("document.querySelectorAll('#tiles .mark.saved').length === 1");
    expect(
      await page.evaluate(
        "[...document.querySelectorAll('#tiles > li')].findIndex((e) => e.getAttribute('aria-current'))",
      ),
    ).toBe(2);
    await page.click("#tiles > li:nth-child(6) button");
    await page.key("n");
    await page.until("document.querySelectorAll('#tiles .mark.saved').length === 2");
    await page.key("Enter");
    await page.until(`!document.querySelector('#single').hidden && ${SHOWN}`);
    expect(await page.text("#place")).toBe(`7 / ${PRESSES}`);
    expect(rig.labels()).toHaveLength(4);
  });

  it("fits a phone of 360 pixels, by touch", async () => {
    const page = await rig.open(360, 740, true);
    for (const view of ["single", "grid"]) {
      await page.evaluate(`document.querySelector('#view-${view}').click()`);
      await page.until("document.querySelectorAll('#single:not([hidden]) img, #grid:not([hidden]) img').length > 1");
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      const small =
        "[...document.querySelectorAll('button')].filter((b) => b.offsetParent).map((b) => b.getBoundingClientRect()).filter((r) => r.height < 24 || r.width < 24).length";
      expect(await page.evaluate(small)).toBe(0);
    }
    await page.evaluate("document.querySelector('#view-single').click()");
    const { x, y } = await page.middle("#frame");
    await page.swipe({ x: x + 120, y }, { x: x - 120, y });
    await rig.waitFor(page, 2);
    await page.swipe({ x: x - 120, y }, { x: x + 120, y });
    await rig.waitFor(page, 1);
    await page.evaluate("document.querySelector('#choices button:nth-child(2)').click()");
    await rig.waitFor(page, 2);
    await page.until(ALL_SAVED);
    expect(rig.labels().filter((label) => label === "smile")).toHaveLength(2);
  });

  it("can be used by ear: everything has a name, and what happens is said", async () => {
    const page = await rig.open();
    type Node = { ignored: boolean; role?: { value: string }; name?: { value: string } };
    const { nodes } = (await page.send("Accessibility.getFullAXTree")) as { nodes: Node[] };
    const seen = nodes.filter(({ ignored }) => !ignored);
    const nameless = seen.filter(
      ({ role, name }) =>
        ["button", "combobox", "image", "checkbox", "slider", "progressbar", "main", "group"].includes(
          role?.value ?? "",
        ) && !name?.value,
    );
    expect(nameless).toEqual([]);
    const buttons = seen.filter(({ role }) => role?.value === "button").map(({ name }) => name?.value);
    expect(buttons).toEqual(
      expect.arrayContaining(["neutral", "smile", "no face", "unsure", "Undo", "Next press", "Previous press"]),
    );
    expect(await page.text("#live")).toMatch(new RegExp(`^Press 1 of ${PRESSES}: bot (green|off)`));
    await page.key("s");
    await page.until(`document.querySelector('#live').textContent.startsWith('smile. Press 2 of ${PRESSES}')`);
    await page.key("z");
    await page.until(`document.querySelector('#live').textContent.startsWith('Taken back. Press 1 of ${PRESSES}')`);
    // Single keys can be turned off for those whose software sends them.
    await page.evaluate("document.querySelector('#shortcuts').click()");
    await page.key("s");
    expect(await page.text("#place")).toBe(`1 / ${PRESSES}`);
    await page.evaluate("document.querySelector('#shortcuts').click()");
  });

  it("is dark where the system is, and stands still where that is wanted", async () => {
    const page = await rig.open();
    const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.emulate({ "prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference" });
    expect(await background()).toBe("rgb(247, 246, 242)");
    await page.emulate({ "prefers-color-scheme": "dark", "prefers-reduced-motion": "reduce" });
    expect(await background()).toBe("rgb(19, 20, 23)");
    const moving =
      "[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).transitionDuration !== '0s' || getComputedStyle(e).animationName !== 'none').length";
    expect(await page.evaluate(moving)).toBe(0);
  });

  it("shows where two looks differ, and settles it", async () => {
    const catalogue = Catalogue.open(rig.captures);
    for (const id of [1, 2, 3, 4]) catalogue.labels.judge(id, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    catalogue.close();
    await rig.end("SIGINT");
    await rig.start("--port", "0", "--pass", "2");
    const page = await rig.open();
    expect(await page.text("#project")).toContain("second look");
    expect(await page.text("#place")).toBe("1 / 2");
    expect(await page.text("#mark")).toBe("not labelled");
    await page.key("n");
    await rig.waitFor(page, 2, 2);
    await page.key("s");
    await page.until(`${ALL_SAVED} && document.querySelector('#progress-text').textContent.includes('1 to settle')`);
    await page.evaluate(
      "document.querySelector('#filter').value = 'disagreement'; document.querySelector('#filter').dispatchEvent(new Event('change'))",
    );
    await rig.waitFor(page, 1, 1);
    await page.until("!document.querySelector('#looks').hidden");
    expect(await page.text("#looks")).toBe("first look: smile \u00b7 second look: neutral");
    await page.key("n");
    await page.until("document.querySelector('#mark').textContent === 'neutral \u2713 saved'");
    const after = Catalogue.open(rig.captures);
    expect([...after.captures()].filter(({ resolution }) => resolution?.label === "neutral")).toHaveLength(2);
    after.close();
  });
});
