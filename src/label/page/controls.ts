/** Buttons, menus, dialogs and keys. */
import type { Choice, PressView, StudioInfo } from "../protocol.js";
import { button, byId, element } from "./dom.js";
import { PAGE } from "./grid.js";
import { type Command, HELP, listenToKeys } from "./keys.js";
import type { Session } from "./session.js";

const SHORTCUTS = "smilec-label/shortcuts";

export function listenToControls(session: Session, info: StudioInfo): void {
  makeChoices(session, info.choices);
  fillHelp(info.choices);
  const on = (id: string, action: () => void) => byId(id).addEventListener("click", action);
  on("view-single", () => session.show("single"));
  on("view-grid", () => session.show("grid"));
  on("next", () => session.move(1));
  on("previous", () => session.move(-1));
  on("undo", () => session.undo());
  on("edit-box", () => session.editBox());
  on("page-back", () => session.movePage(-1, PAGE));
  on("page-on", () => session.movePage(1, PAGE));
  on("reload", () => void session.reload());
  on("empty-reload", () => void session.reload());
  on("help-open", () => byId<HTMLDialogElement>("help").showModal());
  on("only", () => toggleOnly(session));
  on("delete", () => askToDelete(session));
  on("confirm-delete", () => void session.delete(asked));
  for (const consent of document.querySelectorAll<HTMLElement>("#consent button[data-consent]")) {
    consent.addEventListener("click", () => session.consent(consent.dataset.consent === "given" ? "given" : "refused"));
  }
  listenToMenus(session);
  listenToBlinds();
  const shortcuts = rememberedCheckbox("shortcuts", SHORTCUTS, true);
  listenToKeys(info.choices, () => shortcuts.checked, {
    choose: (label, onlyThis) => session.choose(label, onlyThis),
    command: (command) => obey(session, command),
  });
}

function makeChoices(session: Session, choices: readonly Choice[]): void {
  const buttons = choices.map(({ label, text, keys }, i) => {
    const made = button("", () => session.choose(label, false), {
      "aria-pressed": "false",
      "data-label": label,
      "aria-keyshortcuts": keys.join(" "),
    });
    made.classList.add("choice", `choice-${Math.min(i, 4)}`);
    if (i >= choices.length - 2) made.classList.add("plain");
    made.append(element("span", {}, text), element("kbd", { "aria-hidden": "true" }, keys[0]?.toUpperCase() ?? ""));
    return made;
  });
  byId("choices").replaceChildren(...buttons);
}

function fillHelp(choices: readonly Choice[]): void {
  const own = choices.map(({ text, keys }) => [keys.map((key) => key.toUpperCase()).join(" or "), text] as const);
  const rows = [...own, ...HELP].map(([keys, action]) =>
    element("tr", {}, element("th", { scope: "row" }, keys), element("td", {}, action)),
  );
  byId("help-rows").replaceChildren(...rows);
}

function listenToMenus(session: Session): void {
  for (const name of ["filter", "light", "order"] as const) {
    const menu = byId<HTMLSelectElement>(name);
    menu.value = session.desk.wanted[name];
    menu.addEventListener("change", () => {
      session.desk.wanted = { ...session.desk.wanted, [name]: menu.value };
      void session.reload();
    });
  }
}

/** Whether the bot's answer is shown: it leads the eye. */
function listenToBlinds(): void {
  const blind = rememberedCheckbox("blind", "smilec-label/blind", false);
  const apply = () => document.body.classList.toggle("blind", blind.checked);
  blind.addEventListener("change", apply);
  apply();
}

function rememberedCheckbox(id: string, key: string, otherwise: boolean): HTMLInputElement {
  const box = byId<HTMLInputElement>(id);
  const kept = localStorage.getItem(key);
  box.checked = kept === null ? otherwise : kept === "true";
  box.addEventListener("change", () => localStorage.setItem(key, String(box.checked)));
  return box;
}

function toggleOnly(session: Session): void {
  session.onlyThis = !session.onlyThis;
  session.render();
}

/** The press that the open question is about. */
let asked: PressView | undefined;

function askToDelete(session: Session): void {
  asked = session.desk.current;
  const count = asked?.captures.length ?? 0;
  if (count === 0) return;
  byId("confirm-text").textContent =
    count === 1 ? "Delete this picture?" : `Delete the ${count} pictures of this press?`;
  byId<HTMLDialogElement>("confirm").showModal();
}

/** Says whether the key meant something. */
function obey(session: Session, command: Command): boolean {
  const isGrid = session.view === "grid";
  const actions: Readonly<Record<Command, () => unknown>> = {
    next: () => session.move(1),
    previous: () => session.move(-1),
    "burst-next": () => (isGrid ? session.moveRow(1) : session.stepBurst(1)),
    "burst-previous": () => (isGrid ? session.moveRow(-1) : session.stepBurst(-1)),
    undo: () => session.undo(),
    grid: () => session.show(isGrid ? "single" : "grid"),
    box: () => session.editBox(),
    consent: () => session.consent("given"),
    refuse: () => session.consent("refused"),
    delete: () => askToDelete(session),
    metadata: () => byId("metadata").toggleAttribute("open"),
    only: () => toggleOnly(session),
    help: () => byId<HTMLDialogElement>("help").showModal(),
  };
  actions[command]();
  return true;
}
