/**
 * One writer per run among the tabs of a browser: a Web Lock, which the browser frees when its tab or worker ends, however
 * it ends. Reading needs none, so that a second tab may look at the run.
 */

/** Held until `release`, or until this worker or its tab ends. */
export interface RunLock {
  release(): Promise<void>;
}

const lockName = (run: string): string => `handloom-run:${run}`;

/** Makes this worker the run's only writer. Throws a sentence when another tab or worker writes it. */
export async function lockRun(run: string): Promise<RunLock> {
  const lock = await request(run, { ifAvailable: true });
  if (lock) return lock;
  throw new Error(
    `the run "${run}" is being written by another tab of this browser; stop it there or close that tab, or choose another name; looking at the run goes on to work here`,
  );
}

/** Waits until nobody else writes the run, then is its only writer. Rejects when `signal` is aborted before. */
export async function awaitRun(run: string, signal?: AbortSignal): Promise<RunLock> {
  return (await request(run, { signal }))!;
}

/** Whether somebody writes the run at this moment, this tab included. */
export async function isRunLocked(run: string): Promise<boolean> {
  const { held } = await navigator.locks.query();
  return held?.some(({ name }) => name === lockName(run)) ?? false;
}

function request(run: string, options: LockOptions): Promise<RunLock | undefined> {
  return new Promise((resolve, reject) => {
    const ended = navigator.locks.request(lockName(run), options, (lock) => {
      if (lock === null) return resolve(undefined);
      return new Promise<void>((free) => {
        resolve({
          async release() {
            free();
            await ended;
          },
        });
      });
    });
    ended.catch(reject);
  });
}
