/** The service worker that keeps the page for use without a network, and isolates it where the host's headers do not. */

/** Resolves when it is in charge of this page, or cannot be; reloads the page once where only that isolates it. */
export async function goOffline(): Promise<void> {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  try {
    await serviceWorker.register("offline.js");
    await serviceWorker.ready;
  } catch {
    return;
  }
  if (!serviceWorker.controller) await new Promise((done) => serviceWorker.addEventListener("controllerchange", done, { once: true }));
  if (!globalThis.crossOriginIsolated && !sessionStorage.getItem("isolated")) {
    sessionStorage.setItem("isolated", "tried");
    location.reload();
    await new Promise(() => undefined);
  }
}
