/** Isolation of the page where its server sends no headers for it. */

/** Set for the time of a tab once it was reloaded: a host where that does not help must not be reloaded for ever. */
const RELOADED = "handloom-isolation";

/**
 * Where the page is not cross-origin isolated, starts the service worker that sends the headers and loads the page again, once.
 * Resolves true when the page is about to be loaded again. Where that is not possible the page stays as it is: one rank, and
 * the run says why.
 */
export async function isolate(): Promise<boolean> {
  if (globalThis.crossOriginIsolated || !isSecureContext || !("serviceWorker" in navigator)) return false;
  try {
    const url = new URL(`${import.meta.env.BASE_URL}service-worker.js`, location.href);
    const registration = await navigator.serviceWorker.register(url.href);
    if (sessionStorage.getItem(RELOADED) !== null) return false;
    await active(registration);
    sessionStorage.setItem(RELOADED, "1");
    location.reload();
    return true;
  } catch (error) {
    console.warn(`Handloom: no service worker could be started, so that runs have one rank: ${error}`);
    return false;
  }
}

/** Resolves when the registration's worker is at work: the reload finds it then. Rejects when it was given up. */
function active({ installing, waiting, active: ready }: ServiceWorkerRegistration): Promise<void> {
  const worker = installing ?? waiting;
  if (ready !== null || worker === null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      if (worker.state === "redundant") reject(new Error("the browser gave its installation up"));
    });
  });
}
