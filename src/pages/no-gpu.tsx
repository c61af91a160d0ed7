/** What a person can do where the browser gives no WebGPU, and what works without it. */
import { Icon } from "./widgets/icons";

export interface GpuAdvice {
  /** The browser that the advice is for. */
  readonly browser: string;
  readonly steps: readonly string[];
}

const LINUX =
  "On Linux, check that a Vulkan driver is installed: vulkaninfo --summary should name your graphics card (packages mesa-vulkan-drivers, or NVIDIA's own driver).";

/** Steps for the browser that calls itself `userAgent`, most likely remedy first. Pure. */
export function gpuAdvice(userAgent: string): GpuAdvice {
  const isLinux = /Linux|X11|CrOS/.test(userAgent) && !/Android/.test(userAgent);
  const isMobile = /Android|iPhone|iPad/.test(userAgent);
  const version = (pattern: RegExp): number => Number(pattern.exec(userAgent)?.[1] ?? Number.NaN);
  if (/Firefox\//.test(userAgent)) {
    const found = version(/Firefox\/(\d+)/);
    return {
      browser: "Firefox",
      steps: [
        ...(found < 141 ? [`This is Firefox ${found}: update it to 141 or later.`] : []),
        "Open about:config and set dom.webgpu.enabled to true, then restart the browser.",
        "Open about:support and look for WebGPU below Graphics: it says why an adapter is blocked.",
        ...(isLinux ? [LINUX] : []),
      ],
    };
  }
  if (/Chrom(e|ium)\/|CriOS/.test(userAgent)) {
    const found = version(/Chrom(?:e|ium)\/(\d+)/);
    const name = /Edg\//.test(userAgent) ? "Edge" : "Chrome";
    return {
      browser: name,
      steps: [
        ...(found < 113 ? [`This is ${name} ${found}: update it to 113 or later.`] : []),
        "Open chrome://settings/system, switch graphics acceleration on, and restart the browser.",
        ...(isLinux
          ? ["Open chrome://flags, enable Unsafe WebGPU Support and Vulkan, and restart the browser.", LINUX]
          : ["Open chrome://flags and enable Unsafe WebGPU Support, which lets blocked graphics cards be used."]),
        "Open chrome://gpu: the line WebGPU says whether it is disabled, and by which entry.",
        ...(isLinux
          ? [
              "Without a graphics card, start it with --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader: slow, but it trains.",
            ]
          : []),
      ],
    };
  }
  if (/Safari\//.test(userAgent)) {
    return {
      browser: "Safari",
      steps: [
        "Safari has WebGPU from version 26 on (macOS 26, iOS 26): update the system.",
        ...(isMobile
          ? ["In an older one: Settings, Apps, Safari, Advanced, Feature Flags, WebGPU."]
          : ["In Safari 18: Develop, Feature Flags, WebGPU (the menu is switched on below Settings, Advanced)."]),
      ],
    };
  }
  return {
    browser: "this browser",
    steps: [
      "Use Chrome or Edge 113, Firefox 141, Safari 26, or later, with a graphics driver that is up to date.",
      ...(isLinux ? [LINUX] : []),
    ],
  };
}

/** The sentence on why there is no WebGPU, what to do in this browser, and the way to what works without it. */
export function NoGpuBanner({ message }: { readonly message: string }) {
  const { browser, steps } = gpuAdvice(navigator.userAgent);
  return (
    <div class="banner no-gpu">
      <Icon name="warn" />
      <div>
        <p>{message}</p>
        <p>
          Training needs WebGPU. Without it, runs and data sets that are stored in this browser can be looked at and
          exported: <a href="#/inspect">Look at a stored run</a>.
        </p>
        <details>
          <summary>What to do in {browser}</summary>
          <ol>
            {steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
        </details>
      </div>
    </div>
  );
}
