/** The label studio's page: starts, and brings keys, buttons, views and the server together. */
import { listenToControls } from "./controls.js";
import { byId } from "./dom.js";
import { getStudio } from "./server.js";
import { Session } from "./session.js";

async function start(): Promise<void> {
  // The token has become a cookie; it belongs into no history and no screenshot.
  history.replaceState(null, "", "/");
  const info = await getStudio();
  document.title = `${info.project}: label studio`;
  byId("project").textContent = info.pass === 2 ? `${info.project}, second look` : info.project;
  const session = new Session(info);
  listenToControls(session, info);
  await session.start();
}

start().catch((error: Error) => {
  const banner = byId("banner");
  banner.textContent = `The page could not start: ${error.message}.`;
  banner.hidden = false;
});
