/** Entry of the app. */

declare global {
  /** Set by the launcher: what the page tells the terminal. */
  var handloomReport: ((message: object) => unknown) | undefined;
}

const app = document.querySelector("#app");
if (!app) throw new Error('index.html has no element with the id "app"');
app.textContent = "Handloom";

const adapter = await navigator.gpu.requestAdapter();
globalThis.handloomReport?.({
  type: "log",
  line: `isolated: ${crossOriginIsolated}, adapter: ${adapter?.info.vendor}`,
});
globalThis.handloomReport?.({ type: "progress", step: 1, steps: 1 });
globalThis.handloomReport?.({ type: "file", name: "log.txt", base64: btoa("Handloom\n") });
globalThis.handloomReport?.({ type: "done", ok: adapter !== null, message: "nothing to train yet" });

export {};
