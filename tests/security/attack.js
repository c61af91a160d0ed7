/** Served beside the built app and loaded by its page: tries what a policy must refuse. `attacks` is the list of what got through. */
const tries = {
  eval: () => Reflect.get(globalThis, "eval")("1"),
  Function: () => new Function("return 1")(),
  "timer of text": () => {
    setTimeout("globalThis.timed = 1");
    return new Promise((resolve, reject) => setTimeout(() => (globalThis.timed ? resolve() : reject()), 50));
  },
  innerHTML: () => (document.body.appendChild(document.createElement("p")).innerHTML = "<b>x</b>"),
  "inline script": () => {
    const script = document.createElement("script");
    script.append("globalThis.inlined = 1");
    document.body.append(script);
    if (!globalThis.inlined) throw new Error("not run");
  },
  "inline style": () => {
    const style = document.createElement("style");
    style.append("#attacked { width: 7px }");
    document.head.append(style);
    const box = document.body.appendChild(document.createElement("div"));
    box.id = "attacked";
    if (getComputedStyle(box).width !== "7px") throw new Error("not applied");
  },
  "fetch elsewhere": () => fetch("http://127.0.0.1:9/x", { mode: "no-cors" }),
  "image elsewhere": () =>
    new Promise((resolve, reject) => {
      document.addEventListener(
        "securitypolicyviolation",
        (event) => event.blockedURI.includes(":9/y") && reject(new Error("held back")),
      );
      const image = new Image();
      image.onerror = () => setTimeout(resolve, 100);
      image.src = "http://127.0.0.1:9/y";
    }),
  socket: () =>
    new Promise((resolve, reject) => {
      document.addEventListener(
        "securitypolicyviolation",
        (event) => event.blockedURI.startsWith("ws") && reject(new Error("held back")),
      );
      new WebSocket("ws://127.0.0.1:9/").onerror = () => setTimeout(resolve, 100);
    }),
  "worker of a blob": () => new Worker(URL.createObjectURL(new Blob(["postMessage(1)"]))),
  "worker of data": () => new Worker("data:text/javascript,postMessage(1)"),
  "worker of another origin": () => new Worker("http://127.0.0.1:9/z.js"),
  "eval in a worker": () =>
    new Promise((resolve, reject) => {
      const worker = new Worker("./attack-worker.js");
      worker.onmessage = ({ data }) => (data === "through" ? resolve() : reject(new Error(data)));
      worker.onerror = () => reject(new Error("no worker"));
    }),
  "peer connection": () => new RTCPeerConnection(),
  "a policy of its own": () => trustedTypes.createPolicy("default", { createHTML: (text) => text }),
};

const through = [];
for (const [name, attempt] of Object.entries(tries)) {
  try {
    await attempt();
    through.push(name);
  } catch {
    // Held back.
  }
}
Object.assign(globalThis, { attacks: { tried: Object.keys(tries).length, through } });
