/** The stations of the tour, in the order in which a person comes to them. */
import type { Page } from "playwright";

/** Who goes: the page, where the app is, and how long the run trains. */
export interface Tourist {
  readonly page: Page;
  readonly url: string;
  readonly steps: number;
}

export interface Station {
  /** Of the pictures: docs/images/tour/NAME-light.jpg. */
  readonly name: string;
  /** Goes there and waits until what is to be seen is there. */
  readonly go: (tourist: Tourist) => Promise<void>;
}

const address = (page: Page, hash: string): Promise<void> =>
  page.evaluate((text) => {
    location.hash = text;
  }, hash);

const panel =
  (name: string) =>
  async ({ page }: Tourist): Promise<void> => {
    await address(page, `#/train?panel=${name}`);
    await page.getByRole("tab", { name: new RegExp(`^${name}`, "i"), selected: true }).waitFor();
  };

/** Nothing is asked of the rank any more, and what it answered is drawn. */
async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(1000);
  await page.getByText("Asking the rank").waitFor({ state: "hidden" });
  await page.waitForTimeout(1500);
}

const stage =
  (name: string, chosen = "split=val") =>
  async ({ page }: Tourist): Promise<void> => {
    await address(page, `#/inspect?${chosen}&index=0&stage=${name}`);
    await settled(page);
  };

export const STATIONS: readonly Station[] = [
  {
    name: "first-visit",
    go: async ({ page, url }) => {
      await page.goto(url);
      await page.getByRole("button", { name: "Start the first run" }).waitFor();
    },
  },
  {
    name: "data",
    go: async ({ page }) => {
      await page.getByRole("button", { name: "Look at them" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("grid").waitFor();
      await page.waitForTimeout(8000);
    },
  },
  {
    name: "training",
    go: async ({ page, steps }) => {
      await address(page, `#/train?demo=1&steps=${steps}`);
      await page.reload();
      await page.getByText("Training", { exact: true }).first().waitFor();
      await page.waitForFunction((least) => Number(document.title.split("/")[0]) >= least, Math.ceil(steps / 2));
    },
  },
  {
    name: "trained",
    go: async (tourist) => {
      await tourist.page.getByText("Finished", { exact: true }).first().waitFor();
      await panel("evaluation")(tourist);
    },
  },
  { name: "runs", go: panel("runs") },
  {
    name: "gallery",
    go: async (tourist) => {
      await panel("gallery")(tourist);
      await settled(tourist.page);
    },
  },
  { name: "doctor", go: panel("doctor") },
  { name: "ranks", go: panel("ranks") },
  {
    name: "samples",
    go: async ({ page }) => {
      await address(page, "#/inspect");
      await page.getByRole("grid").first().waitFor();
      await page.waitForTimeout(1500);
    },
  },
  { name: "augmentation", go: stage("augmentation", "split=train&epoch=0") },
  { name: "attention", go: stage("attention") },
  { name: "sampling", go: stage("sampling") },
  { name: "hand", go: stage("refined") },
  { name: "gradients", go: stage("gradients") },
  {
    name: "profile",
    go: async ({ page }) => {
      await address(page, "#/profile");
      await page.getByRole("button", { name: "Record", exact: true }).first().click();
      await page.getByRole("tab", { name: "Roofline" }).waitFor();
      await page.waitForTimeout(1500);
    },
  },
  {
    name: "roofline",
    go: async ({ page }) => {
      await page.getByRole("tab", { name: "Roofline" }).click();
      const measure = page.getByRole("button", { name: /peaks/i });
      await measure.first().click();
      await page.getByText("Measured:").waitFor();
    },
  },
  {
    name: "memory",
    go: async ({ page }) => {
      await page.getByRole("tab", { name: "Memory" }).click();
      await page.waitForTimeout(1500);
    },
  },
  {
    name: "kept",
    go: async ({ page, url }) => {
      // Another visit: the run is stored and no network is loaded.
      await page.goto(`${url}/#/inspect`);
      await page.reload();
      const grid = page.getByRole("grid").first();
      const run = page.getByRole("button", { name: /step \d+/ });
      // The address may name the run already.
      await grid.or(run).waitFor();
      if (await run.isVisible()) await run.click();
      await grid.waitFor();
      await page.waitForTimeout(1500);
      await grid.focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("Enter");
      await page.getByRole("tab", { name: /Metrics/ }).click();
      await settled(page);
    },
  },
  {
    name: "verify",
    go: async ({ page, url }) => {
      await page.goto(`${url}/verify.html`);
      await page.getByRole("button", { name: "Verify", exact: true }).last().click();
      await page.getByText("Checks are of a tensor").waitFor();
      await page.getByRole("button", { name: "attention.forward" }).first().click();
      await page.waitForTimeout(1000);
    },
  },
];
